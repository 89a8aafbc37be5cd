package reactor

import (
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// actor is a handler made of functions, each of which may be missing. It also is a referee: it fails the
// test when the loop breaks what Handler promises. One actor serves all loops of a group.
type actor struct {
	t *testing.T

	open    func(c Conn, peer netip.AddrPort)
	data    func(c Conn, in []byte) int
	eof     func(c Conn)
	drained func(c Conn)
	expired func(c Conn, class Class)
	closed  func(c Conn, reason Reason)
	turn    func(l *Loop)

	opened, ended atomic.Int64 // calls of Open, and of Closed for those that were opened
}

// stage is an actor on one loop.
type stage struct {
	*actor
	loop   *Loop
	open   map[ID]bool
	hadEOF map[ID]bool
	mailed bool
}

func (a *actor) onLoop(l *Loop) Handler {
	return &stage{actor: a, loop: l, open: map[ID]bool{}, hadEOF: map[ID]bool{}}
}

// expect checks that the connection is in the middle of its life.
func (s *stage) expect(c Conn, call string) {
	if !s.open[c.ID()] || c.Dead() {
		s.t.Errorf("%s: open %v, dead %v", call, s.open[c.ID()], c.Dead())
	}
	if c.record().flags&flagFinishing != 0 {
		s.t.Errorf("%s after Finish", call)
	}
}

func (s *stage) Open(c Conn, peer netip.AddrPort) {
	if s.open[c.ID()] {
		s.t.Errorf("Open twice")
	}
	s.open[c.ID()] = true
	s.opened.Add(1)
	if s.actor.open != nil {
		s.actor.open(c, peer)
	}
}

func (s *stage) Data(c Conn, in []byte) int {
	s.expect(c, "Data")
	if len(in) == 0 {
		s.t.Errorf("Data without any")
	}
	if s.data == nil {
		return len(in)
	}
	return s.data(c, in)
}

func (s *stage) EOF(c Conn) {
	s.expect(c, "EOF")
	if s.hadEOF[c.ID()] {
		s.t.Errorf("EOF twice")
	}
	s.hadEOF[c.ID()] = true
	if s.eof != nil {
		s.eof(c)
		return
	}
	c.Close(ReasonPeerClosed)
}

func (s *stage) Drained(c Conn) {
	s.expect(c, "Drained")
	if n := c.OutputWaiting(); n != 0 {
		s.t.Errorf("Drained with %d bytes of output", n)
	}
	if s.drained != nil {
		s.drained(c)
	}
}

func (s *stage) Expired(c Conn, class Class) {
	s.expect(c, "Expired")
	if s.expired != nil {
		s.expired(c, class)
	}
}

func (s *stage) Closed(c Conn, reason Reason) {
	if !s.open[c.ID()] && reason != ReasonConnectFailed && reason != ReasonShutdown {
		s.t.Errorf("Closed (%v) without Open", reason)
	}
	if s.open[c.ID()] {
		s.ended.Add(1)
	}
	delete(s.open, c.ID())
	delete(s.hadEOF, c.ID())
	if s.closed != nil {
		s.closed(c, reason)
	}
}

// Mail runs functions on the loop.
func (s *stage) Mail(m Mail) {
	s.mailed = true
	m.Value.(func())()
}

func (s *stage) Turn() {
	if !s.mailed {
		s.t.Errorf("Turn without mail")
	}
	s.mailed = false
	if s.turn != nil {
		s.turn(s.loop)
	}
}

// start starts a group with one door for a, which change may change. It ends with the test, and then must have
// nothing left in its counts.
func start(t *testing.T, a *actor, change ...func(o *Options)) *Group {
	t.Helper()
	a.t = t
	o := Options{Loops: 2, Doors: []Door{doorFor(a)}}
	for _, f := range change {
		f(&o)
	}
	g, err := New(o)
	if err != nil {
		t.Fatalf("start group: %v", err)
	}
	t.Cleanup(func() {
		g.Stop()
		checkEmpty(t, g)
		if a.opened.Load() != a.ended.Load() {
			t.Errorf("%d connections were opened, %d closed", a.opened.Load(), a.ended.Load())
		}
	})
	return g
}

func doorFor(a *actor) Door {
	return Door{Name: "test", Listen: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}, NewHandler: a.onLoop}
}

// oneLoop lets a group have a single loop, so that a test knows which one has its connections.
func oneLoop(o *Options) { o.Loops = 1 }

// checkEmpty checks that a stopped group has left nothing in its counts.
func checkEmpty(t *testing.T, g *Group) {
	t.Helper()
	s := g.Stats()
	if s.Conns != 0 || s.Busy != 0 || s.OutputQueued != 0 || s.Mail != 0 || s.ConnBytes != 0 {
		t.Errorf("left behind: %+v", s)
	}
	if n, m := g.conns.Load(), g.tableConns.Load(); n != 0 || m != 0 {
		t.Errorf("left in the bounds: %d connections, %d in the shared table", n, m)
	}
}

// on runs f on loop l and waits for that. Whatever was closed before has been released then.
func on(t *testing.T, l *Loop, f func()) {
	t.Helper()
	done := make(chan struct{})
	l.Post(0, 0, func() { f(); close(done) })
	receive(t, done, "mail handled")
}

// receive waits for ch.
func receive[T any](t *testing.T, ch <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-ch:
	case <-time.After(patience):
		t.Fatalf("waited in vain: %s", what)
	}
	return v
}

// await waits until is answers true.
func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	limit := time.After(patience)
	for !is() {
		select {
		case <-look.C:
		case <-limit:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// dial connects to the first address of the first door.
func dial(t *testing.T, g *Group) *net.TCPConn {
	t.Helper()
	return dialAddr(t, g.Addrs(0)[0])
}

func dialAddr(t *testing.T, a netip.AddrPort) *net.TCPConn {
	t.Helper()
	c, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(a))
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return c
}

func send(t *testing.T, c io.Writer, b []byte) {
	t.Helper()
	if _, err := c.Write(b); err != nil {
		t.Fatalf("send: %v", err)
	}
}

// expectBytes reads want from c.
func expectBytes(t *testing.T, c io.Reader, want []byte) {
	t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(c, got); err != nil {
		t.Fatalf("received %d of %d bytes: %v", n, len(want), err)
	}
	if string(got) != string(want) {
		t.Fatalf("received other bytes than expected (%d)", len(want))
	}
}

// expectEnd reads to the end of c and expects want.
func expectEnd(t *testing.T, c io.Reader, want []byte) {
	t.Helper()
	got, err := io.ReadAll(c)
	if err != nil || string(got) != string(want) {
		t.Fatalf("received %d bytes, expected %d: %v", len(got), len(want), err)
	}
}

// echo sends back what it gets.
func echo(c Conn, in []byte) int {
	c.Write(in)
	return len(in)
}

// pattern is n bytes of which no two pieces are alike.
func pattern(n int) []byte {
	b := make([]byte, n)
	x := uint32(n)*2654435761 + 1
	for i := range b {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		b[i] = byte(x)
	}
	return b
}
