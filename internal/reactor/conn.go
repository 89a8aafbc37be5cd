package reactor

import "net/netip"

// record is all that an idle connection costs in user space, besides its slot in the table of
// descriptors. The collector does not look at it.
type record struct {
	fd         int32
	serial     uint32 // tells it from earlier connections with the same descriptor
	prev, next int32  // in the list of its deadline class
	dueMs      uint32
	user       uint32 // the handler's
	busy       uint32 // number of its busy state + 1, 0 when it has none
	door       uint8
	class      Class
	flags      flags
	state      uint8 // the handler's
}

type flags uint8

const (
	flagDead       flags = 1 << iota // Closed was called; released at the end of the turn
	flagConnecting                   // dialled, and not connected yet
	flagUnread                       // the kernel has input that was left there
	flagEOF                          // the peer has finished sending
	flagFinishing                    // closes as soon as its output is out
	flagAgain                        // is in Loop.again
)

// busy is what a connection owns only while it needs it.
type busy struct {
	in       []byte   // received, not used by the handler
	out      [][]byte // output that waits
	outBytes int
	outCopy  bool // the last piece of out is a copy that may be appended to
	value    any  // the handler's
}

// linger is the state of a connection that closes when its output is out.
type linger struct {
	reason    Reason
	shutdown  bool // awaits the peer's end before it closes, so that the answer is not lost to a reset
	discarded int
}

// busyFreeMax bounds the busy states that a loop keeps for later.
const busyFreeMax = 1024

// Conn is a connection on a loop: a small value to pass around, good until Handler.Closed. Its methods
// may only be called on the loop's goroutine.
type Conn struct {
	loop *Loop
	fd   int32
}

// Loop is the loop that owns the connection.
func (c Conn) Loop() *Loop { return c.loop }

// Fd is the connection's number on its loop: small, and not used for another one before the turn in
// which the connection is closed has ended.
func (c Conn) Fd() int32 { return c.fd }

// ID names the connection for other goroutines.
func (c Conn) ID() ID { return ID{c.fd, c.record().serial} }

// Conn is the connection with that number, which must be open or have been closed in this turn.
func (l *Loop) Conn(fd int32) Conn { return Conn{l, fd} }

// Find returns the connection with the given ID, if it is still open.
func (l *Loop) Find(id ID) (Conn, bool) {
	if int(id.fd) >= l.table.Len() || *l.table.At(uint32(id.fd)) == 0 {
		return Conn{}, false
	}
	r := l.record(id.fd)
	return Conn{l, id.fd}, r.serial == id.serial && r.flags&flagDead == 0
}

// User and State are the handler's own, in the connection's record.
func (c Conn) User() uint32        { return c.record().user }
func (c Conn) SetUser(user uint32) { c.record().user = user }
func (c Conn) State() uint8        { return c.record().state }
func (c Conn) SetState(s uint8)    { c.record().state = s }

// Value is what the handler has attached to the connection, nil if nothing. It takes memory while it
// is there.
func (c Conn) Value() any {
	if r := c.record(); r.busy != 0 {
		return c.loop.busy[r.busy-1].value
	}
	return nil
}

// SetValue attaches v to the connection; nil detaches.
func (c Conn) SetValue(v any) {
	r := c.record()
	if r.busy == 0 && v == nil {
		return
	}
	c.loop.busyOf(r).value = v
	c.loop.releaseBusy(r)
}

// SetDeadline lets Handler.Expired be called when the length of class has passed, instead of whatever
// was due before. While output waits, the deadline for sending takes its place, and Handler.Drained
// is the moment to set it again.
func (c Conn) SetDeadline(class Class) {
	r := c.record()
	if r.flags&(flagDead|flagFinishing) != 0 || c.OutputWaiting() > 0 {
		return
	}
	c.loop.setDeadline(r, class)
}

// Resume offers the bytes that the handler left over to it again, in the next turn.
func (c Conn) Resume() {
	r := c.record()
	if r.flags&(flagDead|flagAgain) != 0 {
		return
	}
	r.flags |= flagAgain
	c.loop.again = append(c.loop.again, ID{r.fd, r.serial})
}

// InputWaiting is how many received bytes the handler has not used.
func (c Conn) InputWaiting() int {
	if r := c.record(); r.busy != 0 {
		return len(c.loop.busy[r.busy-1].in)
	}
	return 0
}

// EOF tells whether the peer has finished sending.
func (c Conn) EOF() bool { return c.record().flags&flagEOF != 0 }

// Dead tells whether the connection has been closed in this turn.
func (c Conn) Dead() bool { return c.record().flags&flagDead != 0 }

// Close closes the connection at once; output that waits is lost. It calls Handler.Closed. Closing
// twice does nothing.
func (c Conn) Close(reason Reason) {
	l, r := c.loop, c.record()
	if r.flags&flagDead != 0 {
		return
	}
	l.clearDeadline(r)
	r.flags |= flagDead
	l.dead = append(l.dead, c.fd)
	l.counters.closed[reason].add(1)
	l.handlerOf(c).Closed(c, reason)
}

// Finish closes the connection when its output is out; Handler.Data and Drained are not called any
// more. With awaitPeer it then waits, for a bounded time, until the peer has closed too: closing
// while the peer still sends would make the kernel reset the connection and drop the answer
// (RFC 9112 section 9.6).
func (c Conn) Finish(reason Reason, awaitPeer bool) {
	l, r := c.loop, c.record()
	if r.flags&(flagDead|flagFinishing) != 0 {
		return
	}
	if !awaitPeer && c.OutputWaiting() == 0 {
		c.Close(reason)
		return
	}
	r.flags |= flagFinishing
	l.lingering[c.fd] = &linger{reason: reason, shutdown: awaitPeer}
	if c.OutputWaiting() == 0 {
		c.finish(r)
	}
}

// finish goes on with Finish once the output is out.
func (c Conn) finish(r *record) {
	g := c.loop.lingering[c.fd]
	if !g.shutdown || r.flags&flagEOF != 0 {
		c.Close(g.reason)
		return
	}
	c.loop.poller.shutdown(c.fd)
	c.loop.setDeadline(r, classLinger)
}

func (c Conn) record() *record { return c.loop.record(c.fd) }

func (l *Loop) record(fd int32) *record {
	return l.records.At(*l.table.At(uint32(fd)) - 1)
}

func (l *Loop) handlerOf(c Conn) Handler { return l.handlers[c.record().door] }

// add takes a new descriptor into the tables.
func (l *Loop) add(fd int32, door int, f flags) Conn {
	for l.table.Len() <= int(fd) {
		l.table.Append()
	}
	n := l.records.Append()
	*l.table.At(uint32(fd)) = n + 1
	l.serial++
	*l.records.At(n) = record{fd: fd, serial: l.serial, door: uint8(door), flags: f}
	l.countConns(door, 1)
	return Conn{l, fd}
}

// release closes the descriptor of a dead connection and forgets it.
func (l *Loop) release(fd int32) {
	r := l.record(fd)
	door := int(r.door)
	delete(l.lingering, fd)
	if r.busy != 0 {
		b := l.busy[r.busy-1]
		l.counters.outputQueued.Add(int64(-b.outBytes))
		*b = busy{}
		l.releaseBusy(r)
	}
	l.poller.closeConn(fd)
	n := *l.table.At(uint32(fd)) - 1
	*l.table.At(uint32(fd)) = 0
	if l.records.Remove(n) {
		*l.table.At(uint32(l.records.At(n).fd)) = n + 1
	}
	l.countConns(door, -1)
}

// countConns keeps the counts that bound the number of connections.
func (l *Loop) countConns(door int, n int64) {
	l.counters.conns.Add(n)
	l.counters.connBytes.Store(int64(l.records.Bytes() + l.table.Bytes()))
	if !l.group.options.Doors[door].Reserved {
		l.group.conns.Add(n)
	}
	if !l.group.private {
		l.group.tableConns.Add(n)
	}
}

// busyOf returns the busy state of r, which gets one if it has none.
func (l *Loop) busyOf(r *record) *busy {
	if r.busy != 0 {
		return l.busy[r.busy-1]
	}
	l.counters.busy.Add(1)
	if free := len(l.busyFree); free > 0 {
		r.busy = l.busyFree[free-1] + 1
		l.busyFree = l.busyFree[:free-1]
		if l.busy[r.busy-1] == nil {
			l.busy[r.busy-1] = &busy{}
		}
		return l.busy[r.busy-1]
	}
	l.busy = append(l.busy, &busy{})
	r.busy = uint32(len(l.busy))
	return l.busy[r.busy-1]
}

// releaseBusy takes the busy state of r away if nothing is left in it.
func (l *Loop) releaseBusy(r *record) {
	b := l.busy[r.busy-1]
	if b.in != nil || len(b.out) > 0 || b.value != nil {
		return
	}
	if len(l.busyFree) >= busyFreeMax {
		l.busy[r.busy-1] = nil
	}
	l.busyFree = append(l.busyFree, r.busy-1)
	l.counters.busy.Add(-1)
	r.busy = 0
	if len(l.busyFree) == len(l.busy) && len(l.busy) > busyFreeMax {
		l.busy, l.busyFree = nil, nil
	}
}

// Dial opens a connection to remote for a door of the loop, from the local address if that is valid.
// Handler.Open is called when it stands, Handler.Closed with ReasonConnectFailed if it fails later.
func (l *Loop) Dial(door int, local netip.Addr, remote netip.AddrPort) (Conn, error) {
	fd, err := l.poller.dial(local, remote)
	if err != nil {
		return Conn{}, err
	}
	c := l.add(fd, door, flagConnecting)
	if err := l.poller.addConn(fd); err != nil {
		c.record().flags |= flagDead
		l.dead = append(l.dead, fd)
		return Conn{}, err
	}
	return c, nil
}
