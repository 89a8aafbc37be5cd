package ws

import (
	"strings"
	"testing"
	"unsafe"
)

const (
	// What a whole message or control frame in costs in allocations, and a frame out where there is room: nothing.
	allocsPerFrameMax = 0
	// What a partial frame costs: the reader's buffer. The Reader itself is its caller's.
	allocsPerPartialMax = 1
	// What a message under way costs besides its bytes.
	readerBytesMax = 128
)

func TestWholeFramesAllocateNothing(t *testing.T) {
	var r Reader
	for name, frame := range map[string][]byte{
		"text":   masked(Fin|OpText, `{"id":4,"cmd":"ping"}`),
		"runes":  masked(Fin|OpText, strings.Repeat("κόσμε", 100)),
		"binary": masked(Fin|OpBinary, "\xff\xfe"),
		"ping":   masked(Fin|OpPing, "ping"),
		"pong":   masked(Fin|OpPong, ""),
	} {
		in := make([]byte, len(frame))
		allocs := testing.AllocsPerRun(100, func() {
			copy(in, frame)
			if used, e, err := r.Next(in, testOptions); used != len(in) || e.Kind == None || err != nil {
				t.Fatal(used, e, err)
			}
		})
		if allocs > allocsPerFrameMax {
			t.Errorf("%s: %v allocations", name, allocs)
		}
	}
}

func TestPartialFramesAllocateOneBuffer(t *testing.T) {
	frame := masked(Fin|OpText, "some command in two pieces")
	allocs := testing.AllocsPerRun(100, func() {
		var r Reader
		r.Next(frame[:20], testOptions)
		r.Reset()
		r.Next(frame[:20], testOptions)
	})
	if allocs > allocsPerPartialMax {
		t.Errorf("%v allocations", allocs)
	}
}

func TestFramesAllocateNothingWhereThereIsRoom(t *testing.T) {
	payload := []byte("payload")
	out := make([]byte, 0, 1024)
	allocs := testing.AllocsPerRun(100, func() {
		out = AppendText(out[:0], payload)
		out = AppendBinary(out, payload)
		out = AppendPing(out, payload)
		out = AppendPong(out, payload)
		out = AppendClose(out, CloseGoingAway, "bye")
		out = AppendMasked(out, Fin|OpText, payload, testMask)
		out = AppendTextDeflated(out, payload)
	})
	if allocs > allocsPerFrameMax {
		t.Errorf("%v allocations", allocs)
	}
}

func TestReaderStaysInItsMemoryBudget(t *testing.T) {
	if n := unsafe.Sizeof(Reader{}); n > readerBytesMax {
		t.Errorf("a Reader has %d bytes", n)
	}
}
