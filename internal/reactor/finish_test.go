package reactor

import (
	"io"
	"net/netip"
	"testing"
	"time"
)

// TestFinishWaitsForPeerThatStillSends: an answer that comes before the end of the request reaches the
// peer, though it reads only when it has sent all.
func TestFinishWaitsForPeerThatStillSends(t *testing.T) {
	answer, rest := pattern(100_000), pattern(lingerBytesMax/2)
	answered := make(chan struct{}, 1)
	a := &actor{data: func(c Conn, in []byte) int {
		c.Write(answer)
		c.Finish(ReasonBadRequest, true)
		c.Write(answer) // must not go out any more
		answered <- struct{}{}
		return 0
	}}
	g := start(t, a, func(o *Options) { o.Doors[0].OutputBytesMax = 1 << 20 })
	c := dial(t, g)
	send(t, c, []byte("question"))
	receive(t, answered, "answer")
	send(t, c, rest)
	expectEnd(t, c, answer)
	c.Close()
	await(t, "closed with the reason of Finish", func() bool { return g.Stats().Closed[ReasonBadRequest] == 1 })
}

func TestFinishGivesUpOnPeerThatStays(t *testing.T) {
	t.Parallel()
	a := &actor{data: func(c Conn, in []byte) int { c.Finish(ReasonBadRequest, true); return len(in) }}
	g := start(t, a)
	c := dial(t, g)
	begin := time.Now()
	send(t, c, []byte("question"))
	expectEnd(t, c, nil)
	await(t, "closed", func() bool { return g.Stats().Closed[ReasonBadRequest] == 1 })
	if took := time.Since(begin); took < lingerTimeout-time.Millisecond {
		t.Errorf("closed after %v", took)
	}
}

func TestFinishThrowsAwayNoMoreThanItsBound(t *testing.T) {
	a := &actor{data: func(c Conn, in []byte) int { c.Finish(ReasonBadRequest, true); return len(in) }}
	g := start(t, a, oneLoop)
	c := dial(t, g)
	for {
		if _, err := c.Write(make([]byte, 32<<10)); err != nil {
			break
		}
	}
	await(t, "closed", func() bool { return g.Stats().Closed[ReasonBadRequest] == 1 })
	if n := g.Stats().BytesIn; n > lingerBytesMax+2*scratchBytes {
		t.Errorf("%d bytes were taken to be thrown away", n)
	}
}

// TestFinishReadsOnAfterFullInput: what was left in the kernel is not announced again, and a peer that reads
// only when it has sent all must be able to send on.
func TestFinishReadsOnAfterFullInput(t *testing.T) {
	const bound = 1000
	opened, full := make(chan Conn, 1), make(chan struct{}, 1)
	a := &actor{
		open: func(c Conn, _ netip.AddrPort) {
			c.loop.scratch = c.loop.scratch[:bound:bound]
			opened <- c
		},
		data: func(Conn, []byte) int { full <- struct{}{}; return 0 },
	}
	g := start(t, a, oneLoop, func(o *Options) { o.Doors[0].InputBytesMax = bound })
	c := dial(t, g)
	conn := receive(t, opened, "Open")
	want := pattern(20 * bound)
	send(t, c, want)
	receive(t, full, "full input")
	for range 3 {
		on(t, conn.Loop(), func() {}) // all that the kernel had to say has been heard
	}
	answer := pattern(16 << 20)
	on(t, conn.Loop(), func() {
		conn.Write(answer)
		conn.Finish(ReasonDone, true)
		if n := conn.InputWaiting(); n != 0 || conn.OutputWaiting() == 0 {
			t.Errorf("%d bytes are kept that nobody will get, %d wait to be sent", n, conn.OutputWaiting())
		}
	})
	await(t, "all read", func() bool { return g.Stats().BytesIn == uint64(len(want)) })
	c.CloseWrite()
	expectEnd(t, c, answer)
	await(t, "closed", func() bool { return g.Stats().Closed[ReasonDone] == 1 })
}

// TestFinishReadsToTheEndOfAPeerThatHasEnded: it is not closed over unread input, which would be a reset.
func TestFinishReadsToTheEndOfAPeerThatHasEnded(t *testing.T) {
	const scratch = 1000
	opened := make(chan Conn, 1)
	a := &actor{
		open: func(c Conn, _ netip.AddrPort) { opened <- c },
		data: func(c Conn, in []byte) int { c.Finish(ReasonDone, true); return len(in) },
	}
	g := start(t, a, oneLoop)
	c := dial(t, g)
	conn := receive(t, opened, "Open")
	sent, held := make(chan struct{}), make(chan struct{})
	conn.Loop().Post(0, 0, func() {
		conn.loop.scratch = conn.loop.scratch[:scratch:scratch]
		close(held)
		<-sent
	})
	receive(t, held, "loop held")
	want := pattern(20 * scratch)
	send(t, c, want)
	c.CloseWrite()
	close(sent)
	expectEnd(t, c, nil)
	await(t, "closed", func() bool { return g.Stats().Closed[ReasonDone] == 1 })
	if n := g.Stats().BytesIn; n != uint64(len(want)) {
		t.Errorf("%d of %d bytes were read", n, len(want))
	}
}

// TestFinishTakesBackResume: the handler gets no Data after it, which the actor checks.
func TestFinishTakesBackResume(t *testing.T) {
	a := &actor{data: func(c Conn, in []byte) int {
		c.Resume()
		if c.State() == 1 {
			c.Finish(ReasonDone, true)
		}
		c.SetState(1)
		return 0
	}}
	g := start(t, a)
	c := dial(t, g)
	send(t, c, []byte("question"))
	expectEnd(t, c, nil)
	c.Close()
	await(t, "closed", func() bool { return g.Stats().Closed[ReasonDone] == 1 })
}

func TestFinishSendsAllOutputFirst(t *testing.T) {
	answer := pattern(5 << 20)
	for _, awaitPeer := range []bool{false, true} {
		a := &actor{open: func(c Conn, _ netip.AddrPort) {
			c.Write(answer)
			c.Finish(ReasonDone, awaitPeer)
			c.Finish(ReasonBadRequest, awaitPeer)
		}}
		g := start(t, a)
		c := dial(t, g)
		expectEnd(t, c, answer)
		c.Close()
		await(t, "closed", func() bool { return g.Stats().Closed[ReasonDone] == 1 })
	}
}

// TestFinishEndsWithThePeer: nobody waits for one that has said goodbye already.
func TestFinishEndsWithThePeer(t *testing.T) {
	a := &actor{eof: func(c Conn) {
		c.Finish(ReasonPeerClosed, true)
		if !c.Dead() {
			t.Error("still waiting for a peer that has ended")
		}
	}}
	g := start(t, a)
	c := dial(t, g)
	c.CloseWrite()
	if _, err := io.ReadAll(c); err != nil {
		t.Error(err)
	}
}
