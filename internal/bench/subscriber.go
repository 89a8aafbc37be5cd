package bench

import (
	"bytes"
	"net/netip"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/icomet/icomet/internal/reactor"
	"github.com/icomet/icomet/internal/slab"
)

// subscriber is one client. It stays in the table when its connection goes, so that it can come back and
// ask for what it has missed.
type subscriber struct {
	cursor uint64 // stamp, or the seq that it needs next
	track  track
	noop   int32
	fd     int32
	reply  reply // 8 bytes
}

// The stages of a subscriber are kept in its connection's state.
const (
	stageFresh   uint8 = iota // connecting for the first time, or again after it was broken
	stageCounted              // stands: the server has taken its subscription
	stageAgain                // stands, and connects again, since the server closes after an answer
	stageLeaving              // is to go
)

// What stands for the descriptor of a subscriber without a connection.
const (
	noConn   = -1 // it will get another one
	leftConn = -2 // it has left
)

// subscribers are those of a crowd that live on one loop. It is the handler of their door.
type subscribers struct {
	crowd  *Crowd
	loop   *reactor.Loop
	counts counts
	table  *slab.Array[subscriber]
	broken []uint32 // numbers of those that are to be opened again

	latency *hdrhistogram.Histogram // publish to receive, in microseconds
	now     time.Duration           // since the crowd began; of the input that is being read
	body    []byte                  // scratch: what the message being read has so far
	request []byte                  // scratch
}

func newSubscribers(c *Crowd, l *reactor.Loop) *subscribers {
	return &subscribers{crowd: c, loop: l, table: slab.NewArray[subscriber](), latency: newHistogram()}
}

// room is how many subscribers the loop may have.
func (h *subscribers) room() int {
	o := &h.crowd.options
	return (o.Max - h.loop.Number() + h.crowd.loopCount() - 1) / h.crowd.loopCount()
}

// index is the place of the loop's subscriber n among all of the crowd.
func (h *subscribers) index(n uint32) uint32 {
	return n*uint32(h.crowd.loopCount()) + uint32(h.loop.Number())
}

// open opens up to count subscribers: those that were broken, then new ones.
func (h *subscribers) open(count uint64) {
	for ; count > 0; count-- {
		if last := len(h.broken) - 1; last >= 0 {
			n := h.broken[last]
			h.broken = h.broken[:last]
			h.dial(n, stageFresh)
			continue
		}
		if h.table.Len() >= h.room() {
			h.counts.unneeded.Add(1)
			continue
		}
		n := h.table.Append()
		*h.table.At(n) = subscriber{cursor: h.crowd.firstCursor(), fd: noConn}
		h.dial(n, stageFresh)
	}
}

func (h *subscribers) dial(n uint32, stage uint8) {
	local, remote := h.crowd.path(h.index(n))
	c, err := h.loop.Dial(doorSubscribers, local, remote)
	if err != nil {
		h.lose(n, stage)
		return
	}
	c.SetUser(n)
	c.SetState(stage)
	s := h.table.At(n)
	s.fd, s.reply = c.Fd(), reply{}
}

// lose notes that the connection of subscriber n, which was at stage, is gone.
func (h *subscribers) lose(n uint32, stage uint8) {
	s := h.table.At(n)
	s.fd = noConn
	switch stage {
	case stageLeaving:
		s.fd = leftConn
		return
	case stageFresh:
		h.counts.failed.Add(1)
	default:
		h.counts.dropped.Add(1)
		h.counts.standing.Add(-1)
	}
	h.broken = append(h.broken, n)
}

// stand notes that the server has taken the subscription of c.
func (h *subscribers) stand(c reactor.Conn) {
	if c.State() == stageFresh {
		h.counts.standing.Add(1)
		h.counts.settled.Add(1)
	}
	c.SetState(stageCounted)
}

// Open implements reactor.Handler.
func (h *subscribers) Open(c reactor.Conn, _ netip.AddrPort) {
	h.counts.connected.Add(1)
	if !h.crowd.greets {
		h.stand(c)
	}
	h.ask(c)
}

// ask sends a request for what comes next.
func (h *subscribers) ask(c reactor.Conn) {
	n := c.User()
	h.request = h.crowd.appendSubscribe(h.request[:0], h.index(n), h.table.At(n))
	c.Write(h.request)
}

// Data implements reactor.Handler.
func (h *subscribers) Data(c reactor.Conn, in []byte) (used int) {
	h.now = h.crowd.since()
	kept, _ := c.Value().([]byte)
	h.body = append(h.body[:0], kept...)
	used = h.read(c, in)
	if !c.Dead() && (kept != nil || len(h.body) > 0) {
		h.keepBody(c)
	}
	return used
}

// keepBody keeps the part of a message that has come, until the rest comes.
func (h *subscribers) keepBody(c reactor.Conn) {
	if len(h.body) == 0 {
		c.SetValue(nil)
		return
	}
	c.SetValue(bytes.Clone(h.body))
}

func (h *subscribers) read(c reactor.Conn, in []byte) (used int) {
	s := h.table.At(c.User())
	for !c.Dead() {
		event, piece, n, err := s.reply.next(in[used:])
		used += n
		if err != nil || len(h.body)+len(piece) > bodyBytesMax {
			h.counts.malformed.Add(1)
			c.Close(reactor.ReasonBadRequest)
			return used
		}
		switch event {
		case replyWants:
			return used
		case replyHasHead:
			h.head(c, s, piece)
		case replyHasBody:
			h.body = append(h.body, piece...)
			if h.crowd.options.Transport.endless() {
				h.lines(c, s)
			}
		case replyComplete:
			h.complete(c, s)
		}
	}
	return used
}

// bodyBytesMax bounds a message, or an array of messages.
const bodyBytesMax = 16 << 20

// head takes the head of an answer. Polls of other servers than iComet go on by what it says.
func (h *subscribers) head(c reactor.Conn, s *subscriber, text []byte) {
	status := string(text[len("HTTP/1.1 "):][:3])
	if status != "200" && (status != "304" || h.crowd.options.Transport.endless()) {
		h.counts.refused.Add(1)
		c.Close(reactor.ReasonRefused)
		return
	}
	if h.crowd.greets {
		h.stand(c)
	}
	if !h.crowd.options.Target.icomet {
		if next, ok := stampOf(text); ok {
			s.cursor = uint64(next)
		}
	}
}

// lines takes the whole lines off the body.
func (h *subscribers) lines(c reactor.Conn, s *subscriber) {
	rest := h.body
	for !c.Dead() {
		line, after, found := bytes.Cut(rest, []byte("\n"))
		if !found {
			break
		}
		rest = after
		if message := h.crowd.options.Transport.unwrap(line); message != nil {
			h.message(c, s, message)
		}
	}
	h.body = append(h.body[:0], rest...)
}

// complete takes the end of an answer.
func (h *subscribers) complete(c reactor.Conn, s *subscriber) {
	if h.crowd.options.Transport.endless() {
		c.Close(reactor.ReasonPeerClosed)
		return
	}
	last := s.reply.close
	s.reply = reply{}
	h.messages(c, s, h.crowd.options.Transport.unwrap(h.body))
	h.body = h.body[:0]
	switch {
	case c.Dead():
	case last:
		c.SetState(stageAgain)
		c.Close(reactor.ReasonDone)
	default:
		h.ask(c)
	}
}

// messages takes the answer to a poll: a message, or an array of messages.
func (h *subscribers) messages(c reactor.Conn, s *subscriber, text []byte) {
	if !h.crowd.options.Target.icomet || len(text) == 0 || text[0] != '[' {
		if len(text) > 0 {
			h.message(c, s, text)
		}
		return
	}
	for rest := text[1:]; !c.Dead(); {
		var object []byte
		if object, rest = nextObject(rest); object == nil {
			return
		}
		h.message(c, s, object)
	}
}

// message takes one message.
func (h *subscribers) message(c reactor.Conn, s *subscriber, text []byte) {
	if !h.crowd.options.Target.icomet {
		h.content(s, text)
		return
	}
	m, ok := parseEnvelope(text)
	if !ok {
		h.counts.malformed.Add(1)
		return
	}
	switch string(m.kind) {
	case "data", "broadcast":
		s.cursor = uint64(uint32(m.seq + 1))
		h.content(s, m.content)
	case "next_seq":
		s.cursor = uint64(uint32(m.seq))
	case "noop":
		h.counts.noops.Add(1)
		s.noop = m.seq + 1
	case "close":
		c.Close(reactor.ReasonPeerClosed)
	default: // 401 and 429
		h.counts.refused.Add(1)
		c.Close(reactor.ReasonRefused)
	}
}

// content takes the content of a message, and checks whether it was its turn.
func (h *subscribers) content(s *subscriber, text []byte) {
	m, ours, whole := parseMark(text, h.crowd.options.Size)
	if !ours {
		return
	}
	h.counts.delivered.Add(1)
	if !whole {
		h.counts.damaged.Add(1)
		return
	}
	record(h.latency, h.now-time.Duration(m.sentNs))
	switch sight, missing := s.track.see(m.serial); sight {
	case sightGap:
		h.counts.lost.Add(int64(missing))
	case sightLate:
		h.counts.lost.Add(-1)
		h.counts.reordered.Add(1)
	case sightDoubled:
		h.counts.doubled.Add(1)
	}
}

// EOF implements reactor.Handler. For answers that end with the connection it is their end.
func (h *subscribers) EOF(c reactor.Conn) {
	s := h.table.At(c.User())
	if s.reply.stage != replyUntilClose {
		c.Close(reactor.ReasonPeerClosed)
		return
	}
	h.now = h.crowd.since()
	kept, _ := c.Value().([]byte)
	h.body = append(h.body[:0], kept...)
	h.complete(c, s)
}

// Closed implements reactor.Handler.
func (h *subscribers) Closed(c reactor.Conn, reason reactor.Reason) {
	n := c.User()
	switch {
	case reason == reactor.ReasonShutdown:
	case c.State() == stageAgain && reason == reactor.ReasonDone:
		h.dial(n, stageAgain)
	default:
		h.lose(n, c.State())
	}
}

// Drained implements reactor.Handler: requests are short and wait for nothing.
func (h *subscribers) Drained(reactor.Conn) {}

// Expired implements reactor.Handler: the door has no deadlines.
func (h *subscribers) Expired(reactor.Conn, reactor.Class) {}

// Turn implements reactor.Handler.
func (h *subscribers) Turn() {}

// Mail implements reactor.Handler.
func (h *subscribers) Mail(m reactor.Mail) {
	switch v := m.Value.(type) {
	case order:
		switch v {
		case orderOpen:
			h.open(m.Key)
		case orderLeave:
			h.leave(int(m.Key))
		}
	case chan<- uint64:
		v <- h.missing()
	case chan<- *hdrhistogram.Histogram:
		v <- h.latency
		h.latency = newHistogram()
	}
}

// missing is how many messages the subscribers of this loop have not got to yet.
func (h *subscribers) missing() (n uint64) {
	for i := range uint32(h.table.Len()) {
		s, last := h.table.At(i), h.crowd.lastSerial(h.index(i))
		if s.fd != leftConn && last > s.track.last {
			n += uint64(last - s.track.last)
		}
	}
	return n
}

// leave closes the connections of count subscribers, taken at random.
func (h *subscribers) leave(count int) {
	left := 0
	for i := range uint32(h.table.Len()) {
		if h.table.At(i).fd >= 0 {
			left++
		}
	}
	for i := uint32(0); i < uint32(h.table.Len()) && count > 0; i++ {
		s := h.table.At(i)
		if s.fd < 0 {
			continue
		}
		if h.crowd.chance(count, left) {
			h.closeFor(s)
			count--
		}
		left--
	}
}

func (h *subscribers) closeFor(s *subscriber) {
	c := h.loop.Conn(s.fd)
	if c.State() == stageFresh {
		h.counts.unneeded.Add(1)
	} else {
		h.counts.standing.Add(-1)
	}
	c.SetState(stageLeaving)
	c.Close(reactor.ReasonDone)
}
