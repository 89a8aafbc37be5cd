//go:build !linux || portable

package reactor

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// poller stands in for the kernel's where there is no epoll: each connection has a goroutine that
// receives and one that sends, with a bounded buffer each, and the poller gathers what becomes of them
// as events. Descriptors are numbers of its own. It is for development: an idle connection is dear here.
//
// mu guards everything but what is said otherwise, connections and listening sockets included.
type poller struct {
	mu      sync.Mutex
	woken   bool
	queued  []source // with events to report, each once
	conns   map[int32]*stream
	unused  []int32 // numbers below next that no connection has
	next    int32
	sockets map[int32]*socket

	// Not guarded.
	signal  chan struct{} // has an element when there is something to report
	batch   []event       // the loop's: what wait has returned
	streams sync.WaitGroup
	sharers sync.WaitGroup // goroutines that accept, which end when all loops have closed the socket
}

// source is what can have an event to report. take returns it; none may be left after all.
type source interface {
	take() (event, bool)
}

func newPoller() (*poller, error) {
	return &poller{
		conns:   map[int32]*stream{},
		sockets: map[int32]*socket{},
		signal:  make(chan struct{}, 1),
	}, nil
}

func (p *poller) open() error { return nil }

// close waits for what the connections that have been closed still send.
func (p *poller) close() { p.streams.Wait() }

func (p *poller) closeWake() { p.sharers.Wait() }

// wait waits for events at most ms milliseconds, for ever if ms is negative.
func (p *poller) wait(ms int) int {
	if p.gather(); len(p.batch) > 0 || ms == 0 {
		return len(p.batch)
	}
	var timeout <-chan time.Time
	if ms > 0 {
		timer := time.NewTimer(time.Duration(ms) * time.Millisecond)
		defer timer.Stop()
		timeout = timer.C
	}
	select {
	case <-p.signal:
	case <-timeout:
	}
	p.gather()
	return len(p.batch)
}

// gather takes up to eventsPerTurn events.
func (p *poller) gather() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.batch = p.batch[:0]
	if p.woken {
		p.batch = append(p.batch, event{fd: eventWake})
	}
	n := min(len(p.queued), eventsPerTurn-len(p.batch))
	for _, s := range p.queued[:n] {
		if e, ok := s.take(); ok {
			p.batch = append(p.batch, e)
		}
	}
	clear(p.queued[:n])
	p.queued = p.queued[n:]
	if len(p.queued) > 0 {
		p.notify()
	}
}

func (p *poller) event(i int) event { return p.batch[i] }

// notify ends the wait of the loop, or the next one.
func (p *poller) notify() {
	select {
	case p.signal <- struct{}{}:
	default:
	}
}

// wake ends the wait of the loop. Any goroutine may call it.
func (p *poller) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.woken = true
	p.notify()
}

func (p *poller) drainWake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.woken = false
}

// socket is a loop's part of a listening socket. Its goroutine accepts one connection ahead.
type socket struct {
	poller  *poller
	bound   *boundAddr
	index   int32
	taken   *sync.Cond // with poller.mu: waiting is empty again, or closed is set
	waiting net.Conn
	err     error // of accepting, to be reported
	on      bool
	queued  bool
	closed  bool
}

// listen shares the socket of a bound address.
func (p *poller) listen(a *boundAddr, index int32) (int32, error) {
	a.users.Add(1)
	s := &socket{poller: p, bound: a, index: index, on: true}
	s.taken = sync.NewCond(&p.mu)
	p.mu.Lock()
	defer p.mu.Unlock()
	fd := int32(len(p.sockets))
	p.sockets[fd] = s
	p.sharers.Go(s.run)
	return fd, nil
}

// run accepts until the socket is closed by all its users.
func (s *socket) run() {
	for {
		conn, err := s.bound.socket.Accept()
		if errors.Is(err, net.ErrClosed) || !s.offer(conn, err) {
			return
		}
	}
}

// offer reports a connection, or why there is none, and waits until the loop has taken it. It is false
// when the loop takes no more.
func (s *socket) offer(conn net.Conn, err error) bool {
	s.poller.mu.Lock()
	defer s.poller.mu.Unlock()
	s.waiting, s.err = conn, err
	s.announce()
	for (s.waiting != nil || s.err != nil) && !s.closed {
		s.taken.Wait()
	}
	if s.closed && s.waiting != nil {
		s.waiting.Close()
	}
	return !s.closed
}

func (s *socket) announce() {
	if (s.waiting != nil || s.err != nil) && s.on && !s.queued && !s.closed {
		s.queued = true
		s.poller.queued = append(s.poller.queued, s)
		s.poller.notify()
	}
}

func (s *socket) take() (event, bool) {
	s.queued = false
	return event{fd: eventListener(s.index), readable: true}, s.on && !s.closed
}

// listening turns events of a listening socket on and off.
func (p *poller) listening(fd, _ int32, on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.sockets[fd]
	s.on = on
	s.announce()
}

func (p *poller) closeListener(fd int32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.sockets[fd]
	s.closed = true
	s.taken.Broadcast()
	s.bound.release()
}

func (p *poller) accept(fd int32, _ bool) (int32, netip.AddrPort, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.sockets[fd]
	conn, err := s.waiting, s.err
	if conn == nil && err == nil {
		return 0, netip.AddrPort{}, errAgain
	}
	s.waiting, s.err = nil, nil
	s.taken.Broadcast()
	if err != nil {
		return 0, netip.AddrPort{}, err
	}
	number := p.newStream()
	p.conns[number].conn = conn
	return number, addrPortOf(conn.RemoteAddr()), nil
}

func kindOfAcceptError(err error) acceptErrorKind {
	switch {
	case errors.Is(err, syscall.ECONNABORTED):
		return acceptAborted
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return acceptNoDescriptor
	}
	return acceptOther
}

// newStream returns the number of a new connection.
func (p *poller) newStream() int32 {
	number := p.next
	if last := len(p.unused) - 1; last >= 0 {
		number, p.unused = p.unused[last], p.unused[:last]
	} else {
		p.next++
	}
	s := &stream{poller: p, number: number, cancel: func() {}}
	s.changed = sync.NewCond(&p.mu)
	p.conns[number] = s
	return number
}

// addConn starts the work on a connection.
func (p *poller) addConn(fd int32, serial uint32) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.conns[fd]
	s.serial = serial
	if s.conn == nil {
		p.streams.Go(s.connect)
		return nil
	}
	s.start()
	return nil
}

// dial starts to connect, at addConn. Success or failure shows as an event.
func (p *poller) dial(local netip.Addr, remote netip.AddrPort) (int32, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	number := p.newStream()
	s := p.conns[number]
	s.remote = remote
	if local.IsValid() {
		s.dialer.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(local, 0))
	}
	s.dialing, s.cancel = context.WithCancel(context.Background())
	return number, nil
}

func (p *poller) connectError(fd int32) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.conns[fd].failed
}

// peer is the address of the other end.
func (p *poller) peer(fd int32) netip.AddrPort {
	p.mu.Lock()
	defer p.mu.Unlock()
	return addrPortOf(p.conns[fd].conn.RemoteAddr())
}

func (p *poller) read(fd int32, b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.conns[fd].read(b)
}

func (p *poller) write(fd int32, b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.conns[fd].write(b)
}

func (p *poller) writev(fd int32, pieces [][]byte) (total int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range pieces {
		n, err := p.conns[fd].write(b)
		total += n
		if n < len(b) {
			if total > 0 {
				return total, nil
			}
			return 0, err
		}
	}
	return total, nil
}

func (p *poller) shutdown(fd int32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.conns[fd]
	s.finished = true
	s.changed.Broadcast()
}

func (p *poller) closeConn(fd int32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[fd].close()
	delete(p.conns, fd)
	p.unused = append(p.unused, fd)
}
