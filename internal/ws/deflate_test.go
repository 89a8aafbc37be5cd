package ws

import (
	"bytes"
	"compress/flate"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
)

// inflateFrame takes the compressed frame of a server apart with nothing of this package.
func inflateFrame(t *testing.T, frame []byte) string {
	t.Helper()
	head := 2
	switch frame[1] {
	case 126:
		head = 4
	case 127:
		head = 10
	}
	text, err := io.ReadAll(flate.NewReader(strings.NewReader(string(frame[head:]) + "\x00\x00\xff\xff\x01\x00\x00\xff\xff")))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestLongMessagesAreCompressed(t *testing.T) {
	for _, n := range []int{DeflateBytesMin, 300, 5000, 65536, 1 << 20} {
		text := strings.Repeat(`{"type":"data","cname":"a","seq":1},`, n/36+1)[:n]
		frame := AppendTextDeflated([]byte("ahead"), []byte(text))
		if !bytes.HasPrefix(frame, []byte("ahead")) {
			t.Fatalf("%d bytes: %q", n, frame[:5])
		}
		frame = frame[5:]
		if frame[0] != Fin|Rsv1|OpText || len(frame) >= n {
			t.Fatalf("%d bytes: first byte %#x, %d bytes", n, frame[0], len(frame))
		}
		if got := inflateFrame(t, frame); got != text {
			t.Errorf("%d bytes: got %d others", n, len(got))
		}
		var r Reader
		used, e, err := r.Next(frame, Options{MessageBytesMax: n, Deflate: true, Client: true})
		if err != nil || used != len(frame) || e.Kind != Text || string(e.Payload) != text {
			t.Errorf("%d bytes: used %d of %d, kind %d, %v", n, used, len(frame), e.Kind, err)
		}
	}
}

func TestShortAndIncompressibleMessagesStayAsTheyAre(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	noise := make([]byte, 70_000)
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	for _, payload := range [][]byte{nil, bytes.Repeat([]byte("a"), DeflateBytesMin-1), noise[:300], noise} {
		if got := AppendBinaryDeflated([]byte("ahead"), payload); !bytes.Equal(got, AppendBinary([]byte("ahead"), payload)) {
			t.Errorf("%d bytes became %d", len(payload), len(got))
		}
	}
}

// A frame goes to many connections, so it must not refer to what was compressed before.
func TestCompressedFramesDependOnNothingBefore(t *testing.T) {
	text := []byte(strings.Repeat("the same text ", 50))
	first := AppendTextDeflated(nil, text)
	for range 3 {
		if got := AppendTextDeflated(nil, text); inflateFrame(t, got) != string(text) || len(got) != len(first) {
			t.Errorf("%d bytes, then %d", len(first), len(got))
		}
	}
}

func TestCompressionIsSafeForConcurrentUse(t *testing.T) {
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			text := strings.Repeat(string(rune('a'+i))+"bcdefgh", 500)
			var r Reader
			for range 50 {
				frame := AppendTextDeflated(nil, []byte(text))
				if _, e, err := r.Next(frame, Options{MessageBytesMax: len(text), Deflate: true, Client: true}); err != nil || string(e.Payload) != text {
					t.Errorf("%d: %v", i, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// What swells is stopped at the limit, not behind it.
func TestInflatingTakesNoMoreThanTheLimit(t *testing.T) {
	const limit = 64 << 10
	frame := AppendBinaryDeflated(nil, make([]byte, 8<<20))
	if got, err := appendInflated(nil, frame[4:], limit); err != errTooLarge || cap(got) > 4*limit {
		t.Errorf("%v, room for %d bytes", err, cap(got))
	}
}
