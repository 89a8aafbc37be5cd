package reactor

import (
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestPortInUseIsReportedAndNothingIsLeft(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	before := openFiles()
	for _, private := range []bool{false, true} {
		a := &actor{t: t}
		free, busy := doorFor(a), doorFor(a)
		busy.Name, busy.Listen = "second", append(free.Listen[:1:1], netip.MustParseAddrPort(taken.Addr().String()))
		o := Options{Loops: 2, Doors: []Door{free, busy}, PrivateTables: private}
		if private {
			o.ConnsMax = 1 << 20
		}
		g, err := New(o)
		if g != nil || err == nil {
			t.Fatalf("started on a port that is taken: %v", err)
		}
		if text := err.Error(); !strings.Contains(text, "second") || !strings.Contains(text, taken.Addr().String()) {
			t.Errorf("the error names neither door nor address: %v", err)
		}
	}
	if after := openFiles(); after != before {
		t.Errorf("%d descriptors were open before, %d are after", before, after)
	}
}

func TestPortOfAnotherGroupIsRefused(t *testing.T) {
	g := start(t, &actor{})
	a := &actor{t: t}
	d := doorFor(a)
	d.Listen = g.Addrs(0)
	if other, err := New(Options{Doors: []Door{d}}); err == nil {
		other.Stop()
		t.Error("two groups share a port")
	}
}

func TestTooManyDoorsOrClassesAreRefused(t *testing.T) {
	for name, o := range map[string]Options{
		"doors":   {Doors: make([]Door, doorsMax+1)},
		"classes": {Timeouts: make([]time.Duration, classesMax)},
		"loops":   {Loops: loopsMax + 1},
	} {
		if g, err := New(o); err == nil {
			g.Stop()
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestStartAndStopLeaveNoDescriptor also checks that posting after the end does no harm.
func TestStartAndStopLeaveNoDescriptor(t *testing.T) {
	before := openFiles()
	for range 10 {
		a := &actor{t: t}
		g, err := New(Options{Loops: 3, Doors: []Door{doorFor(a), {Name: "none", NewHandler: a.onLoop}}})
		if err != nil {
			t.Fatal(err)
		}
		var posters sync.WaitGroup
		stop := make(chan struct{})
		for _, l := range g.Loops() {
			posters.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						l.Post(0, 0, func() {})
					}
				}
			})
		}
		g.Stop()
		g.Stop()
		close(stop)
		posters.Wait()
		checkEmpty(t, g)
	}
	if after := openFiles(); after != before {
		t.Errorf("%d descriptors were open before, %d are after", before, after)
	}
}

// TestConnectionsNeverExceedTheirBound: several loops accept at the same time, and whoever waits outside is
// served when there is room.
func TestConnectionsNeverExceedTheirBound(t *testing.T) {
	const bound, clients = 10, 60
	var now, most atomic.Int64
	a := &actor{
		open: func(c Conn, _ netip.AddrPort) {
			n := now.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			c.Write([]byte("!"))
		},
		closed: func(Conn, Reason) { now.Add(-1) },
	}
	g := start(t, a, func(o *Options) { o.Loops, o.ConnsMax = 4, bound })
	var all sync.WaitGroup
	full := make(chan struct{})
	for range clients {
		c := dial(t, g)
		all.Go(func() {
			<-full
			expectEcho(t, c, []byte("!"))
			c.Close()
		})
	}
	await(t, "full", func() bool { return now.Load() == bound && g.Stats().AcceptPaused > 0 })
	close(full)
	all.Wait()
	if most.Load() > bound {
		t.Errorf("%d connections at a time, the bound is %d", most.Load(), bound)
	}
	if s := g.Stats(); s.Accepted != clients {
		t.Errorf("stats: %+v", s)
	}
}

// TestBoundHoldsForTwoAtATime is the same for what counts them: two come for one place at the same moment.
func TestBoundHoldsForTwoAtATime(t *testing.T) {
	const places = 20_000
	var taken [places]atomic.Int64
	var admitted, arrived atomic.Int64
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			for i := range places {
				for arrived.Add(1); arrived.Load() < 2*int64(i)+2; {
					runtime.Gosched()
				}
				if addBelow(&taken[i], 1) {
					admitted.Add(1)
				}
			}
		})
	}
	both.Wait()
	if admitted.Load() != places {
		t.Errorf("admitted %d to %d places", admitted.Load(), places)
	}
}

func TestReservedDoorStaysOpenWhenTheOthersAreFull(t *testing.T) {
	const bound = 5
	a := &actor{data: echo}
	g := start(t, a, func(o *Options) {
		reserved := doorFor(a)
		reserved.Reserved = true
		o.ConnsMax, o.Doors = bound, append(o.Doors, reserved)
	})
	for range bound + 5 {
		dial(t, g)
	}
	await(t, "full", func() bool { return g.Stats().Conns == bound && g.Stats().AcceptPaused > 0 })
	for range 3 {
		c := dialAddr(t, g.Addrs(1)[0])
		send(t, c, []byte("ping"))
		expectBytes(t, c, []byte("ping"))
	}
	if n := g.Stats().Conns; n != bound+3 {
		t.Errorf("%d connections", n)
	}
}

// TestMailKeepsTheOrderOfEachPoster, and is all handled, however often the loop falls asleep.
func TestMailKeepsTheOrderOfEachPoster(t *testing.T) {
	const posters, pieces = 4, 5 * mailPerTurn
	var turns atomic.Int64
	a := &actor{turn: func(*Loop) { turns.Add(1) }}
	g := start(t, a, oneLoop)
	l := g.Loops()[0]
	var handled [posters]int
	var all sync.WaitGroup
	for p := range posters {
		all.Go(func() {
			for n := range pieces {
				l.Post(0, 0, func() {
					if handled[p] != n {
						t.Errorf("poster %d: piece %d came as number %d", p, n, handled[p])
					}
					handled[p]++
				})
			}
		})
	}
	all.Wait()
	on(t, l, func() {
		if handled != [posters]int{pieces, pieces, pieces, pieces} {
			t.Errorf("handled %v", handled)
		}
	})
	if turns.Load() < posters*pieces/mailPerTurn {
		t.Errorf("all in %d turns", turns.Load())
	}
	await(t, "no mail", func() bool { return l.MailWaiting() == 0 })
}

// TestMailWakesTheLoopEachTime: a lost wake-up leaves one of these waiting.
func TestMailWakesTheLoopEachTime(t *testing.T) {
	g := start(t, &actor{}, oneLoop)
	handled := make(chan struct{})
	for range 5000 {
		g.Loops()[0].Post(0, 0, func() { handled <- struct{}{} })
		receive(t, handled, "mail")
	}
}

func TestDialledConnectionIsLikeAnyOther(t *testing.T) {
	server := start(t, &actor{data: echo})
	target := server.Addrs(0)[0]
	opened, got := make(chan netip.AddrPort, 1), make(chan string, 1)
	a := &actor{
		open: func(c Conn, peer netip.AddrPort) { opened <- peer; c.Write([]byte("hello")) },
		data: func(c Conn, in []byte) int { got <- string(in); c.Close(ReasonDone); return len(in) },
	}
	client := start(t, a, func(o *Options) { o.Doors[0].Listen = nil })
	l := client.Loops()[1]
	on(t, l, func() {
		if _, err := l.Dial(0, netip.MustParseAddr("127.0.0.1"), target); err != nil {
			t.Error(err)
		}
	})
	if peer := receive(t, opened, "Open"); peer != target {
		t.Errorf("peer %v, want %v", peer, target)
	}
	if s := receive(t, got, "Data"); s != "hello" {
		t.Errorf("got %q", s)
	}
	if s := client.Stats(); s.Dialled != 1 || s.Accepted != 0 {
		t.Errorf("stats: %+v", s)
	}
}

func TestDialToNobodyIsReported(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	target := netip.MustParseAddrPort(nobody.Addr().String())
	nobody.Close()
	reasons := make(chan Reason, 1)
	a := &actor{closed: func(_ Conn, r Reason) { reasons <- r }}
	g := start(t, a, oneLoop)
	l := g.Loops()[0]
	on(t, l, func() {
		if _, err := l.Dial(0, netip.Addr{}, target); err != nil {
			reasons <- ReasonConnectFailed // some systems know at once
		}
	})
	if r := receive(t, reasons, "failure"); r != ReasonConnectFailed {
		t.Errorf("reason %v", r)
	}
}

// TestConnectingMayBeGivenUp: by a deadline of the handler's or by the end of the loop.
func TestConnectingMayBeGivenUp(t *testing.T) {
	reasons := make(chan Reason, 1)
	a := &actor{closed: func(_ Conn, r Reason) { reasons <- r }}
	g := start(t, a, oneLoop)
	l := g.Loops()[0]
	on(t, l, func() {
		c, err := l.Dial(0, netip.Addr{}, netip.MustParseAddrPort("127.0.0.1:1"))
		if err != nil {
			reasons <- ReasonShutdown
			return
		}
		c.Close(ReasonShutdown)
	})
	if r := receive(t, reasons, "Closed"); r != ReasonShutdown {
		t.Errorf("reason %v", r)
	}
}

// TestDialIsRefusedAtTheEnd: a handler that opens a new connection for each one that closes does not keep the
// loop, or a descriptor, alive.
func TestDialIsRefusedAtTheEnd(t *testing.T) {
	server := start(t, &actor{})
	var refused atomic.Bool
	a := &actor{}
	a.closed = func(c Conn, _ Reason) {
		if _, err := c.Loop().Dial(0, netip.Addr{}, server.Addrs(0)[0]); err == ErrStopped {
			refused.Store(true)
		}
	}
	opened := make(chan struct{}, 1)
	a.open = func(Conn, netip.AddrPort) { opened <- struct{}{} }
	g := start(t, a)
	dial(t, g)
	receive(t, opened, "Open")
	g.Stop()
	if !refused.Load() {
		t.Error("dialled at the end of the loop")
	}
}

// TestIDNeverNamesALaterConnection: descriptors are used again, IDs are not.
func TestIDNeverNamesALaterConnection(t *testing.T) {
	opened := make(chan ID, 1)
	a := &actor{open: func(c Conn, _ netip.AddrPort) { opened <- c.ID() }}
	g := start(t, a, oneLoop)
	l := g.Loops()[0]
	var ids []ID
	for range 20 {
		c := dial(t, g)
		id := receive(t, opened, "Open")
		on(t, l, func() {
			if conn, ok := l.Find(id); !ok || conn.ID() != id {
				t.Error("not found")
			}
			for _, old := range ids {
				if _, ok := l.Find(old); ok {
					t.Error("an old ID finds a connection")
				}
			}
		})
		ids = append(ids, id)
		c.Close()
		await(t, "closed", func() bool { return g.Stats().Conns == 0 })
	}
	if ids[0].fd != ids[19].fd {
		t.Error("no descriptor was used again, so nothing was tested")
	}
}

// TestStopWhileBusy: clients send and come and go all the time.
func TestStopWhileBusy(t *testing.T) {
	a := &actor{data: func(c Conn, in []byte) int {
		c.Resume()
		c.Write(in)
		return len(in) / 2
	}}
	g := start(t, a, func(o *Options) { o.SendTimeout = time.Millisecond })
	var clients sync.WaitGroup
	for range 20 {
		clients.Go(func() {
			for {
				c, err := net.Dial("tcp", g.Addrs(0)[0].String())
				if err != nil {
					return
				}
				for range 10 {
					c.Write(pattern(50_000))
				}
				c.Close()
			}
		})
	}
	await(t, "work", func() bool { return g.Stats().Accepted > 40 })
	g.Stop()
	clients.Wait()
}

func TestStopAcceptingKeepsConnections(t *testing.T) {
	g := start(t, &actor{data: echo})
	c := dial(t, g)
	send(t, c, []byte("before"))
	expectBytes(t, c, []byte("before"))
	g.StopAccepting()
	g.StopAccepting()
	await(t, "nobody listens", func() bool {
		c, err := net.Dial("tcp", g.Addrs(0)[0].String())
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	send(t, c, []byte("after"))
	expectBytes(t, c, []byte("after"))
}

func TestEveryReasonHasAName(t *testing.T) {
	names := map[string]bool{}
	for r := range Reasons {
		names[r.String()] = true
	}
	if len(names) != int(Reasons) || names[""] {
		t.Errorf("names: %v", names)
	}
}
