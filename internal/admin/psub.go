package admin

import (
	"github.com/icomet/icomet/internal/http1"
	"github.com/icomet/icomet/internal/httploop"
	"github.com/icomet/icomet/internal/reactor"
)

const (
	// presenceMailMax is how much mail may wait for the loop before presence is dropped and its watchers
	// are closed, so that they learn of the gap.
	presenceMailMax = 1 << 16
	// watchersMax bounds the watchers of one loop.
	watchersMax = 1024
)

// presence is mail: a channel came into being, still exists, or has ended.
type presence struct {
	online  bool
	channel string
}

// watchers are the /psub connections of a loop.
type watchers struct {
	fds     map[int32]struct{}
	pending []*presence
}

func (w *watchers) has(fd int32) bool {
	_, ok := w.fds[fd]
	return ok
}

// psub answers with the coming and going of channels, without end.
func (d *Door) psub(x *httploop.Exchange, _ *params) {
	if !x.IsMethod("HEAD") && !d.addWatcher(x) {
		d.tryLater(x)
		return
	}
	d.begin(x, 200)
	x.Header("Content-Type", textType)
	x.Lines(httploop.NoSniff + "Cache-Control: no-cache\r\nX-Accel-Buffering: no\r\n")
	x.Stream(false)
	if x.IsMethod("HEAD") {
		x.EndStream()
		return
	}
	x.Hold(true)
}

func (d *Door) addWatcher(x *httploop.Exchange) bool {
	w := &d.watchers
	if len(w.fds) == watchersMax {
		return false
	}
	if len(w.fds) == 0 {
		if d.options.Hub.Watch(d) != nil {
			return false
		}
		w.fds = map[int32]struct{}{}
	}
	w.fds[x.Conn().Fd()] = struct{}{}
	d.Counters.Watchers.Add(1)
	return true
}

func (d *Door) removeWatcher(c reactor.Conn) {
	delete(d.watchers.fds, c.Fd())
	d.Counters.Watchers.Add(-1)
	if len(d.watchers.fds) == 0 {
		d.options.Hub.Unwatch(d)
	}
}

// Presence implements hub.Watcher. When the loop is too far behind it drops the event, and lets the
// watchers be closed, so that they come back and learn what they have missed.
func (d *Door) Presence(online bool, channel string) {
	if d.loop.MailWaiting() < presenceMailMax {
		d.loop.Post(d.number, 0, &presence{online, channel})
	} else if d.missing.CompareAndSwap(false, true) {
		d.loop.Post(d.number, 0, missed{})
	}
}

// missed is mail: presence has been dropped.
type missed struct{}

func (d *Door) closeWatchers() {
	d.missing.Store(false)
	d.watchers.pending = nil
	for fd := range d.watchers.fds {
		d.Counters.Missed.Add(1)
		d.loop.Conn(fd).Close(reactor.ReasonOutputFull)
	}
}

// tellWatchers passes on what has come in this turn: one chunk for each event.
func (d *Door) tellWatchers() {
	w := &d.watchers
	if len(w.pending) == 0 {
		return
	}
	var chunked, plain []byte
	for _, p := range w.pending {
		line := p.appendLine(nil)
		chunked = http1.AppendChunk(chunked, line)
		plain = append(plain, line...)
	}
	w.pending = nil
	for fd := range w.fds {
		c := d.loop.Conn(fd)
		if httploop.HeldChunked(c) {
			c.WriteFrame(chunked)
		} else {
			c.WriteFrame(plain)
		}
	}
}

// appendLine appends the line of an event. Control characters of the name, which could forge lines, are
// written as \u00XX.
func (p *presence) appendLine(dst []byte) []byte {
	if p.online {
		dst = append(dst, "1 "...)
	} else {
		dst = append(dst, "0 "...)
	}
	const hex = "0123456789abcdef"
	for i := range len(p.channel) {
		if b := p.channel[i]; b < ' ' || b == 0x7f {
			dst = append(dst, '\\', 'u', '0', '0', hex[b>>4], hex[b&15])
		} else {
			dst = append(dst, b)
		}
	}
	return append(dst, '\n')
}

// endWatchers ends the answers of all watchers.
func (d *Door) endWatchers() {
	d.tellWatchers()
	for fd := range d.watchers.fds {
		c := d.loop.Conn(fd)
		var last []byte
		if httploop.HeldChunked(c) {
			last = []byte(http1.LastChunk)
		}
		d.removeWatcher(c)
		d.http.Release(c, last)
	}
}
