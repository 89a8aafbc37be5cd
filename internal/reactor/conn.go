package reactor

import (
	"errors"
	"fmt"
	"net/netip"
)

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
	flagEnding                       // the kernel has announced the end of the input, behind what can be read
)

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

// ID names the connection for other goroutines. It may be asked until Handler.Closed returns.
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

// Finish closes the connection when its output is out; Handler.Data, EOF and Drained are not called any
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
	b := l.busyOf(r)
	b.in, b.reason, b.awaitPeer = nil, reason, awaitPeer
	r.flags |= flagFinishing
	if r.flags&flagUnread != 0 {
		c.Resume() // a peer that cannot send on does not come to its end
	}
	if b.outBytes == 0 {
		c.finish(r)
	}
}

// finish goes on with Finish once the output is out.
func (c Conn) finish(r *record) {
	if b := c.loop.busyOf(r); !b.awaitPeer || r.flags&flagEOF != 0 {
		c.Close(b.reason)
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

// add takes a descriptor, for which there is room and which is registered with the poller, under serial, into the tables.
func (l *Loop) add(fd int32, serial uint32, door int, f flags) Conn {
	for l.table.Len() <= int(fd) {
		l.table.Append()
	}
	n := l.records.Append()
	*l.table.At(uint32(fd)) = n + 1
	*l.records.At(n) = record{fd: fd, serial: serial, door: uint8(door), flags: f}
	l.counters.conns.Add(1)
	l.countMemory()
	return Conn{l, fd}
}

// nextSerial tells a new connection from all that had its descriptor before, until it comes round
// after four thousand million connections of the loop.
func (l *Loop) nextSerial() uint32 {
	l.serial++
	return l.serial
}

// release closes the descriptor of a dead connection and forgets it.
func (l *Loop) release(fd int32) {
	d := &l.group.options.Doors[l.record(fd).door]
	l.forget(fd)
	l.poller.closeConn(fd)
	l.room(d, -1)
	l.counters.conns.Add(-1)
}

// forget takes a connection out of the tables. The last record moves into its place.
func (l *Loop) forget(fd int32) {
	if r := l.record(fd); r.busy != 0 {
		l.dropBusy(r)
	}
	n := *l.table.At(uint32(fd)) - 1
	*l.table.At(uint32(fd)) = 0
	if l.records.Remove(n) {
		*l.table.At(uint32(l.records.At(n).fd)) = n + 1
	}
}

func (l *Loop) countMemory() {
	l.counters.connBytes.Store(int64(l.records.Bytes() + l.table.Bytes()))
}

// trim gives memory back that connections have left behind. It is done once in a while, since the
// next connections may need it again.
func (l *Loop) trim() {
	l.trimMs = 0
	last := l.table.Len() - 1
	for ; last >= 0 && *l.table.At(uint32(last)) == 0; last-- {
		l.table.Remove(uint32(last))
	}
	l.table.Trim()
	l.records.Trim()
	l.countMemory()
}

// ErrStopped is returned by Loop.Dial when the loop ends.
var ErrStopped = errors.New("reactor: loop has ended")

// Dial opens a connection to remote for a door of the loop, from the local address if that is valid.
// Handler.Open is called when it stands, Handler.Closed with ReasonConnectFailed, and without Open, if
// it fails later. Until then the handler may set a deadline and close, and must not write. A dialled
// connection counts for Options.ConnsMax but is not refused for it: whoever dials decides how many.
func (l *Loop) Dial(door int, local netip.Addr, remote netip.AddrPort) (Conn, error) {
	if l.stopping {
		return Conn{}, ErrStopped
	}
	fd, err := l.poller.dial(local, remote)
	if err != nil {
		return Conn{}, fmt.Errorf("reactor: dial %v: %w", remote, err)
	}
	serial := l.nextSerial()
	if err := l.poller.addConn(fd, serial); err != nil {
		l.poller.closeConn(fd)
		return Conn{}, fmt.Errorf("reactor: dial %v: %w", remote, err)
	}
	l.room(&l.group.options.Doors[door], 1)
	return l.add(fd, serial, door, flagConnecting), nil
}
