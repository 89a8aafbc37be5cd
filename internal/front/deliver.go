package front

import (
	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/http1"
	"github.com/icomet/icomet/internal/hub"
	"github.com/icomet/icomet/internal/reactor"
)

// slots is the number of different frames of a message: each kind, chunked and not.
const slots = int(delivery.Kinds) * 2

func slotOf(s *session) int { return int(s.kind)<<1 | int(s.flags&sessionChunked) }

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
		d.pending = append(d.pending, pending{channel: hub.ChannelID(m.Key), message: v})
	case readOn:
		d.continueReadOn(v)
	case drain:
		d.drain()
	}
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
	fd := d.first(p.channel)
	if fd == noSession {
		return
	}
	run := append(d.scratch.run[:0], p.message)
	for p.next != 0 {
		p = &d.pending[p.next]
		run = append(run, p.message)
	}
	for fd != noSession {
		s := d.session(fd)
		c := d.loop.Conn(fd)
		fd = s.next // before s may be gone
		d.deliver(c, s, run)
	}
	clear(d.scratch.frames[:])
	clear(run)
	d.scratch.run = run
}

// deliver sends a subscriber those messages of a run that it does not have. It tells whether the
// subscription has ended with that.
func (d *Door) deliver(c reactor.Conn, s *session, run []*hub.Message) (ended bool) {
	last := run[len(run)-1]
	if last.Type == hub.Close {
		return d.deliverClose(c, s, run[:len(run)-1], last)
	}
	if s.flags&sessionBehind != 0 || last.Seq < s.seq {
		return false
	}
	skipped := 0
	for run[skipped].Seq < s.seq {
		skipped++
	}
	if s.kind == delivery.Poll {
		d.deliverPoll(c, s, run[skipped])
		return true
	}
	s.seq = last.Seq + 1
	d.Counters.Deliveries.Add(uint64(len(run) - skipped))
	d.sendRun(c, s, run[skipped:], skipped == 0)
	if c.Dead() {
		return true
	}
	c.SetDeadline(classNoop)
	return false
}

// sendRun writes messages to an endless subscriber. With shared, the same messages go to others too,
// and their frames are kept for these.
func (d *Door) sendRun(c reactor.Conn, s *session, run []*hub.Message, shared bool) {
	if s.prev == noSession && s.next == noSession || !shared {
		c.Write(d.scratchFrames(s, run))
		return
	}
	slot := slotOf(s)
	if d.scratch.frames[slot] == nil {
		d.scratch.frames[slot] = runFrame(s, slot, run)
	}
	c.WriteFrame(d.scratch.frames[slot])
}

// scratchFrames encodes a run for one subscriber alone.
func (d *Door) scratchFrames(s *session, run []*hub.Message) []byte {
	d.scratch.frame = d.scratch.frame[:0]
	for _, m := range run {
		d.scratch.frame = appendFrame(d.scratch.frame, delivery.Of(s.kind), s.flags&sessionChunked != 0, m)
	}
	return d.scratch.frame
}

// runFrame is the frame of a run, made of the frames that its messages share with all loops.
func runFrame(s *session, slot int, run []*hub.Message) []byte {
	encoder, chunked := delivery.Of(s.kind), s.flags&sessionChunked != 0
	frameOf := func(m *hub.Message) []byte {
		return m.Frame(slot, func(m *hub.Message) []byte { return appendFrame(nil, encoder, chunked, m) })
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

// appendFrame appends a message as it goes out to an endless subscriber: a chunk of its own, and
// another for the next_seq that follows a broadcast.
func appendFrame(dst []byte, encoder delivery.Encoder, chunked bool, m *hub.Message) []byte {
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

// deliverPoll answers a waiting poll, which ends with that.
func (d *Door) deliverPoll(c reactor.Conn, s *session, m *hub.Message) {
	d.Counters.Deliveries.Add(1)
	if s.callback != 0 {
		d.finish(c, lastPiece(s, answerOf(d.encoderOf(s), m)))
		return
	}
	slot, chunked := slotOf(s), s.flags&sessionChunked != 0
	d.finish(c, m.Frame(slot, func(m *hub.Message) []byte {
		return answerEnd(chunked, answerOf(delivery.Of(delivery.Poll), m))
	}))
}

// answerOf is the whole answer of a poll: a message alone, or a broadcast and its next_seq together.
func answerOf(encoder delivery.Encoder, m *hub.Message) []byte {
	if m.Type == hub.Broadcast {
		return encoder.AppendFrame(nil, m, nextSeqAfter(m))
	}
	return encoder.AppendFrame(nil, m)
}

// lastPiece is the last piece of a session's answer, with the end of the answer.
func lastPiece(s *session, piece []byte) []byte {
	return answerEnd(s.flags&sessionChunked != 0, piece)
}

func answerEnd(chunked bool, piece []byte) []byte {
	last := appendPiece(nil, chunked, piece)
	if chunked {
		last = append(last, http1.LastChunk...)
	}
	return last
}

// finish ends a subscription with its last bytes, which nobody may change any more. The connection
// takes the next request, if it can.
func (d *Door) finish(c reactor.Conn, last []byte) {
	d.remove(c)
	d.http.Release(c, last)
}

// deliverClose sends what came before the end of the channel, then the end.
func (d *Door) deliverClose(c reactor.Conn, s *session, before []*hub.Message, end *hub.Message) (ended bool) {
	if len(before) == 0 || !d.deliver(c, s, before) {
		d.finish(c, lastPiece(s, d.encoderOf(s).AppendFrame(nil, end)))
	}
	return true
}

// sendNoop sends the heartbeat: it ends a poll.
func (d *Door) sendNoop(c reactor.Conn) {
	s := d.session(c.Fd())
	d.Counters.Noops.Add(1)
	frame := d.noop(s)
	if s.kind == delivery.Poll {
		d.finish(c, lastPiece(s, frame))
		return
	}
	s.noop = nextNoop(s.noop)
	c.WriteFrame(appendPiece(nil, s.flags&sessionChunked != 0, frame))
	if !c.Dead() {
		c.SetDeadline(classNoop)
	}
}

// noop encodes the heartbeat of a session.
func (d *Door) noop(s *session) []byte {
	m := hub.Message{Type: hub.Noop, Channel: d.options.Hub.Name(s.channel), Seq: int64(s.noop)}
	return d.encoderOf(s).AppendFrame(nil, &m)
}

// nextNoop counts up and wraps at 2^31, as the original's counter.
func nextNoop(n int32) int32 { return int32(uint32(n) + 1) }
