//go:build linux

package reliability

import (
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/icomet/icomet/internal/icomettest"
)

const (
	// spinWatch is how long a server without room is watched, and spinMax what it may use meanwhile. The
	// figure that it is held to is 2 %; the clock of the kernel ticks 100 times a second.
	spinWatch = 2 * time.Second
	spinMax   = 80 * time.Millisecond
	// roomLimit is how long a waiting client may wait once there is room.
	roomLimit = time.Second
)

// besieged is a server whose room for connections is used up.
type besieged struct {
	t            *testing.T
	front, admin netip.AddrPort
	pid          int
	inside       []*link // subscribers that are served
	waiting      []*link // clients that the kernel has accepted and the server has not
}

// besiege opens connections one by one until one is not answered, and then some more.
func besiege(t *testing.T, front, admin netip.AddrPort, pid, atMost int) *besieged {
	t.Helper()
	b := &besieged{t: t, front: front, admin: admin, pid: pid}
	t.Cleanup(func() {
		for _, l := range append(b.inside, b.waiting...) {
			l.close()
		}
	})
	for b.waiting == nil {
		if len(b.inside) > atMost {
			t.Fatalf("%d connections were taken, want %d at most", len(b.inside), atMost)
		}
		l := b.knock()
		l.conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
		if _, err := l.readAnswer(); err != nil {
			b.waiting = append(b.waiting, l)
			continue
		}
		b.inside = append(b.inside, l)
	}
	for range 20 {
		b.waiting = append(b.waiting, b.knock())
	}
	return b
}

// knock connects and subscribes.
func (b *besieged) knock() *link {
	b.t.Helper()
	l, err := dial(b.front)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := l.write(transports[3].request("siege", 1, 0)); err != nil {
		b.t.Fatal(err)
	}
	return l
}

// idles fails the test if the server spins.
func (b *besieged) idles() {
	b.t.Helper()
	before := icomettest.ProcessorOf(b.t, b.pid)
	<-time.After(spinWatch)
	used := icomettest.ProcessorOf(b.t, b.pid) - before
	b.t.Logf("%d served, %d waiting: %v of processor time in %v", len(b.inside), len(b.waiting), used, spinWatch)
	if used > spinMax {
		b.t.Errorf("it used %v of processor time in %v", used, spinWatch)
	}
}

// serves fails the test unless those inside get a message that is pushed.
func (b *besieged) serves(publish *publisher, seq int32) {
	b.t.Helper()
	if err := publish.send(get(fmt.Sprintf("/push?cname=siege&content=%d", seq)), 1); err != nil {
		b.t.Fatal(err)
	}
	for _, l := range b.inside {
		b.mustGet(l, seq)
	}
}

func (b *besieged) mustGet(l *link, seq int32) {
	b.t.Helper()
	l.conn.SetReadDeadline(time.Now().Add(ioLimit))
	line, err := l.readLine()
	if err != nil {
		b.t.Fatal(err)
	}
	messages, _, err := parseMessages(nil, line[:len(line)-1])
	if err != nil || messages[0].seq != seq {
		b.t.Fatalf("got %+v, %v, want number %d", messages, err, seq)
	}
}

// recovers lets some of those inside go, and fails the test unless as many that wait are let in.
func (b *besieged) recovers() {
	b.t.Helper()
	const leave = 5
	for _, l := range b.inside[:leave] {
		l.close()
	}
	begun := time.Now()
	var running sync.WaitGroup
	var in atomic.Int32
	for _, l := range b.waiting {
		running.Go(func() {
			l.conn.SetReadDeadline(begun.Add(roomLimit))
			if _, err := l.readAnswer(); err == nil {
				in.Add(1)
			}
		})
	}
	running.Wait()
	b.t.Logf("%d of %d waiting clients were served within %v after %d had left", in.Load(), len(b.waiting), roomLimit, leave)
	if in.Load() < leave {
		b.t.Errorf("%d waiting clients were served, there was room for %d", in.Load(), leave)
	}
}

// newSiegePublisher is connected before the siege.
func newSiegePublisher(t *testing.T, admin netip.AddrPort) *publisher {
	t.Helper()
	p := &publisher{server: admin}
	t.Cleanup(p.close)
	if err := p.send(get("/sign?cname=siege&expires=1000"), 1); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFullServerIdlesServesAndRecovers(t *testing.T) {
	const limit = 100
	for _, c := range []struct {
		name, shell string
		front       []string
		atMost      int
	}{
		{"max_connections", `exec "$@"`, []string{"max_connections: 100"}, limit},
		{"ulimit", `ulimit -n 256 && exec "$@"`, []string{"max_connections: 190"}, 256},
		{"ulimit below max_channels", `ulimit -n 256 && exec "$@"`, []string{"max_channels: 100"}, 256},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newProgram(t, "", c.front...)
			if !p.start(t, c.shell) {
				t.Fatalf("the server has not started: %s", p.output(t))
			}
			publish := newSiegePublisher(t, p.admin)
			b := besiege(t, p.front, p.admin, p.cmd.Process.Pid, c.atMost)
			b.idles()
			b.serves(publish, 1)
			mustGet(t, p.admin, "/info") // over a new connection
			b.recovers()
			if code := p.end(t, syscall.SIGTERM); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

func TestServerWithoutDescriptorsIdlesServesAndRecovers(t *testing.T) {
	s := icomettest.StartProcess(t, "max_connections: 1000")
	pid := s.Cmd.Process.Pid
	publish := newSiegePublisher(t, s.Admin)
	mustGet(t, s.Admin, "/metrics")
	setDescriptorLimit(t, pid, 100) // behind its back: accept now fails with EMFILE
	b := besiege(t, s.Front, s.Admin, pid, 100)
	b.idles()
	b.serves(publish, 1)
	b.recovers()
	setDescriptorLimit(t, pid, 1000)
	if figure(t, s.Admin, `icomet_accept_failed_total{missing="descriptor"}`) == 0 {
		t.Error("no failure for want of a descriptor was counted")
	}
}

// setDescriptorLimit changes the limit of a running process.
func setDescriptorLimit(t *testing.T, pid int, n uint64) {
	t.Helper()
	var now unix.Rlimit
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &now); err != nil {
		t.Skipf("SKIPPED: prlimit: %v", err)
	}
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: n, Max: now.Max}, nil); err != nil {
		t.Skipf("SKIPPED: prlimit: %v", err)
	}
}
