package front

import (
	"github.com/icomet/icomet/internal/hub"
	"github.com/icomet/icomet/internal/reactor"
)

// readOn is mail that lets a subscriber, whose history did not fit into one go, get the rest.
type readOn struct{ conn reactor.ID }

// beginReadOn is called while the first part of the history has not been written yet.
func (d *Door) beginReadOn(c reactor.Conn) { d.loop.Post(d.number, 0, readOn{c.ID()}) }

// continueReadOn goes on with a subscriber unless its output waits: then Drained does.
func (d *Door) continueReadOn(r readOn) {
	c, ok := d.loop.Find(r.conn)
	if ok && c.OutputWaiting() == 0 && d.http.Held(c) {
		d.readOn(c)
	}
}

// readOn sends a subscriber the next part of the history that it has missed, of those channels in which it is
// behind. While it is, live messages are not sent to it: they are in the history, or were lost from it before
// it got so far.
func (d *Door) readOn(c reactor.Conn) {
	s := d.subscriber(c.Fd())
	more := false
	d.each(s, func(_ uint32, u *subscription) bool {
		if u.behind && d.readPart(c, s, u) {
			more = true
		}
		return !c.Dead() && c.OutputWaiting() == 0
	})
	if c.Dead() {
		return
	}
	c.SetDeadline(classNoop)
	if more && c.OutputWaiting() == 0 {
		d.beginReadOn(c)
	}
}

// readPart sends the next part of one channel, and tells whether there is more. A channel that has been closed
// has none, and what is left of it is lost: its subscriber stays behind until the end of it, which is on its way.
func (d *Door) readPart(c reactor.Conn, s *subscriber, u *subscription) (more bool) {
	name := d.options.Hub.Name(u.channel)
	entries, next, more, ok := d.options.Hub.Read(d.now(), u.channel, u.seq, d.options.OutputBytesMax, s.is(flagV1),
		d.scratch.entries[:0])
	d.scratch.entries = entries
	if !ok {
		return false
	}
	var frame []byte
	for i := range entries {
		frame = d.appendEntry(frame, s, u, name, &entries[i])
	}
	u.seq, u.behind = next, more
	c.WriteFrame(frame)
	return more
}

// appendEntry appends an entry of the history as it goes out to an endless subscriber, which has got so far
// then.
func (d *Door) appendEntry(dst []byte, s *subscriber, u *subscription, name string, e *hub.Entry) []byte {
	u.seq = e.Seq + 1
	if e.Type == hub.Gap {
		u.seq = e.To + 1
		d.Counters.Gaps.Add(1)
	} else {
		d.Counters.Replayed.Add(1)
	}
	if s.is(flagMany) {
		dst = appendPiece(dst, s.is(flagChunked), d.eventID(s))
	}
	if e.Type == hub.Gap {
		return d.appendGap(dst, s, u, name, e)
	}
	return appendLive(dst, s.kind, s.flags, d.messageOf(u.channel, name, e))
}

// messageOf makes a message of an entry of the history.
func (d *Door) messageOf(id hub.ChannelID, name string, e *hub.Entry) *hub.Message {
	return &hub.Message{Type: e.Type, Channel: name, Seq: e.Seq, Epoch: d.options.Hub.Epoch(id), Payload: e.Payload}
}
