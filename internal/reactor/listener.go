package reactor

import "net/netip"

// acceptRetry is how long a loop that cannot accept waits before it tries again, in milliseconds, if
// no connection of its own is closed before.
const acceptRetry = 250

// listener is one listening socket of a loop.
type listener struct {
	fd     int32
	index  int // in Loop.listeners
	door   int
	paused bool
}

func (l *Loop) listen(door int, a netip.AddrPort) error {
	index := len(l.listeners)
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
		if s.paused || !l.hasRoom(d) {
			l.pause(s)
			return
		}
		fd, peer, err := l.poller.accept(s.fd, d.WantPeer)
		if err == errAgain {
			return
		}
		if err != nil {
			l.acceptFailed(s, err)
			return
		}
		l.counters.accepted.add(1)
		c := l.add(fd, s.door, 0)
		if err := l.poller.addConn(fd); err != nil {
			c.Close(ReasonRefused)
			l.acceptFailed(s, err)
			return
		}
		l.handlers[s.door].Open(c, peer)
	}
}

// hasRoom tells whether a connection of door d may be accepted.
func (l *Loop) hasRoom(d *Door) bool {
	used := l.group.tableConns.Load()
	if l.group.private {
		used = l.counters.conns.Load()
	}
	if d.Reserved {
		return used < l.tableMax
	}
	return used < l.tableMax-descriptorsReserved && l.group.conns.Load() < int64(l.group.options.ConnsMax)
}

// acceptFailed stops accepting for a moment: whatever is missing is still missing in the next
// microsecond, and to ask again and again would take a whole processor.
func (l *Loop) acceptFailed(s *listener, err error) {
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
		l.loggedMs = max(1, l.nowMs)
		l.group.options.Log("cannot accept connections, waiting for room: " + err.Error())
	}
}

func (l *Loop) pause(s *listener) {
	if l.acceptRetryMs == 0 {
		l.acceptRetryMs = max(1, l.nowMs+acceptRetry)
	}
	if !s.paused {
		s.paused = true
		l.counters.acceptPaused.add(1)
		l.poller.listening(s.fd, s.index, false)
	}
}

// retryAccept lets paused listeners try again when it is time.
func (l *Loop) retryAccept() {
	if l.acceptRetryMs != 0 && int32(l.acceptRetryMs-l.nowMs) <= 0 {
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
			l.acceptRetryMs = max(1, l.nowMs+acceptRetry)
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
