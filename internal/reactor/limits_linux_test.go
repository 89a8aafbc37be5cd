//go:build linux && !portable

package reactor

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestOutOfDescriptors: when accept fails for want of a descriptor the loop does not spin, serves those who
// are connected, and goes on as soon as there is room.
func TestOutOfDescriptors(t *testing.T) {
	c := startChild(t, "starving")
	addr := netip.MustParseAddrPort(c.expect("listen"))
	first := dialAddr(t, addr)
	send(t, first, []byte("a"))
	expectBytes(t, first, []byte("a"))
	c.goOn() // the child takes all descriptors
	c.expect("starving")
	waiting := dialAddr(t, addr)
	send(t, waiting, []byte("b"))
	c.expect("refused")
	send(t, first, []byte("served"))
	expectBytes(t, first, []byte("served"))
	c.goOn() // the child frees one
	c.expect("freed")
	expectBytes(t, waiting, []byte("b"))
	c.goOn()
	c.expect("ok")
}

func starvingChild(p *parent) error {
	g, err := New(Options{Loops: 1, Doors: []Door{echoDoor()}})
	if err != nil {
		return err
	}
	defer g.Stop()
	p.tell("listen", g.Addrs(0)[0])
	if err := p.await(); err != nil {
		return err
	}
	var taken []int
	for {
		fd, err := unix.Dup(0)
		if err != nil {
			break
		}
		taken = append(taken, fd)
	}
	p.tell("starving")
	if err := until(func() bool { return g.Stats().AcceptNoDescriptor > 0 }); err != nil {
		return err
	}
	// The next three tries take their time, and no more than a few turns each.
	before, begin := g.Stats(), time.Now()
	if err := until(func() bool { return g.Stats().AcceptNoDescriptor >= before.AcceptNoDescriptor+3 }); err != nil {
		return err
	}
	if took := time.Since(begin); took < 2*acceptRetry*time.Millisecond {
		return fmt.Errorf("three tries within %v", took)
	}
	if turns := g.Stats().Turns - before.Turns; turns > 30 {
		return fmt.Errorf("%d turns to find out three times that there is no room", turns)
	}
	p.tell("refused")
	if err := p.await(); err != nil {
		return err
	}
	failures := g.Stats().AcceptNoDescriptor
	for _, fd := range taken {
		unix.Close(fd)
	}
	p.tell("freed")
	if err := p.await(); err != nil {
		return err
	}
	if more := g.Stats().AcceptNoDescriptor - failures; more > 1000/acceptRetry {
		return fmt.Errorf("%d more failures after descriptors were free", more)
	}
	return nil
}

// TestFullTable: connections stop where the table is full, with the reserved door still open; whoever
// waits gets in when somebody leaves.
func TestFullTable(t *testing.T) {
	c := startChild(t, "full")
	front := netip.MustParseAddrPort(c.expect("front"))
	admin := netip.MustParseAddrPort(c.expect("admin"))
	conns := make([]*net.TCPConn, childFiles)
	for i := range conns {
		conns[i] = dialAddr(t, front)
	}
	var served int
	fmt.Sscan(c.expect("full"), &served)
	if served < childFiles/2 || served >= childFiles {
		t.Fatalf("%d connections in a table for %d descriptors", served, childFiles)
	}
	for range 10 {
		private := dialAddr(t, admin)
		send(t, private, []byte("ping"))
		expectBytes(t, private, []byte("ping"))
	}
	for _, conn := range conns[:served] {
		conn.Close()
	}
	for _, conn := range conns[served:] {
		send(t, conn, []byte("late"))
		expectBytes(t, conn, []byte("late"))
	}
	c.goOn()
	c.expect("ok")
}

func fullChild(p *parent) error {
	reserved := echoDoor()
	reserved.Reserved = true
	g, err := New(Options{Loops: 2, Doors: []Door{echoDoor(), reserved}})
	if err != nil {
		return err
	}
	defer g.Stop()
	p.tell("front", g.Addrs(0)[0])
	p.tell("admin", g.Addrs(1)[0])
	// One loop at least has met the bound, and what they hold together is what fits.
	if err := until(func() bool { return g.Stats().AcceptPaused > 0 && g.conns.Load() == int64(g.ConnsMax()) }); err != nil {
		return fmt.Errorf("%w: %+v of %d", err, g.Stats(), g.ConnsMax())
	}
	p.tell("full", g.Stats().Conns)
	if err := p.await(); err != nil {
		return err
	}
	if s := g.Stats(); s.AcceptNoDescriptor > 0 {
		return fmt.Errorf("descriptors ran out: %+v", s)
	}
	return nil
}

// TestPrivateTables: eight times as many connections as a table holds, twice, in one process.
func TestPrivateTables(t *testing.T) {
	c := startChild(t, "private")
	t.Log(c.expect("loops"))
	c.expect("ok")
}

func privateChild(p *parent) error {
	const conns = 8 * childFiles
	before, err := descriptorsInUse()
	if err != nil {
		return err
	}
	server, err := New(Options{PrivateTables: true, ConnsMax: conns, Doors: []Door{echoDoor()}})
	if err != nil {
		return err
	}
	defer server.Stop()
	var echoed atomic.Int64
	client, err := New(Options{PrivateTables: true, ConnsMax: conns, Doors: []Door{{
		NewHandler: func(*Loop) Handler { return &caller{echoed: &echoed} },
	}}})
	if err != nil {
		return err
	}
	p.tell("loops", len(server.Loops()), len(client.Loops()))
	loops := client.Loops()
	for i := range conns {
		l := loops[i%len(loops)]
		l.Post(0, 0, func() {
			if _, err := l.Dial(0, netip.Addr{}, server.Addrs(0)[0]); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		})
	}
	all := func() bool { return echoed.Load() == conns && server.Stats().Conns == conns }
	if err := until(all); err != nil {
		return fmt.Errorf("%w: %d echoed, server %+v", err, echoed.Load(), server.Stats())
	}
	if !server.PrivateTables() {
		return errors.New("no private tables")
	}
	client.Stop()
	if err := until(func() bool { return server.Stats().Conns == 0 }); err != nil {
		return err
	}
	server.Stop()
	if after, err := descriptorsInUse(); err != nil || after > before+2 { // the runtime's poller came with the first group
		return fmt.Errorf("%d descriptors were open before, %d are after: %v", before, after, err)
	}
	return nil
}

func descriptorsInUse() (int, error) {
	names, err := os.ReadDir("/proc/self/fd")
	return len(names), err
}

// until waits until is answers true.
func until(is func() bool) error {
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	limit := time.After(patience)
	for !is() {
		select {
		case <-look.C:
		case <-limit:
			return errors.New("waited in vain")
		}
	}
	return nil
}

// plain is a handler that echoes.
type plain struct{}

func echoDoor() Door {
	return Door{
		Listen:     []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")},
		NewHandler: func(*Loop) Handler { return plain{} },
	}
}

func (plain) Open(Conn, netip.AddrPort)    {}
func (plain) Data(c Conn, in []byte) int   { return echo(c, in) }
func (plain) EOF(c Conn)                   { c.Close(ReasonPeerClosed) }
func (plain) Drained(Conn)                 {}
func (plain) Expired(Conn, Class)          {}
func (plain) Closed(c Conn, reason Reason) {}
func (plain) Mail(m Mail)                  { m.Value.(func())() }
func (plain) Turn()                        {}

// caller is a handler that sends one byte and counts its echo.
type caller struct {
	plain
	echoed *atomic.Int64
}

func (h *caller) Open(c Conn, _ netip.AddrPort) { c.Write([]byte("x")) }
func (h *caller) Data(_ Conn, in []byte) int    { h.echoed.Add(1); return len(in) }

// TestResetAfterHalfCloseIsReported: the kernel has no more input to offer then, only the bad news.
func TestResetAfterHalfCloseIsReported(t *testing.T) {
	ended, reasons := make(chan Conn, 1), make(chan Reason, 1)
	a := &actor{
		eof:    func(c Conn) { ended <- c },
		closed: func(_ Conn, r Reason) { reasons <- r },
	}
	g := start(t, a)
	c := dial(t, g)
	c.CloseWrite()
	conn := receive(t, ended, "EOF")
	c.Close()
	conn.Loop().Post(0, 0, func() { conn.Write([]byte("x")) }) // answered by a reset
	if r := receive(t, reasons, "Closed"); r != ReasonPeerReset {
		t.Errorf("reason %v", r)
	}
}

// TestStrangerThatSharesItsPortIsNotJoined: a process that listens with SO_REUSEPORT would get a part of
// our clients.
func TestStrangerThatSharesItsPortIsNotJoined(t *testing.T) {
	stranger, err := bindAddr(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.release()
	fd, err := listenSocket(stranger.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if b, err := bindAddr(stranger.addr); !errors.Is(err, unix.EADDRINUSE) {
		if err == nil {
			b.release()
		}
		t.Errorf("joined: %v", err)
	}
}

// TestLoopThatCannotListenIsReportedAndNothingIsLeft: somebody takes the port between the look at it and the
// start of the loops.
func TestLoopThatCannotListenIsReportedAndNothingIsLeft(t *testing.T) {
	for _, private := range []bool{false, true} {
		before := openFiles()
		first, second := echoDoor(), echoDoor()
		second.Name = "second"
		b, err := bindAddr(second.Listen[0])
		if err != nil {
			t.Fatal(err)
		}
		b.release()
		second.Listen[0] = b.addr
		o := Options{Loops: 3, Doors: []Door{first, second}, PrivateTables: private}
		if private {
			o.ConnsMax = 50_000
		}
		var thief net.Listener
		o.BeforeStart = func(*Group) {
			if thief, err = net.Listen("tcp", b.addr.String()); err != nil {
				t.Fatal(err)
			}
		}
		g, err := New(o)
		thief.Close()
		if g != nil || !errors.Is(err, unix.EADDRINUSE) || !strings.Contains(err.Error(), "second") {
			t.Errorf("private %v: %v", private, err)
		}
		if after := openFiles(); after != before {
			t.Errorf("private %v: %d descriptors were open before, %d are after", private, before, after)
		}
	}
}

// TestLateEventOfEarlierConnectionIsDropped: a descriptor that lives on in another process, forked at a bad
// moment, can still cause events after it has been closed here.
func TestLateEventOfEarlierConnectionIsDropped(t *testing.T) {
	opened := make(chan Conn, 1)
	a := &actor{open: func(c Conn, _ netip.AddrPort) { opened <- c }, data: echo}
	g := start(t, a, oneLoop)
	client := dial(t, g)
	c := receive(t, opened, "Open")
	on(t, c.Loop(), func() {
		id := c.ID()
		c.Loop().ready(event{fd: id.fd, serial: id.serial - 1, eof: true, broken: true})
		c.Loop().ready(event{fd: 1 << 20, serial: 1, readable: true})
	})
	send(t, client, []byte("still here"))
	expectBytes(t, client, []byte("still here"))
}

func TestIPv6AndPeerAddress(t *testing.T) {
	peers := make(chan netip.AddrPort, 1)
	a := &actor{open: func(_ Conn, peer netip.AddrPort) { peers <- peer }}
	for _, host := range []string{"127.0.0.1", "::1", "::"} {
		t.Run(host, func(t *testing.T) {
			addr := netip.AddrPortFrom(netip.MustParseAddr(host), 0)
			if l, err := net.Listen("tcp", addr.String()); err != nil {
				t.Skip(err)
			} else {
				l.Close()
			}
			g := start(t, a, func(o *Options) { o.Doors[0].Listen, o.Doors[0].WantPeer = []netip.AddrPort{addr}, true })
			c := dial(t, g)
			want := netip.MustParseAddrPort(c.LocalAddr().String())
			if got := receive(t, peers, "Open"); got != want {
				t.Errorf("peer %v, want %v", got, want)
			}
		})
	}
}

func TestWishForMoreConnectionsThanFitIsCutDown(t *testing.T) {
	var logged string
	o := Options{PrivateTables: true, ConnsWanted: 100_000, Log: func(text string) { logged = text }}
	g := &Group{options: o.withDefaults()}
	if err := g.plan(childFiles); err != nil {
		t.Fatal(err)
	}
	if n := g.options.ConnsMax; n <= 0 || n >= childFiles || g.private || logged == "" {
		t.Errorf("%d connections, private tables %v, logged %q", n, g.private, logged)
	}
	g = &Group{options: Options{PrivateTables: true, ConnsMax: 100_000}.withDefaults()}
	if err := g.plan(childFiles); err == nil {
		t.Error("a demand that does not fit was accepted")
	}
}
