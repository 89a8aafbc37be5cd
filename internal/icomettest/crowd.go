package icomettest

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/icomet/icomet/internal/reactor"
)

// Crowd is a great number of connections to one server that each send one request and then read whatever
// comes. They run on loops with descriptor tables of their own, so that no limit of the process stands
// in the way, and cost little more than the kernel's part.
//
// Its methods are safe for concurrent use.
type Crowd struct {
	Answered atomic.Int64 // connections that have got the head of an answer
	Closed   atomic.Int64 // connections that the server or the network has closed
	Bytes    atomic.Int64 // received

	group   *reactor.Group
	target  netip.AddrPort
	request func(n int) []byte
	opened  int
}

// connsPerSource is how many connections share a local address. The more do, the longer the kernel looks
// for a free port at each connect.
const connsPerSource = 4000

// crowdSpare is added to the size of a crowd, so that several of them in one process get tables of their own
// before they fill the process's.
const crowdSpare = 20_000

// dialsPerMail bounds the dials that one piece of mail asks a loop for.
const dialsPerMail = 64

// dial is mail that opens the connections numbered from first on.
type dial struct{ first, count int }

// leave is mail that closes the connections whose number is not a multiple of keepOneIn.
type leave struct{ keepOneIn int }

// NewCrowd returns a crowd of at most size connections to target. request makes what connection n sends.
func NewCrowd(target netip.AddrPort, size int, request func(n int) []byte) (*Crowd, error) {
	c := &Crowd{target: target, request: request}
	group, err := reactor.New(reactor.Options{
		PrivateTables: true,
		ConnsMax:      size + crowdSpare,
		Doors: []reactor.Door{{
			Name:           "crowd",
			NewHandler:     func(l *reactor.Loop) reactor.Handler { return &member{crowd: c, loop: l} },
			InputBytesMax:  1 << 20,
			OutputBytesMax: 1 << 20,
		}},
	})
	c.group = group
	return c, err
}

// Open opens n more connections and waits until all of them have got the head of their answer.
func (c *Crowd) Open(ctx context.Context, n int) error {
	want := c.Answered.Load() + int64(n)
	loops := c.group.Loops()
	for i := 0; i < n; i += dialsPerMail {
		count := min(dialsPerMail, n-i)
		l := loops[i/dialsPerMail%len(loops)]
		l.Post(0, 0, dial{c.opened, count})
		c.opened += count
		// No more at a time than what a listening socket's queue takes.
		if err := c.await(ctx, func() bool { return c.Answered.Load()+4096 > want-int64(n)+int64(i+count) }); err != nil {
			return err
		}
	}
	return c.await(ctx, func() bool { return c.Answered.Load() >= want })
}

// Leave closes all connections whose number is not a multiple of keepOneIn; 0 keeps none. It does not wait.
func (c *Crowd) Leave(keepOneIn int) {
	for _, l := range c.group.Loops() {
		l.Post(0, 0, leave{keepOneIn})
	}
}

// Size is the number of open connections.
func (c *Crowd) Size() int { return int(c.group.Stats().Conns) }

// Stop closes all connections.
func (c *Crowd) Stop() { c.group.Stop() }

// await waits until done, with short pauses.
func (c *Crowd) await(ctx context.Context, done func() bool) error {
	pause := time.NewTicker(2 * time.Millisecond)
	defer pause.Stop()
	for !done() {
		if n := c.Closed.Load(); n > 0 {
			return fmt.Errorf("%d of %d connections were closed", n, c.opened)
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			return fmt.Errorf("%w: %d of %d connections are answered", ctx.Err(), c.Answered.Load(), c.opened)
		}
	}
	return nil
}

// member is the crowd's handler on one loop. What a connection has to keep, its number, is in its record.
type member struct {
	crowd *Crowd
	loop  *reactor.Loop
	conns []int32 // by descriptor: number of the connection + 1
}

const answered uint8 = 1

func (m *member) Open(c reactor.Conn, _ netip.AddrPort) { c.Write(m.crowd.request(int(c.User()))) }

func (m *member) Data(c reactor.Conn, in []byte) int {
	m.crowd.Bytes.Add(int64(len(in)))
	if c.State() != answered && bytes.Contains(in, []byte("\r\n\r\n")) {
		c.SetState(answered)
		m.crowd.Answered.Add(1)
	}
	return len(in)
}

func (m *member) EOF(c reactor.Conn)                  { c.Close(reactor.ReasonPeerClosed) }
func (m *member) Drained(reactor.Conn)                {}
func (m *member) Expired(reactor.Conn, reactor.Class) {}
func (m *member) Turn()                               {}
func (m *member) Closed(c reactor.Conn, r reactor.Reason) {
	m.conns[c.Fd()] = 0
	if r != reactor.ReasonDone && r != reactor.ReasonShutdown {
		m.crowd.Closed.Add(1)
	}
}

func (m *member) Mail(mail reactor.Mail) {
	switch v := mail.Value.(type) {
	case dial:
		for n := v.first; n < v.first+v.count; n++ {
			m.dial(n)
		}
	case leave:
		for fd, number := range m.conns {
			if number != 0 && (v.keepOneIn == 0 || int(number-1)%v.keepOneIn != 0) {
				m.loop.Conn(int32(fd)).Close(reactor.ReasonDone)
			}
		}
	}
}

func (m *member) dial(n int) {
	source := netip.AddrFrom4([4]byte{127, 1, byte(n / connsPerSource / 200), byte(n/connsPerSource%200 + 1)})
	c, err := m.loop.Dial(0, source, m.crowd.target)
	if err != nil {
		m.crowd.Closed.Add(1)
		return
	}
	c.SetUser(uint32(n))
	for int(c.Fd()) >= len(m.conns) {
		m.conns = append(m.conns, 0)
	}
	m.conns[c.Fd()] = int32(n) + 1
}
