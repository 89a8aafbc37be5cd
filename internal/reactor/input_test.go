package reactor

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"
)

func TestManyConnectionsGetTheirOwnBytesBack(t *testing.T) {
	const conns = 200
	a := &actor{data: echo}
	g := start(t, a, func(o *Options) { o.Doors[0].OutputBytesMax = 1 << 20 })
	var all sync.WaitGroup
	for i := range conns {
		c := dial(t, g)
		all.Go(func() {
			for n := range 3 {
				b := pattern(1 + i*i*(n+1))
				var sent sync.WaitGroup
				sent.Go(func() { c.Write(b) })
				expectEcho(t, c, b)
				sent.Wait()
			}
		})
	}
	all.Wait()
	s := g.Stats()
	if s.Accepted != conns || s.Conns != conns || s.BytesIn != s.BytesOut {
		t.Errorf("stats: %+v", s)
	}
}

// expectEcho is expectBytes for goroutines that are not the test's.
func expectEcho(t *testing.T, c net.Conn, want []byte) {
	got := make([]byte, 0, len(want))
	buffer := make([]byte, 32<<10)
	for len(got) < len(want) {
		n, err := c.Read(buffer)
		if got = append(got, buffer[:n]...); err != nil {
			t.Errorf("echo ended at %d of %d bytes: %v", len(got), len(want), err)
			return
		}
	}
	if !bytes.Equal(got, want) {
		t.Errorf("echo of %d bytes differs", len(want))
	}
}

func TestLeftoverIsOfferedAgainWithMoreBehindIt(t *testing.T) {
	offered := make(chan string)
	a := &actor{data: func(c Conn, in []byte) int {
		offered <- string(in)
		return bytes.LastIndexByte(in, '\n') + 1
	}}
	g := start(t, a)
	c := dial(t, g)
	for _, step := range []struct{ send, offered string }{
		{"a", "a"}, {"b", "ab"}, {"c\nd", "abc\nd"}, {"e", "de"}, {"\n", "de\n"}, {"f\n", "f\n"},
	} {
		send(t, c, []byte(step.send))
		if got := receive(t, offered, "Data"); got != step.offered {
			t.Errorf("after %q: offered %q, want %q", step.send, got, step.offered)
		}
	}
}

func TestResumeOffersLeftoverUntilItIsUsed(t *testing.T) {
	var all []byte
	done := make(chan struct{})
	want := pattern(40_000)
	a := &actor{data: func(c Conn, in []byte) int {
		used := min(len(in), 97)
		all = append(all, in[:used]...)
		c.Resume()
		if len(all) == len(want) {
			close(done)
		}
		return used
	}}
	g := start(t, a, oneLoop, func(o *Options) { o.Doors[0].InputBytesMax = 1000 })
	send(t, dial(t, g), want)
	receive(t, done, "all input")
	on(t, g.Loops()[0], func() {
		if !bytes.Equal(all, want) {
			t.Error("pieces were lost, doubled or mixed up")
		}
	})
	if busy := g.Stats().Busy; busy != 0 {
		t.Errorf("%d connections are busy with nothing", busy)
	}
}

// TestInputStopsAtItsBound: a handler that uses nothing makes the peer wait; then it gets all, and the end
// behind it.
func TestInputStopsAtItsBound(t *testing.T) {
	const bound = 16 << 10
	want := pattern(8 << 20)
	full, ended := make(chan Conn, 1), make(chan struct{})
	var got []byte
	blocked := true
	a := &actor{
		data: func(c Conn, in []byte) int {
			if !blocked {
				got = append(got, in...)
				return len(in)
			}
			if len(in) >= bound {
				full <- c
			}
			return 0
		},
		eof: func(c Conn) { close(ended); c.Close(ReasonPeerClosed) },
	}
	g := start(t, a, oneLoop, func(o *Options) { o.Doors[0].InputBytesMax = bound })
	client := dial(t, g)
	var sender sync.WaitGroup
	defer sender.Wait()
	sender.Go(func() { client.Write(want); client.CloseWrite() })
	c := receive(t, full, "full input")
	on(t, c.Loop(), func() {
		if n := c.InputWaiting(); n > bound+scratchBytes {
			t.Errorf("%d bytes wait, the bound is %d", n, bound+scratchBytes)
		}
		blocked = false
		c.Resume()
	})
	receive(t, ended, "EOF")
	on(t, c.Loop(), func() {
		if !bytes.Equal(got, want) {
			t.Errorf("got %d bytes of %d, or others", len(got), len(want))
		}
	})
}

// TestEndOfInputComesAfterAllOfIt: input and its end are there before the loop looks, and take one or more turns.
func TestEndOfInputComesAfterAllOfIt(t *testing.T) {
	const scratch = 1 << 10
	for _, size := range []int{0, 1, scratch - 1, scratch, readsPerTurn * scratch, readsPerTurn*scratch + 1, 40 * scratch} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			opened, ended := make(chan Conn, 1), make(chan []byte, 1)
			var got []byte
			a := &actor{
				open: func(c Conn, _ netip.AddrPort) { opened <- c },
				data: func(c Conn, in []byte) int { got = append(got, in...); return len(in) },
				eof:  func(c Conn) { ended <- got; c.Close(ReasonPeerClosed) },
			}
			g := start(t, a, oneLoop)
			client := dial(t, g)
			c := receive(t, opened, "Open")
			sent, held := make(chan struct{}), make(chan struct{})
			c.Loop().Post(0, 0, func() {
				c.Loop().scratch = c.Loop().scratch[:scratch:scratch]
				close(held)
				<-sent
			})
			receive(t, held, "loop held")
			want := pattern(size)
			send(t, client, want)
			client.CloseWrite()
			close(sent)
			if got := receive(t, ended, "EOF"); !bytes.Equal(got, want) {
				t.Errorf("EOF after %d of %d bytes", len(got), len(want))
			}
		})
	}
}

func TestHalfClosedPeerStillGetsItsAnswer(t *testing.T) {
	answer := pattern(3 << 20)
	a := &actor{eof: func(c Conn) {
		if !c.EOF() {
			t.Error("Conn.EOF is false within EOF")
		}
		c.Write(answer)
		c.Finish(ReasonDone, true)
	}}
	g := start(t, a, func(o *Options) { o.Doors[0].OutputBytesMax = 1 })
	c := dial(t, g)
	send(t, c, []byte("question"))
	c.CloseWrite()
	expectEnd(t, c, answer)
	await(t, "connection counted as done", func() bool { return g.Stats().Closed[ReasonDone] == 1 })
}

func TestResetIsReported(t *testing.T) {
	reasons := make(chan Reason, 1)
	a := &actor{data: echo, closed: func(_ Conn, r Reason) { reasons <- r }}
	g := start(t, a)
	c := dial(t, g)
	send(t, c, []byte("x"))
	expectBytes(t, c, []byte("x"))
	c.SetLinger(0)
	c.Close()
	if r := receive(t, reasons, "Closed"); r != ReasonPeerReset {
		t.Errorf("reason %v", r)
	}
}

// TestBusyPeerDoesNotStarveOthers: a handler that resumes for ever leaves the loop to others too.
func TestBusyPeerDoesNotStarveOthers(t *testing.T) {
	var busy Conn
	a := &actor{data: func(c Conn, in []byte) int {
		if busy == (Conn{}) {
			busy = c
		}
		if c == busy {
			c.Resume()
			return 0
		}
		return echo(c, in)
	}}
	g := start(t, a, oneLoop)
	send(t, dial(t, g), []byte("never used"))
	await(t, "busy peer", func() bool { return g.Stats().Busy == 1 })
	c := dial(t, g)
	for range 100 {
		send(t, c, []byte("ping"))
		expectBytes(t, c, []byte("ping"))
	}
}

func TestNothingIsHandledAfterCloseInTheSameTurn(t *testing.T) {
	a := &actor{
		data: func(c Conn, in []byte) int {
			c.Resume()
			c.Write(in)
			c.SetValue("kept")
			c.Close(ReasonDone)
			c.Close(ReasonDone)
			c.Write(in)
			c.Finish(ReasonDone, true)
			c.SetDeadline(FirstClass)
			return 0
		},
	}
	g := start(t, a)
	for range 50 {
		c := dial(t, g)
		send(t, c, []byte("x"))
		expectBytes(t, c, []byte("x"))
	}
	await(t, "all closed", func() bool { s := g.Stats(); return s.Closed[ReasonDone] == 50 && s.Conns == 0 })
}

// TestEndOfInputComesAfterInputThatWasAskedFor: also when the end is found in the turn in which the handler asks.
func TestEndOfInputComesAfterInputThatWasAskedFor(t *testing.T) {
	held, ended := make(chan Conn, 1), make(chan string, 1)
	var got []byte
	a := &actor{
		data: func(c Conn, in []byte) int {
			if len(got) == 0 && c.State() == 0 {
				held <- c
				return 0
			}
			got = append(got, in[0])
			if len(in) > 1 {
				c.Resume()
			}
			return 1
		},
		eof: func(c Conn) { ended <- string(got); c.Close(ReasonPeerClosed) },
	}
	g := start(t, a, oneLoop)
	client := dial(t, g)
	send(t, client, []byte("abcdef"))
	c := receive(t, held, "Data")
	on(t, c.Loop(), func() {
		c.SetState(1)
		c.Resume()
		c.sawEOF(c.record())
		client.CloseWrite()
	})
	if got := receive(t, ended, "EOF"); got != "abcdef" {
		t.Errorf("EOF after %q", got)
	}
}
