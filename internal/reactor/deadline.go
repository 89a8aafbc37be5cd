package reactor

import "time"

// Class is a kind of deadline. All deadlines of a class have the same length, so that they expire in
// the order in which they were set, and a list is all the timer they need.
type Class uint8

const (
	// NoDeadline: nothing is due.
	NoDeadline Class = iota
	// classStalled: output waits and the peer takes nothing of it.
	classStalled
	// classLinger: everything was said; the peer's end is awaited.
	classLinger
	// FirstClass is the first class that is free for handlers. Its length, and those of the
	// classes after it, are Options.Timeouts.
	FirstClass
)

// classesMax bounds the number of classes of a group, its own included.
const classesMax = 16

// lingerTimeout bounds how long a connection is kept for a peer that should read the last answer and
// close (RFC 9112 section 9.6), and lingerBytesMax how much of what it still sends is thrown away.
const (
	lingerTimeout  = 2 * time.Second
	lingerBytesMax = 256 << 10
)

// deadlineMsMax bounds the length of a class: times are compared by the sign of their difference.
const deadlineMsMax = 1 << 30

// deadlineMs is the length of a class: whole milliseconds, at least t unless that is beyond the bound.
func deadlineMs(t time.Duration) uint32 {
	ms := (max(0, t) + time.Millisecond - 1) / time.Millisecond
	return uint32(min(ms, deadlineMsMax))
}

// noConn ends a list of connections.
const noConn = -1

// deadlines is the list of the connections of one class, the next to expire first.
type deadlines struct {
	first, last int32
	lengthMs    uint32
}

// setDeadline puts connection r at the end of the list of class, after taking it off the one it is in.
func (l *Loop) setDeadline(r *record, class Class) {
	l.clearDeadline(r)
	d := &l.deadlines[class]
	if class == NoDeadline || d.lengthMs == 0 {
		return
	}
	r.class, r.dueMs = class, l.nowMs+d.lengthMs
	r.prev, r.next = d.last, noConn
	if d.last == noConn {
		d.first = r.fd
	} else {
		l.record(d.last).next = r.fd
	}
	d.last = r.fd
}

func (l *Loop) clearDeadline(r *record) {
	if r.class == NoDeadline {
		return
	}
	d := &l.deadlines[r.class]
	if r.prev == noConn {
		d.first = r.next
	} else {
		l.record(r.prev).next = r.next
	}
	if r.next == noConn {
		d.last = r.prev
	} else {
		l.record(r.next).prev = r.prev
	}
	r.class = NoDeadline
}

// expire handles the deadlines that have passed, at most expiriesPerTurn of each class. It tells
// whether some are left for the next turn.
func (l *Loop) expire() (more bool) {
	for class := NoDeadline + 1; class < Class(len(l.deadlines)); class++ {
		d := &l.deadlines[class]
		for n := 0; d.first != noConn; n++ {
			r := l.record(d.first)
			if int32(r.dueMs-l.nowMs) > 0 {
				break
			}
			if n == expiriesPerTurn {
				more = true
				break
			}
			l.clearDeadline(r)
			l.expired(Conn{l, r.fd}, class)
		}
	}
	return more
}

func (l *Loop) expired(c Conn, class Class) {
	switch class {
	case classStalled:
		c.Close(ReasonSendTimeout)
	case classLinger:
		c.Close(l.busyOf(c.record()).reason)
	default:
		l.handlerOf(c).Expired(c, class)
	}
}

// after is the time ms milliseconds from now; never 0, which stands for no time.
func (l *Loop) after(ms uint32) uint32 { return max(1, l.nowMs+ms) }

// isDue tells whether the time at, if it is not 0, has come.
func isDue(at, nowMs uint32) bool { return at != 0 && int32(at-nowMs) <= 0 }

// waitMs is how long the loop may sleep: until the next thing is due, -1 for ever.
func (l *Loop) waitMs() int {
	wait := int32(-1)
	until := func(atMs uint32) {
		if left := max(0, int32(atMs-l.nowMs)); wait < 0 || left < wait {
			wait = left
		}
	}
	for i := range l.deadlines {
		if first := l.deadlines[i].first; first != noConn {
			until(l.record(first).dueMs)
		}
	}
	if l.acceptRetryMs != 0 {
		until(l.acceptRetryMs)
	}
	if l.trimMs != 0 {
		until(l.trimMs)
	}
	return int(wait)
}
