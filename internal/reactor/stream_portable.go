//go:build !linux || portable

package reactor

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

// streamBufferMax bounds what a stream holds in each direction: it stands for the kernel's buffers.
const streamBufferMax = 64 << 10

// streamCloseTimeout bounds how long a closed connection goes on sending what it had accepted.
const streamCloseTimeout = time.Second

// errReset is what reading and writing return after the connection has failed.
var errReset = errors.New("reactor: connection failed")

// stream is a connection of the portable poller. Everything is guarded by poller.mu; changed is told of
// what its goroutines wait for.
type stream struct {
	poller  *poller
	number  int32
	serial  uint32
	changed *sync.Cond

	// Of a dialled connection, set before its goroutine starts.
	dialer  net.Dialer
	remote  netip.AddrPort
	dialing context.Context
	cancel  context.CancelFunc

	conn       net.Conn // nil while connecting
	in, out    []byte
	eof        bool  // nothing comes behind in
	failed     error // the connection is broken
	starved    bool  // a write did not fit: room is worth an event
	finished   bool  // nothing is written behind out
	halfClosed bool  // and the peer has been told
	closed     bool

	pending event // to be reported
	queued  bool
}

// report adds e to what the loop is told of the stream.
func (s *stream) report(e event) {
	if s.closed {
		return
	}
	s.pending.readable = s.pending.readable || e.readable
	s.pending.writable = s.pending.writable || e.writable
	s.pending.eof = s.pending.eof || e.eof
	s.pending.broken = s.pending.broken || e.broken
	if !s.queued {
		s.queued = true
		s.poller.queued = append(s.poller.queued, s)
	}
	s.poller.notify()
}

func (s *stream) take() (event, bool) {
	e := s.pending
	e.fd, e.serial = s.number, s.serial
	s.pending, s.queued = event{}, false
	return e, !s.closed
}

// connect is the goroutine of a connection that is dialled.
func (s *stream) connect() {
	conn, err := s.dialer.DialContext(s.dialing, "tcp", s.remote.String())
	s.poller.mu.Lock()
	defer s.poller.mu.Unlock()
	switch {
	case err != nil:
		s.failed = err
		s.report(event{broken: true})
	case s.closed:
		conn.Close()
	default:
		s.conn = conn
		s.start()
		s.report(event{writable: true})
	}
}

// start starts both goroutines of a connection that stands.
func (s *stream) start() {
	s.poller.streams.Go(s.receive)
	s.poller.streams.Go(s.send)
}

// receive is the goroutine that fills in.
func (s *stream) receive() {
	buffer := make([]byte, streamBufferMax)
	for {
		room := s.awaitRoom()
		if room == 0 {
			return
		}
		n, err := s.conn.Read(buffer[:room])
		if !s.received(buffer[:n], err) {
			return
		}
	}
}

// awaitRoom waits until more may be received and returns how much; 0 when the connection is closed.
func (s *stream) awaitRoom() int {
	s.poller.mu.Lock()
	defer s.poller.mu.Unlock()
	for len(s.in) >= streamBufferMax && !s.closed {
		s.changed.Wait()
	}
	if s.closed {
		return 0
	}
	return streamBufferMax - len(s.in)
}

func (s *stream) received(b []byte, err error) (more bool) {
	s.poller.mu.Lock()
	defer s.poller.mu.Unlock()
	s.in = append(s.in, b...)
	switch {
	case err == nil:
		s.report(event{readable: true})
		return true
	case err == io.EOF:
		s.eof = true
		s.report(event{readable: true, eof: true})
	default:
		s.fail(err)
	}
	return false
}

func (s *stream) fail(err error) {
	if s.failed == nil {
		s.failed = err
		s.changed.Broadcast()
		s.report(event{readable: true, writable: true, broken: true})
	}
}

func (s *stream) read(b []byte) (int, error) {
	if len(s.in) == 0 {
		switch {
		case s.eof:
			return 0, nil
		case s.failed != nil:
			return 0, errReset
		}
		return 0, errAgain
	}
	n := copy(b, s.in)
	if s.in = s.in[n:]; len(s.in) == 0 {
		s.in = nil
	}
	s.changed.Broadcast()
	return n, nil
}

// write accepts what there is room for.
func (s *stream) write(b []byte) (int, error) {
	if s.failed != nil {
		return 0, errReset
	}
	n := min(len(b), streamBufferMax-len(s.out))
	s.starved = n < len(b)
	if n == 0 {
		return 0, errAgain
	}
	s.out = append(s.out, b[:n]...)
	s.changed.Broadcast()
	return n, nil
}

// send is the goroutine that empties out. It is the one that closes the connection in the end.
func (s *stream) send() {
	for {
		b, more := s.awaitOutput()
		switch {
		case len(b) > 0:
			_, err := s.conn.Write(b)
			s.sent(len(b), err)
		case more:
			if half, ok := s.conn.(interface{ CloseWrite() error }); ok {
				half.CloseWrite()
			}
		default:
			s.conn.Close()
			return
		}
	}
}

// awaitOutput waits until there is something to do: output to be sent, the end of it to be told if
// there is none and more is true, or else the connection to be closed.
func (s *stream) awaitOutput() (b []byte, more bool) {
	s.poller.mu.Lock()
	defer s.poller.mu.Unlock()
	for {
		switch {
		case len(s.out) > 0:
			return s.out, true
		case s.closed:
			return nil, false
		case s.finished && !s.halfClosed:
			s.halfClosed = true
			return nil, true
		}
		s.changed.Wait()
	}
}

// sent takes n bytes off out, or all if they could not be sent.
func (s *stream) sent(n int, err error) {
	s.poller.mu.Lock()
	defer s.poller.mu.Unlock()
	if err != nil {
		s.out = nil
		s.fail(err)
		return
	}
	if s.out = s.out[n:]; len(s.out) == 0 {
		s.out = nil
	}
	if s.starved {
		s.starved = false
		s.report(event{writable: true})
	}
}

// close lets what has been accepted go out, for a bounded time, as a kernel would.
func (s *stream) close() {
	s.closed = true
	s.cancel()
	if s.conn != nil {
		s.conn.SetWriteDeadline(time.Now().Add(streamCloseTimeout))
	}
	s.changed.Broadcast()
}
