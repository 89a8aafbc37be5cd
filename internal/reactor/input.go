package reactor

import (
	"errors"
	"net/netip"
)

// connReady handles an event of a connection.
func (l *Loop) connReady(c Conn, e event) {
	r := c.record()
	if r.flags&flagDead != 0 {
		return
	}
	if r.flags&flagConnecting != 0 {
		if !c.connected(r, e) {
			return
		}
		r = c.record()
	}
	if e.writable && r.busy != 0 {
		c.flush()
		if c.Dead() {
			return
		}
	}
	if e.readable || e.eof {
		c.read(e.eof)
	}
}

// connected ends the state flagConnecting.
func (c Conn) connected(r *record, e event) bool {
	if !e.writable && !e.eof {
		return false
	}
	if err := c.loop.poller.connectError(c.fd); err != nil {
		c.Close(ReasonConnectFailed)
		return false
	}
	r.flags &^= flagConnecting
	c.loop.counters.dialled.add(1)
	c.loop.handlerOf(c).Open(c, netip.AddrPort{})
	return !c.Dead()
}

// goOn offers left over input again and reads what was left in the kernel.
func (c Conn) goOn() {
	r := c.record()
	r.flags &^= flagAgain
	if r.busy != 0 && c.loop.busy[r.busy-1].in != nil {
		c.offer(nil)
		if c.Dead() {
			return
		}
	}
	if r = c.record(); r.flags&flagUnread != 0 {
		r.flags &^= flagUnread
		c.read(false)
	}
}

// read takes what has arrived and offers it to the handler. eof tells that the kernel has announced
// the end of the input, behind what can be read.
func (c Conn) read(eof bool) {
	l := c.loop
	for range readsPerTurn {
		if !c.mayRead() {
			if eof {
				c.sawEOF()
			}
			return
		}
		n, err := l.poller.read(c.fd, l.scratch)
		if err == errAgain {
			if eof {
				c.sawEOF()
			}
			return
		}
		if err != nil {
			c.broken()
			return
		}
		if n == 0 {
			c.sawEOF()
			return
		}
		l.counters.bytesIn.add(uint64(n))
		c.take(l.scratch[:n])
		if c.Dead() {
			return
		}
		if n < len(l.scratch) && !eof {
			return
		}
	}
	c.record().flags |= flagUnread
	c.Resume()
}

// mayRead tells whether there is room for more input; if not it is left to the kernel, and with it to
// the peer, until the handler has used some.
func (c Conn) mayRead() bool {
	r := c.record()
	if r.flags&flagFinishing == 0 && c.InputWaiting() >= c.loop.group.options.Doors[r.door].InputBytesMax {
		r.flags |= flagUnread
		return false
	}
	return true
}

// take passes received bytes on, or away.
func (c Conn) take(in []byte) {
	if c.record().flags&flagFinishing == 0 {
		c.offer(in)
		return
	}
	g := c.loop.lingering[c.fd]
	if g.discarded += len(in); g.discarded > lingerBytesMax {
		c.Close(g.reason)
	}
}

// offer calls Handler.Data with what was left over and in, and keeps what it leaves.
func (c Conn) offer(in []byte) {
	l, r := c.loop, c.record()
	h := l.handlers[r.door]
	if r.busy == 0 || l.busy[r.busy-1].in == nil {
		used := h.Data(c, in)
		if r = c.record(); used < len(in) && r.flags&(flagDead|flagFinishing) == 0 {
			b := l.busyOf(r)
			b.in = append(b.in, in[used:]...)
		}
		return
	}
	b := l.busy[r.busy-1]
	b.in = append(b.in, in...)
	used := h.Data(c, b.in)
	r = c.record()
	if r.flags&flagDead != 0 {
		return
	}
	b = l.busy[r.busy-1]
	if used == len(b.in) || r.flags&flagFinishing != 0 {
		b.in = nil
		l.releaseBusy(r)
		return
	}
	if used > 0 {
		b.in = append([]byte(nil), b.in[used:]...)
	}
}

// sawEOF handles the end of the peer's input.
func (c Conn) sawEOF() {
	r := c.record()
	if r.flags&flagFinishing != 0 {
		r.flags |= flagEOF
		if c.OutputWaiting() == 0 {
			c.Close(c.loop.lingering[c.fd].reason)
		}
		return
	}
	if r.flags&flagEOF == 0 {
		r.flags |= flagEOF
		c.loop.handlerOf(c).EOF(c)
	}
}

// broken closes a connection that the kernel reports as gone.
func (c Conn) broken() {
	if c.record().flags&flagFinishing != 0 {
		c.Close(c.loop.lingering[c.fd].reason)
		return
	}
	c.Close(ReasonPeerReset)
}

// errAgain is returned by the poller when an operation would block.
var errAgain = errors.New("reactor: would block")
