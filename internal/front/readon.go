package front

import (
	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/reactor"
)

// readOn is mail that lets a new subscriber, whose history did not fit into one go, get the rest.
type readOn struct{ conn reactor.ID }

// beginReadOn is called while the first part of the history has not been written yet.
func (d *Door) beginReadOn(c reactor.Conn) { d.loop.Post(d.number, 0, readOn{c.ID()}) }

// continueReadOn goes on with a subscriber unless its output waits: then Drained does.
func (d *Door) continueReadOn(r readOn) {
	c, ok := d.loop.Find(r.conn)
	if ok && c.OutputWaiting() == 0 && d.http.Held(c) && d.session(c.Fd()).flags&sessionBehind != 0 {
		d.readOn(c)
	}
}

// readOn sends a subscriber the next part of the history that it has missed. While it is behind, live
// messages are not sent to it: they are in the history, or were lost from it before it got so far.
func (d *Door) readOn(c reactor.Conn) {
	s := d.session(c.Fd())
	entries, next, more, ok := d.options.Hub.Read(s.channel, s.seq, d.options.ReplayBytesMax, d.scratch.entries[:0])
	d.scratch.entries = entries
	if !ok {
		return // the channel has been closed; the end of it is on its way
	}
	s.seq = next
	if !more {
		s.flags &^= sessionBehind
	}
	d.Counters.Replayed.Add(uint64(len(entries)))
	var frame []byte
	for _, m := range messagesOf(d.options.Hub.Name(s.channel), entries) {
		frame = appendPiece(frame, s.flags&sessionChunked != 0, delivery.Of(s.kind).AppendFrame(nil, m))
	}
	c.WriteFrame(frame)
	if c.Dead() {
		return
	}
	c.SetDeadline(classNoop)
	if more && c.OutputWaiting() == 0 {
		d.beginReadOn(c)
	}
}
