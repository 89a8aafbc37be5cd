package ws

import (
	"slices"
	"testing"
	"unsafe"
)

var (
	testMask    = [4]byte{0x37, 0xfa, 0x21, 0x3d}
	testOptions = Options{MessageBytesMax: 64 << 10, Deflate: true}
)

func masked(first byte, payload string) []byte {
	return AppendMasked(nil, first, []byte(payload), testMask)
}

func TestNoReaderIsIdle(t *testing.T) {
	var r *Reader
	if !r.Idle() || !new(Reader).Idle() {
		t.Error("not idle")
	}
}

func TestReaderIsIdleWheneverNothingIsUnderWay(t *testing.T) {
	var r Reader
	for i, step := range []struct {
		in   []byte
		used int
		kind Kind
		idle bool
	}{
		{masked(Fin|OpText, "whole"), 11, Text, true},
		{masked(Fin|OpText, "partial")[:5], 0, None, true}, // the mask is not complete
		{masked(Fin|OpText, "partial")[:6], 6, None, false},
		{masked(Fin|OpText, "partial")[6:], 7, Text, true},
		{masked(OpText, "fragment"), 14, None, false},
		{masked(Fin|OpPing, "ping")[:9], 0, None, false}, // a control frame that is not whole
		{masked(Fin|OpPing, "ping"), 10, Ping, false},
		{masked(Fin|OpContinuation, ""), 6, Text, true},
		{masked(Fin|OpPing, "ping")[:9], 0, None, true},
		{masked(Fin|OpPong, ""), 6, Pong, true},
		{masked(Fin|OpClose, ""), 6, Close, false},
		{masked(Fin|OpText, "behind close"), 18, None, false},
	} {
		used, e, err := r.Next(step.in, testOptions)
		if used != step.used || e.Kind != step.kind || r.Idle() != step.idle || err != nil {
			t.Fatalf("step %d: used %d, kind %d, idle %t, %v", i, used, e.Kind, r.Idle(), err)
		}
	}
}

func TestErrorStays(t *testing.T) {
	var r Reader
	_, _, first := r.Next([]byte("\x81\x01a"), testOptions)
	used, e, again := r.Next(masked(Fin|OpText, "a"), testOptions)
	if first == nil || again != first || e.Kind != None || used != 7 || r.Idle() {
		t.Errorf("%v, then %v, kind %d, used %d, idle %t", first, again, e.Kind, used, r.Idle())
	}
	if text := first.Error(); text != "ws: frames from client to server must be masked (1002: broken frame)" {
		t.Error(text)
	}
}

func TestReaderIsAsNewAfterReset(t *testing.T) {
	for name, in := range map[string][]byte{
		"message under way": masked(OpText, "a\xce"),
		"failed":            []byte("\x81\x01a"),
		"closed":            masked(Fin|OpClose, ""),
	} {
		var r Reader
		r.Next(in, testOptions)
		if r.Idle() {
			t.Errorf("%s: idle before", name)
		}
		r.Reset()
		if _, e, err := r.Next(masked(Fin|OpText, "b"), testOptions); !r.Idle() || err != nil || string(e.Payload) != "b" {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
}

func TestWholeMessageIsUnmaskedWhereItLies(t *testing.T) {
	in := append(masked(Fin|OpText, "here"), masked(Fin|OpPing, "there")...)
	var r Reader
	used, e, _ := r.Next(in, testOptions)
	if unsafe.SliceData(e.Payload) != &in[6] || used != 10 {
		t.Error("the payload was copied")
	}
	if _, e, _ = r.Next(in[used:], testOptions); unsafe.SliceData(e.Payload) != &in[16] || string(e.Payload) != "there" {
		t.Error("the payload of a ping was copied")
	}
}

// What is announced costs nothing; what has come is kept about once.
func TestBuffersGrowWithWhatHasCome(t *testing.T) {
	var r Reader
	frame := masked(Fin|OpBinary, string(make([]byte, 64<<10)))
	r.Next(frame[:20], testOptions)
	if n := cap(r.message); n > 100 {
		t.Errorf("room for %d bytes after 6", n)
	}
	for i := 20; i < len(frame)-1; i++ {
		r.Next(frame[i:i+1], testOptions)
	}
	if n := cap(r.message); n > 2*64<<10 {
		t.Errorf("room for %d bytes at the end", n)
	}
}

func TestClientReadsFramesWithoutMaskOnly(t *testing.T) {
	client := Options{MessageBytesMax: 100, Client: true}
	server := AppendPing(AppendText(nil, []byte("hello")), []byte("x"))
	for whole := range 2 {
		var r Reader
		var got []Kind
		for in := server; len(in) > 0; {
			n := len(in)
			if whole == 0 {
				n = min(n, 3)
			}
			used, e, err := r.Next(in[:n], client)
			if err != nil {
				t.Fatal(err)
			}
			if in = in[used:]; e.Kind == Text && string(e.Payload) != "hello" {
				t.Errorf("%q", e.Payload)
			}
			if e.Kind != None {
				got = append(got, e.Kind)
			}
		}
		if !slices.Equal(got, []Kind{Text, Ping}) {
			t.Errorf("kinds %v", got)
		}
	}
	var r Reader
	if _, _, err := r.Next(masked(Fin|OpText, "a"), client); err == nil || err.Code != CloseProtocol {
		t.Errorf("masked frame: %v", err)
	}
}

func TestZeroOptionsAdmitEmptyMessagesOnly(t *testing.T) {
	var r Reader
	if _, e, err := r.Next(masked(Fin|OpText, ""), Options{}); e.Kind != Text || err != nil {
		t.Errorf("%+v, %v", e, err)
	}
	if _, _, err := r.Next(masked(Fin|OpText, "a"), Options{}); err != errTooLarge {
		t.Errorf("%v", err)
	}
}
