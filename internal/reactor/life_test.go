package reactor

import (
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestAnyLifeEndsWell lets clients and the handler do random things to connections, in any interleaving
// that the machine comes up with. The actor sees to it that the loop keeps its promises; at the end
// nothing may be left. A failure prints the seeds of what both sides did.
func TestAnyLifeEndsWell(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		seed := rapid.Uint64().Draw(r, "handler")
		clients := rapid.SliceOfN(rapid.SliceOfN(rapid.SampledFrom(clientMoves), 1, 12), 1, 12).Draw(r, "clients")
		t.Run("", func(t *testing.T) { liveOnce(t, seed, clients) })
		if t.Failed() {
			r.Fatal("see above")
		}
	})
}

// clientMove is what a client can do. It may fail at any time, since the server closes when it likes.
type clientMove int

const (
	sendFew clientMove = iota
	sendMuch
	readSome
	endOutput
	resetConn
)

var clientMoves = []clientMove{sendFew, sendFew, sendMuch, readSome, endOutput, resetConn}

func liveOnce(t *testing.T, seed uint64, clients [][]clientMove) {
	a := &actor{eof: func(Conn) {}}
	g := start(t, a, func(o *Options) {
		o.SendTimeout = 5 * time.Millisecond
		o.Timeouts = []time.Duration{time.Millisecond, 3 * time.Millisecond}
		o.Doors[0].InputBytesMax, o.Doors[0].OutputBytesMax = 2000, 100_000
		o.Doors[0].NewHandler = func(l *Loop) Handler { return newWhim(a, l, seed) }
	})
	var all sync.WaitGroup
	for _, moves := range clients {
		c := dial(t, g)
		all.Go(func() { play(c, moves) })
	}
	all.Wait()
}

func play(c *net.TCPConn, moves []clientMove) {
	c.SetDeadline(time.Now().Add(50 * time.Millisecond)) // nobody may answer
	for _, move := range moves {
		switch move {
		case sendFew:
			c.Write(pattern(10))
		case sendMuch:
			c.Write(pattern(100_000))
		case readSome:
			c.Read(make([]byte, 10_000))
		case endOutput:
			c.CloseWrite()
		case resetConn:
			c.SetLinger(0)
		}
	}
	c.Close()
}

// whim is an actor that does as it pleases.
type whim struct {
	Handler
	random *rand.Rand
	loop   *Loop
	conns  []ID
}

func newWhim(a *actor, l *Loop, seed uint64) Handler {
	return &whim{Handler: a.onLoop(l), random: rand.New(rand.NewPCG(seed, uint64(l.number))), loop: l}
}

func (w *whim) Open(c Conn, peer netip.AddrPort) {
	w.Handler.Open(c, peer)
	w.conns = append(w.conns, c.ID())
	w.act(c)
}

func (w *whim) Data(c Conn, in []byte) int {
	w.Handler.Data(c, in)
	w.act(c)
	return w.random.IntN(len(in) + 1)
}

func (w *whim) EOF(c Conn) {
	w.Handler.EOF(c)
	w.act(c)
	if w.random.IntN(3) > 0 {
		c.Finish(ReasonPeerClosed, w.random.IntN(2) == 0)
	}
}

func (w *whim) Drained(c Conn) {
	w.Handler.Drained(c)
	w.act(c)
}

func (w *whim) Expired(c Conn, class Class) {
	w.Handler.Expired(c, class)
	w.act(c)
	if w.random.IntN(2) == 0 {
		c.Close(ReasonIdleTimeout)
	}
}

// act does a few things to c, or to another connection of the loop.
func (w *whim) act(c Conn) {
	for range w.random.IntN(4) {
		w.actOnce(c)
		if other, ok := w.loop.Find(w.conns[w.random.IntN(len(w.conns))]); ok && w.random.IntN(3) == 0 {
			w.actOnce(other)
		}
	}
}

func (w *whim) actOnce(c Conn) {
	switch w.random.IntN(16) {
	case 0, 1, 2:
		c.Write(pattern(w.random.IntN(1000)))
	case 3, 4:
		c.WriteFrame(pattern(w.random.IntN(60_000)))
	case 5:
		c.Write(pattern(3 << 20))
	case 6, 7, 8:
		c.Resume()
	case 9, 10:
		c.SetDeadline(FirstClass + Class(w.random.IntN(2)))
	case 11:
		c.SetValue(w)
	case 12:
		c.SetValue(nil)
	case 13:
		c.Finish(ReasonDone, true)
	case 14:
		c.Finish(ReasonDone, false)
	case 15:
		c.Close(ReasonDone)
	}
}
