package front

import (
	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/http1"
	"github.com/icomet/icomet/internal/hub"
	"github.com/icomet/icomet/internal/reactor"
)

// pending is a message that waits for the end of the turn, so that all messages of a channel go out
// together.
type pending struct {
	channel hub.ChannelID
	message *hub.Message
	next    int32 // the next pending of the same channel, 0 for none
	grouped bool  // follows another one of the same channel
}

// Deliver implements hub.Sink.
func (d *Door) Deliver(id hub.ChannelID, m *hub.Message) { d.loop.Post(d.number, uint64(id), m) }

// Overloaded implements hub.Sink.
func (d *Door) Overloaded() bool { return d.loop.MailWaiting() > mailWaitingMax }

// Mail implements httploop.Service.
func (d *Door) Mail(m reactor.Mail) {
	switch v := m.Value.(type) {
	case *hub.Message:
		d.enqueue(hub.ChannelID(m.Key), v)
	case readOn:
		d.continueReadOn(v)
	case *verdict:
		d.heard(v)
	case created:
		d.welcome(hub.ChannelID(m.Key), v.name)
	case walked:
		d.arrivals(v.found)
	case *arrivalVerdict:
		d.heardOfArrival(v)
	case expire:
		d.expire()
	case drain:
		d.drain()
	}
}

// enqueue takes a message that has come, unless nobody here wants it.
func (d *Door) enqueue(id hub.ChannelID, m *hub.Message) {
	if !d.hasAudience(id, m) {
		m.Done()
		return
	}
	d.pending = append(d.pending, pending{channel: id, message: m})
}

// Turn implements httploop.Service: it delivers what has come, channel by channel.
func (d *Door) Turn() {
	d.group()
	for i := range d.pending {
		if p := &d.pending[i]; !p.grouped {
			d.deliverRun(i)
		}
	}
	for i := range d.pending {
		d.pending[i].message.Done()
		d.pending[i].message = nil
	}
	d.pending = d.pending[:0]
}

// group links the pending messages of each channel, in order.
func (d *Door) group() {
	if len(d.pending) < 2 {
		return
	}
	for i := range d.pending {
		p := &d.pending[i]
		if last, ok := d.grouped[p.channel]; ok {
			d.pending[last].next = int32(i)
			p.grouped = true
		}
		d.grouped[p.channel] = int32(i)
	}
	clear(d.grouped)
}

// deliverRun delivers the pending message i and those of its channel that follow.
func (d *Door) deliverRun(i int) {
	p := &d.pending[i]
	channel := p.channel
	run := append(d.scratch.run[:0], p.message)
	for p.next != 0 {
		p = &d.pending[p.next]
		run = append(run, p.message)
	}
	for rest := run; len(rest) > 0; {
		n := segment(rest)
		d.deliverSegment(channel, rest[:n])
		rest = rest[n:]
	}
	clear(run)
	d.scratch.run = run
}

// deliverSegment delivers messages of one sort to all subscriptions of a channel.
func (d *Door) deliverSegment(channel hub.ChannelID, run []*hub.Message) {
	at := d.firstOf(channel)
	if at == 0 {
		return
	}
	for at != 0 {
		at = d.deliverAt(at-1, run)
	}
	clear(d.scratch.frames[:])
}

// deliverAt delivers a run to subscription n. It returns the number + 1 of the next one of the channel, 0 for
// none, wherever its record is by then.
func (d *Door) deliverAt(n uint32, run []*hub.Message) (next uint32) {
	u := d.subscriptions.At(n)
	channel, removals := u.channel, d.removals
	next, nextFd := u.next, int32(0)
	if next != 0 {
		nextFd = d.subscriptions.At(next - 1).fd
	}
	d.deliver(d.loop.Conn(u.fd), n, run)
	if next == 0 || d.removals == removals {
		return next
	}
	if n, ok := d.find(d.subscriber(nextFd), channel); ok {
		return n + 1
	}
	return 0
}

// deliver sends a subscriber those messages of a run that it does not have. It tells whether the
// subscription has ended with that.
func (d *Door) deliver(c reactor.Conn, n uint32, run []*hub.Message) (ended bool) {
	last := run[len(run)-1]
	if isMemberEvent(last) {
		return d.deliverMembers(c, n, run)
	}
	if last.Type == hub.Close {
		return d.deliverClose(c, n, run[:len(run)-1], last)
	}
	u, s := d.subscriptions.At(n), d.subscriber(c.Fd())
	if u.behind || last.Seq < u.seq {
		return false
	}
	skipped := 0
	for run[skipped].Seq < u.seq {
		skipped++
	}
	run = run[skipped:]
	if s.kind == delivery.Poll {
		d.deliverPoll(c, s, run, skipped == 0)
		return true
	}
	d.sendRun(c, s, u, run, skipped == 0)
	if c.Dead() {
		return true
	}
	c.SetDeadline(classNoop)
	return false
}

// sendRun writes messages to an endless subscriber. With whole, others get the same messages too, and the
// frames are kept for these.
func (d *Door) sendRun(c reactor.Conn, s *subscriber, u *subscription, run []*hub.Message, whole bool) {
	alone := u.prev == 0 && u.next == 0
	if s.is(flagMany) || alone || !whole {
		d.sendScratch(c, s, u, run)
		return
	}
	slot := s.slot()
	if d.scratch.frames[slot] == nil {
		d.scratch.frames[slot] = runFrame(s, run)
	}
	if d.leavesBehind(c, s, u, len(d.scratch.frames[slot]), len(run)) {
		return
	}
	d.sent(u, run)
	c.WriteFrame(d.scratch.frames[slot])
}

// sendScratch encodes a run for one subscriber alone.
func (d *Door) sendScratch(c reactor.Conn, s *subscriber, u *subscription, run []*hub.Message) {
	frame, seq := d.scratch.frame[:0], u.seq
	for _, m := range run {
		if s.is(flagMany) {
			u.seq = m.Seq + 1
			frame = appendPiece(frame, s.is(flagChunked), d.eventID(s))
		}
		frame = appendLive(frame, s.kind, s.flags, m)
	}
	d.scratch.frame = frame
	u.seq = seq
	if d.leavesBehind(c, s, u, len(frame), len(run)) {
		return
	}
	d.sent(u, run)
	c.Write(frame)
}

func (d *Door) sent(u *subscription, run []*hub.Message) {
	u.seq = run[len(run)-1].Seq + 1
	d.Counters.Deliveries.Add(uint64(len(run)))
}

// leavesBehind tells whether so many bytes are too many for a subscriber of v1 that reads too slowly. It then
// reads on from the history when its output is out, and is told what it has missed if that is trimmed by
// then. Clients of the original have no such means, so they are closed when their output is full.
func (d *Door) leavesBehind(c reactor.Conn, s *subscriber, u *subscription, bytes, messages int) bool {
	waiting := c.OutputWaiting()
	if !s.is(flagV1) || waiting == 0 || waiting+bytes <= d.options.OutputBytesMax {
		return false
	}
	u.behind = true
	d.Counters.Skipped.Add(uint64(messages))
	return true
}

// runFrame is the frame of a run, made of the frames that its messages share with all loops.
func runFrame(s *subscriber, run []*hub.Message) []byte {
	kind, flags, slot := s.kind, s.flags, s.slot()
	frameOf := func(m *hub.Message) []byte {
		return m.Frame(slot, func(m *hub.Message) []byte { return appendLive(nil, kind, flags, m) })
	}
	if len(run) == 1 {
		return frameOf(run[0])
	}
	var frame []byte
	for _, m := range run {
		frame = append(frame, frameOf(m)...)
	}
	return frame
}

// appendLive appends a message as it goes out to an endless subscriber of that form.
func appendLive(dst []byte, kind delivery.Kind, f flags, m *hub.Message) []byte {
	if f&flagV1 != 0 {
		return appendLiveV1(dst, kind, f, m)
	}
	return appendOriginal(dst, kind, f&flagChunked != 0, m)
}

// appendOriginal appends a message for clients of the original: a chunk of its own, and another for the
// next_seq that follows a broadcast.
func appendOriginal(dst []byte, kind delivery.Kind, chunked bool, m *hub.Message) []byte {
	encoder := delivery.Of(kind)
	dst = appendPiece(dst, chunked, encoder.AppendFrame(nil, m))
	if m.Type == hub.Broadcast {
		dst = appendPiece(dst, chunked, encoder.AppendFrame(nil, nextSeqAfter(m)))
	}
	return dst
}

func appendPiece(dst []byte, chunked bool, piece []byte) []byte {
	if chunked {
		return http1.AppendChunk(dst, piece)
	}
	return append(dst, piece...)
}

// deliverPoll answers a waiting poll, which ends with that. Clients of the original get one message, those of
// v1 all. With whole, others get the same.
func (d *Door) deliverPoll(c reactor.Conn, s *subscriber, run []*hub.Message, whole bool) {
	if !s.is(flagV1) {
		run = run[:1]
	}
	d.Counters.Deliveries.Add(uint64(len(run)))
	if s.callback != 0 || !whole {
		d.finish(c, lastPiece(s, pollAnswer(d.encoderOf(s), s.flags, run)))
		return
	}
	slot, flags := s.slot(), s.flags
	answer := func() []byte {
		return answerEnd(flags&flagChunked != 0, pollAnswer(delivery.Of(delivery.Poll), flags, run))
	}
	if len(run) == 1 {
		d.finish(c, run[0].Frame(slot, func(*hub.Message) []byte { return answer() }))
		return
	}
	if d.scratch.frames[slot] == nil {
		d.scratch.frames[slot] = answer()
	}
	d.finish(c, d.scratch.frames[slot])
}

// pollAnswer is the whole answer of a poll. For clients of the original that is a message alone, or a
// broadcast and its next_seq together.
func pollAnswer(encoder delivery.Encoder, f flags, run []*hub.Message) []byte {
	switch m := run[0]; {
	case f&flagV1 != 0:
		return encoder.AppendText(nil, arrayOf(run))
	case m.Type == hub.Broadcast:
		return encoder.AppendFrame(nil, m, nextSeqAfter(m))
	default:
		return encoder.AppendFrame(nil, m)
	}
}

// lastPiece is the last piece of a subscriber's answer, with the end of the answer.
func lastPiece(s *subscriber, piece []byte) []byte {
	return answerEnd(s.is(flagChunked), piece)
}

func answerEnd(chunked bool, piece []byte) []byte {
	last := appendPiece(nil, chunked, piece)
	if chunked {
		last = append(last, http1.LastChunk...)
	}
	return last
}

// finish ends an answer with its last bytes, which nobody may change any more. The connection takes the next
// request, if it can.
func (d *Door) finish(c reactor.Conn, last []byte) {
	d.removeSubscriber(c)
	d.http.Release(c, last)
}

// deliverClose sends what came before the end of the channel, then the end.
func (d *Door) deliverClose(c reactor.Conn, n uint32, before []*hub.Message, end *hub.Message) (ended bool) {
	if len(before) > 0 && d.deliver(c, n, before) {
		return true
	}
	s := d.subscriber(c.Fd())
	if s.is(flagV1) {
		d.endChannel(c, s, n, end)
	} else {
		d.finish(c, lastPiece(s, d.encoderOf(s).AppendFrame(nil, end)))
	}
	return true
}

// sendNoop sends the heartbeat: it ends a poll.
func (d *Door) sendNoop(c reactor.Conn) {
	s := d.subscriber(c.Fd())
	d.Counters.Noops.Add(1)
	frame := d.noop(s)
	if s.kind == delivery.Poll {
		d.finish(c, lastPiece(s, frame))
		return
	}
	s.noop = nextNoop(s.noop)
	c.WriteFrame(appendPiece(nil, s.is(flagChunked), frame))
	if !c.Dead() {
		c.SetDeadline(classNoop)
	}
}

// noop encodes the heartbeat of a subscriber.
func (d *Door) noop(s *subscriber) []byte {
	if s.is(flagV1) {
		return d.heartbeat(s)
	}
	m := hub.Message{Type: hub.Noop, Channel: d.nameOf(s.first - 1), Seq: int64(s.noop)}
	return d.encoderOf(s).AppendFrame(nil, &m)
}

// nameOf is the name of the channel of subscription n.
func (d *Door) nameOf(n uint32) string { return d.options.Hub.Name(d.subscriptions.At(n).channel) }

// nextNoop counts up and wraps at 2^31, as the original's counter.
func nextNoop(n int32) int32 { return int32(uint32(n) + 1) }
