package reactor

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestReaderThatDoesNotReadIsClosedWhenItsQueueIsFull, and others do not notice.
func TestReaderThatDoesNotReadIsClosedWhenItsQueueIsFull(t *testing.T) {
	const bound = 256 << 10
	opened := make(chan Conn, 1)
	a := &actor{open: func(c Conn, _ netip.AddrPort) { opened <- c }, data: echo}
	g := start(t, a, oneLoop, func(o *Options) { o.Doors[0].OutputBytesMax = bound })
	dial(t, g)
	slow := receive(t, opened, "Open")
	other := dial(t, g)
	receive(t, opened, "Open")
	frame := pattern(10_000)
	for over := false; !over; {
		on(t, slow.Loop(), func() {
			slow.WriteFrame(frame)
			slow.Write(frame[:100])
			over = slow.Dead()
		})
		send(t, other, []byte("ping"))
		expectBytes(t, other, []byte("ping"))
		if n := g.Stats().OutputQueued; n > bound+int64(len(frame)) {
			t.Fatalf("%d bytes wait for a slow reader", n)
		}
	}
	on(t, slow.Loop(), func() {})
	if s := g.Stats(); s.Closed[ReasonOutputFull] != 1 || s.OutputQueued != 0 || s.Conns != 1 {
		t.Errorf("stats: %+v", s)
	}
}

func TestReaderThatDoesNotReadIsClosedAfterSendTimeout(t *testing.T) {
	a := &actor{open: func(c Conn, _ netip.AddrPort) {
		c.Write(make([]byte, 16<<20))
		if c.OutputWaiting() == 0 {
			t.Error("nothing waits")
		}
		c.SetDeadline(FirstClass) // gives way to the deadline for sending
	}}
	g := start(t, a, func(o *Options) {
		o.SendTimeout = 30 * time.Millisecond
		o.Timeouts = []time.Duration{time.Millisecond}
	})
	dial(t, g)
	await(t, "closed for not reading", func() bool { return g.Stats().Closed[ReasonSendTimeout] == 1 })
	if n := g.Stats().OutputQueued; n != 0 {
		await(t, "queue given up", func() bool { return g.Stats().OutputQueued == 0 })
	}
}

// TestWaitingOutputGoesOutInOrder mixes copies and frames, more than one call takes, and Drained comes once.
func TestWaitingOutputGoesOutInOrder(t *testing.T) {
	want := pattern(16 << 20)
	written, drained := make(chan int, 1), make(chan struct{}, 1)
	a := &actor{
		open: func(c Conn, _ netip.AddrPort) {
			rest := bytes.Clone(want)
			for size := 1; len(rest) > 0; size = size*7%9973 + 1 {
				n := min(size, len(rest))
				if c.WriteFrame(rest[:n]); n > 1 {
					rest = rest[n:]
					continue
				}
				c.Write(rest[n:min(len(rest), n+300)])
				rest = rest[min(len(rest), n+300):]
			}
			written <- c.OutputWaiting()
		},
		drained: func(c Conn) {
			if c.record().class != NoDeadline {
				t.Error("the deadline for sending is still set")
			}
			drained <- struct{}{}
		},
	}
	g := start(t, a, func(o *Options) { o.Doors[0].OutputBytesMax = 16 << 20 })
	c := dial(t, g)
	if receive(t, written, "Open") == 0 {
		t.Fatal("nothing waits, so nothing is tested")
	}
	expectBytes(t, c, want)
	receive(t, drained, "Drained")
	if s := g.Stats(); s.OutputQueued != 0 || s.Busy != 0 || s.BytesOut != uint64(len(want)) {
		t.Errorf("stats: %+v", s)
	}
}

// TestQueueHoldsWhatItWasGiven compares the queue of output with one long piece.
func TestQueueHoldsWhatItWasGiven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q busy
		var model []byte
		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				b := pattern(rapid.IntRange(1, 40_000).Draw(t, "size"))
				q.append(b, rapid.Bool().Draw(t, "keep"))
				model = append(model, b...)
			},
			"sent": func(t *rapid.T) {
				n := rapid.IntRange(0, len(model)).Draw(t, "n")
				q.sent(n)
				model = model[n:]
			},
			"": func(t *rapid.T) {
				if got := bytes.Join(q.out, nil); !bytes.Equal(got, model) || q.outBytes != len(model) {
					t.Fatalf("%d bytes wait (counted %d), want %d", len(got), q.outBytes, len(model))
				}
				if q.outBytes == 0 && q.out != nil {
					t.Fatal("an empty queue keeps memory")
				}
			},
		})
	})
}

// TestSmallPiecesShareBuffers: what waits takes little more memory than its bytes.
func TestSmallPiecesShareBuffers(t *testing.T) {
	var q busy
	piece := pattern(40)
	for q.outBytes < 1<<20 {
		q.append(piece, false)
	}
	memory := cap(q.out) * 24
	for _, b := range q.out {
		memory += cap(b)
	}
	if memory > q.outBytes+q.outBytes/4 {
		t.Errorf("%d bytes take %d", q.outBytes, memory)
	}
}
