package reliability

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

// subscriber is a client that comes back again and again, each time over another transport, and checks
// that it gets every message once and in order.
type subscriber struct {
	channel string
	server  netip.AddrPort
	ledger  *ledger
	random  *rand.Rand
	// calm subscribers stay as long as they can and leave nothing unread.
	calm bool
	// only is the transport of a subscriber that does not change it.
	only *transport

	next atomic.Int32 // number of the message that it needs

	// Of the visit under way.
	transport  *transport
	noop       int32
	id         int32  // of the event being read
	resumed    bool   // no message has come since the subscription began
	afterBcast bool   // a next_seq is due
	text       []byte // parsing buffer
	messages   []message
}

// run visits the server until ctx ends.
func (s *subscriber) run(ctx context.Context) {
	s.next.CompareAndSwap(0, 1)
	for ctx.Err() == nil {
		if err := s.visit(ctx); err != nil && ctx.Err() == nil {
			s.ledger.violate(wrong, "%s over %s at %d: %v", s.channel, s.transport.name, s.next.Load(), err)
		}
	}
}

// visit is one connection. It ends, when it is not the server that ends it, in the middle of anything.
func (s *subscriber) visit(ctx context.Context) error {
	s.transport = s.only
	if s.only == nil {
		s.transport = anyTransport(s.random)
	}
	s.ledger.visits.Add(1)
	l, err := dial(s.server)
	if err != nil {
		return err
	}
	defer l.close()
	defer l.closeWith(ctx)()
	l.conn.SetDeadline(time.Now().Add(ioLimit))
	s.chooseEnd(l)
	for {
		goesOn, err := s.exchange(l)
		if errors.Is(err, errBudget) || errors.Is(err, os.ErrDeadlineExceeded) {
			s.leave(l)
			return nil
		}
		if err != nil || !goesOn {
			return err
		}
	}
}

// chooseEnd makes the visit end after some bytes, or after some time, or never by itself.
func (s *subscriber) chooseEnd(l *link) {
	if s.calm {
		return
	}
	switch s.random.IntN(5) {
	case 0:
		l.conn.SetReadDeadline(time.Now().Add(time.Duration(s.random.IntN(20_000)) * time.Microsecond))
	case 1:
		l.budget = s.random.IntN(1000)
	default:
		l.budget = s.random.IntN(10_000)
	}
}

// leave ends the connection in one of the ways in which connections end.
func (s *subscriber) leave(l *link) {
	switch s.random.IntN(3) {
	case 0:
		l.reset()
	case 1:
		l.conn.CloseWrite()
	}
}

// exchange is one request and its answer. It tells whether the connection can take another.
func (s *subscriber) exchange(l *link) (goesOn bool, err error) {
	s.noop = s.random.Int32N(1000)
	s.resumed, s.afterBcast, s.id = true, false, -1
	if err := l.write(s.transport.request(s.channel, s.next.Load(), s.noop)); err != nil {
		return false, err
	}
	a, err := l.readAnswer()
	if err != nil {
		return false, err
	}
	if a.status != 200 {
		return false, fmt.Errorf("status %d", a.status)
	}
	for {
		line, err := l.readLine()
		if err == io.EOF && len(line) == 0 {
			break
		}
		if err != nil {
			return false, err
		}
		if err := s.line(line); err != nil {
			return false, err
		}
	}
	if s.afterBcast {
		return false, errors.New("no next_seq behind a broadcast")
	}
	return a.keepAlive && a.chunked, l.endBody(a)
}

// line takes a line of the answer's body.
func (s *subscriber) line(line []byte) error {
	if id, ok := bytes.CutPrefix(line, []byte("id: ")); ok {
		n, err := strconv.ParseInt(string(bytes.TrimSpace(id)), 10, 32)
		s.id = int32(n)
		return err
	}
	payload, err := s.transport.payload(line)
	if payload == nil || err != nil {
		return err
	}
	messages, _, err := parseMessages(s.messages[:0], payload)
	s.messages = messages
	if err != nil {
		return err
	}
	for i := range messages {
		if err := s.take(&messages[i]); err != nil {
			return err
		}
	}
	return nil
}

// take checks one message.
func (s *subscriber) take(m *message) error {
	next := s.next.Load()
	switch {
	case m.channel != s.channel:
		return fmt.Errorf("message of channel %q", m.channel)
	case m.kind == "noop" && m.seq == s.noop && !s.afterBcast:
		s.noop++
		return nil
	case m.kind == "next_seq" && s.afterBcast && m.seq == next && s.hasID(m.seq-1):
		s.afterBcast = false
		return nil
	case (m.kind == "data" || m.kind == "broadcast") && !s.afterBcast && s.hasID(m.seq):
		s.number(m, next)
		s.afterBcast = m.kind == "broadcast"
		return nil
	}
	return fmt.Errorf("unexpected %+v when %d was next (id %d, after a broadcast: %v)", *m, next, s.id, s.afterBcast)
}

// hasID tells whether the event of a message, if it is one, has the right id.
func (s *subscriber) hasID(id int32) bool { return s.transport.path != "/sse" || s.id == id }

// number checks the number of a message.
func (s *subscriber) number(m *message, next int32) {
	c := s.ledger.channels[s.channel]
	s.ledger.deliveries.Add(1)
	switch {
	case m.seq < next:
		s.ledger.violate(doubled, "%s over %s: %d when %d was next", s.channel, s.transport.name, m.seq, next)
		return
	case m.seq > next && s.resumed && s.ledger.mayBeGone(c, int64(m.seq)-1):
		s.ledger.gaps.Add(1)
	case m.seq > next:
		s.ledger.violate(lost, "%s over %s: %d when %d was next, of %d", s.channel, s.transport.name, m.seq, next, c.begun.Load())
	}
	what, ok := parseLabel(m.kind, originalText(m.content))
	if !ok || !c.saw("", int64(m.seq), what) {
		s.ledger.violate(wrong, "%s over %s: %d is %s %q, others got something else", s.channel, s.transport.name, m.seq, m.kind, m.content)
	}
	s.resumed = false
	s.next.Store(m.seq + 1)
}
