package ws

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gobwas/ws"
)

// Frames of a server byte by byte, RFC 6455 5.7.
func TestFramesAreWrittenAsTheExamplesSay(t *testing.T) {
	long := bytes.Repeat([]byte("a"), 256)
	larger := bytes.Repeat([]byte("a"), 65536)
	for _, c := range []struct {
		name       string
		got        []byte
		head, tail string
	}{
		{"text", AppendText(nil, []byte("Hello")), "\x81\x05", "Hello"},
		{"empty text", AppendText(nil, nil), "\x81\x00", ""},
		{"text of 125 bytes", AppendText(nil, long[:125]), "\x81\x7d", string(long[:125])},
		{"text of 126 bytes", AppendText(nil, long[:126]), "\x81\x7e\x00\x7e", string(long[:126])},
		{"binary of 256 bytes", AppendBinary(nil, long), "\x82\x7e\x01\x00", string(long)},
		{"binary of 65535 bytes", AppendBinary(nil, larger[1:]), "\x82\x7e\xff\xff", string(larger[1:])},
		{"binary of 64 KB", AppendBinary(nil, larger), "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", string(larger)},
		{"ping", AppendPing(nil, []byte("Hello")), "\x89\x05", "Hello"},
		{"pong", AppendPong(nil, []byte("Hello")), "\x8a\x05", "Hello"},
		{"close", AppendClose(nil, 1000, "bye"), "\x88\x05\x03\xe8", "bye"},
		{"close without code", AppendClose(nil, CloseNone, ""), "\x88\x00", ""},
		{"masked text", AppendMasked(nil, Fin|OpText, []byte("Hello"), [4]byte{0x37, 0xfa, 0x21, 0x3d}), "\x81\x85\x37\xfa\x21\x3d", "\x7f\x9f\x4d\x51\x58"},
	} {
		if string(c.got) != c.head+c.tail {
			t.Errorf("%s: %q...", c.name, c.got[:min(len(c.got), 20)])
		}
	}
}

func TestFramesAreAppended(t *testing.T) {
	b := []byte("ahead")
	b = AppendText(b, []byte("a"))
	b = AppendMasked(b, Fin|OpPing, []byte("b"), [4]byte{})
	b = AppendTextDeflated(b, []byte("c"))
	b = AppendClose(b, CloseNone, "")
	if string(b) != "ahead\x81\x01a\x89\x81\x00\x00\x00\x00b\x81\x01c\x88\x00" {
		t.Errorf("%q", b)
	}
}

func TestMaskedPayloadIsNotChanged(t *testing.T) {
	payload := []byte(strings.Repeat("payload", 20))
	AppendMasked(nil, Fin|OpText, payload, [4]byte{1, 2, 3, 4})
	if string(payload) != strings.Repeat("payload", 20) {
		t.Errorf("%q", payload)
	}
}

// Every header is understood as the library does, which writes the shortest form.
func TestHeadersAreThoseOfTheLibrary(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 127, 65535, 65536, 1 << 20} {
		for _, first := range []byte{Fin | OpText, OpBinary, OpContinuation, Fin | Rsv1 | OpText} {
			h := ws.Header{Fin: first&Fin != 0, Rsv: first >> 4 & 7, OpCode: ws.OpCode(first & 0xf), Length: int64(n)}
			var want bytes.Buffer
			if err := ws.WriteHeader(&want, h); err != nil {
				t.Fatal(err)
			}
			if got := appendHeader(nil, first, n); !bytes.Equal(got, want.Bytes()) || len(got) != ws.HeaderSize(h) {
				t.Errorf("%+v: %x, want %x", h, got, want.Bytes())
			}
		}
	}
}
