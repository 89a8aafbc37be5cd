package reactor

// connReady handles an event of a connection.
func (l *Loop) connReady(c Conn, e event) {
	r := c.record()
	if r.flags&flagConnecting != 0 && !c.connected(r, e) {
		return
	}
	if e.writable {
		c.flush()
	}
	if e.eof || e.broken {
		r.flags |= flagEnding
	}
	if !c.Dead() && (e.readable || e.eof || e.broken) {
		c.read()
	}
	if e.broken && r.flags&flagFinishing == 0 {
		c.broken() // one that is finishing has shut its side down itself, and reads on to the end
	}
}

// connected ends the state flagConnecting.
func (c Conn) connected(r *record, e event) bool {
	if !e.writable && !e.broken {
		return false
	}
	if err := c.loop.poller.connectError(c.fd); err != nil {
		c.Close(ReasonConnectFailed)
		return false
	}
	r.flags &^= flagConnecting
	c.loop.counters.dialled.add(1)
	c.loop.handlerOf(c).Open(c, c.loop.poller.peer(c.fd))
	return !c.Dead()
}

// goOn offers left over input again and reads what was left in the kernel.
func (c Conn) goOn() {
	r := c.record()
	r.flags &^= flagAgain
	if c.InputWaiting() > 0 {
		c.offer(nil)
	}
	if r.flags&(flagDead|flagUnread) == flagUnread {
		c.read()
	}
}

// read takes what has arrived and offers it to the handler.
//
// The poller tells of a change once. So whoever stops reading before errAgain, a short read or the end
// must note flagUnread, and flagEnding stays until the end has been read.
func (c Conn) read() {
	l, r := c.loop, c.record()
	r.flags &^= flagUnread
	for range readsPerTurn {
		if !c.mayRead(r) {
			r.flags |= flagUnread
			return
		}
		n, err := l.poller.read(c.fd, l.scratch)
		switch {
		case err == errAgain:
			return
		case err != nil:
			c.broken()
			return
		case n == 0:
			c.sawEOF(r)
			return
		}
		l.counters.bytesIn.add(uint64(n))
		c.take(r, l.scratch[:n])
		drained := n < len(l.scratch) && r.flags&flagEnding == 0
		if drained || r.flags&flagDead != 0 {
			return
		}
	}
	r.flags |= flagUnread
	c.Resume()
}

// mayRead tells whether there is room for more input; if not it is left to the kernel, and with it to
// the peer, until the handler has used some.
func (c Conn) mayRead(r *record) bool {
	return r.flags&flagFinishing != 0 || c.InputWaiting() < c.loop.group.options.Doors[r.door].InputBytesMax
}

// take passes received bytes on, or away.
func (c Conn) take(r *record, in []byte) {
	if r.flags&flagFinishing == 0 {
		c.offer(in)
		return
	}
	b := c.loop.busyOf(r)
	if b.discarded += len(in); b.discarded > lingerBytesMax {
		c.Close(b.reason)
	}
}

// offer calls Handler.Data with what was left over and in, and keeps what it leaves.
func (c Conn) offer(in []byte) {
	l, r := c.loop, c.record()
	waited := c.InputWaiting() > 0
	if waited {
		b := l.busyOf(r)
		b.in = append(b.in, in...)
		in = b.in
	}
	used := l.handlers[r.door].Data(c, in)
	if r.flags&(flagDead|flagFinishing) == 0 && (waited || used < len(in)) {
		l.busyOf(r).keep(in[used:], used, waited)
		l.releaseBusy(r)
	}
}

// keep notes the rest of the input, of which used bytes came before. It is copied unless it has its own
// buffer and is the greater part of it, so that neither copying nor what is wasted adds up.
func (b *busy) keep(rest []byte, used int, own bool) {
	switch {
	case len(rest) == 0:
		b.in = nil
	case own && used < len(rest):
		b.in = rest
	default:
		b.in = append([]byte(nil), rest...)
	}
}

// sawEOF handles the end of the peer's input. A handler that has asked for the rest of its input gets
// that first.
func (c Conn) sawEOF(r *record) {
	switch {
	case r.flags&flagEOF != 0:
	case r.flags&flagFinishing != 0:
		r.flags |= flagEOF
		if b := c.loop.busyOf(r); b.outBytes == 0 {
			c.Close(b.reason)
		}
	case r.flags&flagAgain != 0:
		r.flags |= flagUnread
	default:
		r.flags |= flagEOF
		c.loop.handlerOf(c).EOF(c)
	}
}

// broken closes a connection that the kernel reports as gone.
func (c Conn) broken() {
	reason := ReasonPeerReset
	if r := c.record(); r.flags&flagFinishing != 0 {
		reason = c.loop.busyOf(r).reason
	}
	c.Close(reason)
}
