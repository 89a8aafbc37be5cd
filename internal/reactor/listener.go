package reactor

import (
	"net/netip"
	"sync/atomic"
)

// acceptRetry is how long a loop that cannot accept waits before it tries again, in milliseconds, if
// no connection of its own is closed before.
//
// A client that waits in a listening socket's queue can only be served by the loop of that socket. It
// is served at once when that loop closes a connection, and within acceptRetry when room comes from
// elsewhere: another loop with the same table, or the bound on all connections. It is not served by
// another loop that has room: with private tables, plan leaves each loop some to spare for that.
const acceptRetry = 250

// listener is one listening socket of a loop.
type listener struct {
	fd     int32
	index  int32 // in Loop.listeners
	door   int
	paused bool
}

func (l *Loop) listen(door int, a *boundAddr) error {
	index := int32(len(l.listeners))
	fd, err := l.poller.listen(a, index)
	if err != nil {
		return err
	}
	l.listeners = append(l.listeners, &listener{fd: fd, index: index, door: door})
	return nil
}

// accept takes waiting connections, a bounded number.
func (l *Loop) accept(s *listener) {
	d := &l.group.options.Doors[s.door]
	for range acceptsPerTurn {
		if s.paused || !l.admit(d) {
			l.pause(s)
			return
		}
		c, peer, err := l.acceptOne(s, d)
		if err != nil {
			l.room(d, -1)
			l.acceptFailed(s, err)
			return
		}
		l.handlers[s.door].Open(c, peer)
	}
}

// acceptOne takes a waiting connection, for which there is room.
func (l *Loop) acceptOne(s *listener, d *Door) (Conn, netip.AddrPort, error) {
	fd, peer, err := l.poller.accept(s.fd, d.WantPeer)
	if err != nil {
		return Conn{}, peer, err
	}
	serial := l.nextSerial()
	if err := l.poller.addConn(fd, serial); err != nil {
		l.poller.closeConn(fd)
		return Conn{}, peer, err
	}
	l.counters.accepted.add(1)
	return l.add(fd, serial, s.door, 0), peer, nil
}

// admit takes room for a connection of door d that is about to be accepted, if there is some. To take it
// before accepting is what keeps several loops together within a bound.
func (l *Loop) admit(d *Door) bool {
	g := l.group
	if !addBelow(l.tableConns(), g.tableRoom(d)) {
		return false
	}
	if !d.Reserved && !addBelow(&g.conns, int64(g.options.ConnsMax)) {
		l.tableConns().Add(-1)
		return false
	}
	return true
}

// addBelow adds 1 to n if it is below bound.
func addBelow(n *atomic.Int64, bound int64) bool {
	for {
		v := n.Load()
		if v >= bound {
			return false
		}
		if n.CompareAndSwap(v, v+1) {
			return true
		}
	}
}

// room adds n, 1 or -1, to what bounds the number of connections, for one of door d.
func (l *Loop) room(d *Door, n int64) {
	l.tableConns().Add(n)
	if !d.Reserved {
		l.group.conns.Add(n)
	}
}

// tableConns is the number of connections in the table of descriptors that the loop uses.
func (l *Loop) tableConns() *atomic.Int64 {
	if l.group.private {
		return &l.tableOwn
	}
	return &l.group.tableConns
}

// hasRoom tells whether a connection of door d may be accepted, as far as can be seen now.
func (l *Loop) hasRoom(d *Door) bool {
	g := l.group
	return l.tableConns().Load() < g.tableRoom(d) && (d.Reserved || g.conns.Load() < int64(g.options.ConnsMax))
}

// tableRoom is how many connections a table may hold for door d to get one more into it.
func (g *Group) tableRoom(d *Door) int64 {
	if d.Reserved {
		return g.tableMax
	}
	return g.tableMax - descriptorsReserved
}

// acceptFailed stops accepting for a moment, unless there is just nobody to accept: whatever is missing
// is still missing in the next microsecond, and to ask again and again would take a whole processor.
func (l *Loop) acceptFailed(s *listener, err error) {
	if err == errAgain {
		return
	}
	switch kindOfAcceptError(err) {
	case acceptAborted:
		return
	case acceptNoDescriptor:
		l.counters.acceptNoDescriptor.add(1)
	case acceptNoMemory:
		l.counters.acceptNoMemory.add(1)
	default:
		l.counters.acceptOther.add(1)
	}
	l.pause(s)
	if l.loggedMs == 0 || l.nowMs-l.loggedMs >= 1000 {
		l.loggedMs = l.after(0)
		l.group.options.Log("cannot accept connections, waiting for room: " + err.Error())
	}
}

func (l *Loop) pause(s *listener) {
	if l.acceptRetryMs == 0 {
		l.acceptRetryMs = l.after(acceptRetry)
	}
	if !s.paused {
		s.paused = true
		l.counters.acceptPaused.add(1)
		l.poller.listening(s.fd, s.index, false)
	}
}

// retryAccept lets paused listeners try again when it is time.
func (l *Loop) retryAccept() {
	if isDue(l.acceptRetryMs, l.nowMs) {
		l.resumeAccept()
	}
}

// resumeAccept turns paused listeners on again. Those that still find no room pause themselves.
func (l *Loop) resumeAccept() {
	if l.acceptRetryMs == 0 {
		return
	}
	l.acceptRetryMs = 0
	for _, s := range l.listeners {
		if !s.paused {
			continue
		}
		if !l.hasRoom(&l.group.options.Doors[s.door]) {
			l.acceptRetryMs = l.after(acceptRetry)
			continue
		}
		s.paused = false
		l.poller.listening(s.fd, s.index, true)
	}
}

func (l *Loop) closeListeners() {
	for _, s := range l.listeners {
		s.paused = true
		l.poller.closeListener(s.fd)
	}
	l.listeners = nil
	l.acceptRetryMs = 0
}

// acceptErrorKind tells what a failure to accept means.
type acceptErrorKind uint8

const (
	acceptAborted      acceptErrorKind = iota // the peer was gone again; nothing is wrong here
	acceptNoDescriptor                        // EMFILE, ENFILE
	acceptNoMemory                            // ENOMEM, ENOBUFS
	acceptOther
)
