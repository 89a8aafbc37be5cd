package reactor

// Write sends b. What the kernel does not take at once is copied and waits.
func (c Conn) Write(b []byte) { c.write(b, false) }

// WriteFrame sends b, which nobody may change from now on: what the kernel does not take at once is
// kept by reference.
func (c Conn) WriteFrame(b []byte) { c.write(b, true) }

// OutputWaiting is how many bytes of output wait for the peer.
func (c Conn) OutputWaiting() int {
	if r := c.record(); r.busy != 0 {
		return c.loop.busy[r.busy-1].outBytes
	}
	return 0
}

func (c Conn) write(b []byte, keep bool) {
	l, r := c.loop, c.record()
	if r.flags&(flagDead|flagFinishing) != 0 || len(b) == 0 {
		return
	}
	if r.busy != 0 && l.busy[r.busy-1].outBytes > 0 {
		c.queue(r, b, keep)
		return
	}
	n, err := l.poller.write(c.fd, b)
	if err != nil && err != errAgain {
		c.Close(ReasonPeerReset)
		return
	}
	l.counters.bytesOut.add(uint64(n))
	if n < len(b) {
		c.queue(r, b[n:], keep)
	}
}

// queue lets b wait for the peer, if that is not already too far behind.
func (c Conn) queue(r *record, b []byte, keep bool) {
	l := c.loop
	q := l.busyOf(r)
	if q.outBytes > 0 && q.outBytes+len(b) > l.group.options.Doors[r.door].OutputBytesMax {
		c.Close(ReasonOutputFull)
		return
	}
	if q.outBytes == 0 {
		l.setDeadline(r, classStalled)
	}
	q.outBytes += len(b)
	l.counters.outputQueued.Add(int64(len(b)))
	switch last := len(q.out) - 1; {
	case keep:
		q.out = append(q.out, b)
	case q.outCopy:
		q.out[last] = append(q.out[last], b...)
	default:
		q.out = append(q.out, append([]byte(nil), b...))
	}
	q.outCopy = !keep
}

// flush sends what waits.
func (c Conn) flush() {
	l, r := c.loop, c.record()
	q := l.busy[r.busy-1]
	if q.outBytes == 0 {
		return
	}
	for q.outBytes > 0 {
		n, err := l.poller.writev(c.fd, q.out)
		if err == errAgain {
			return
		}
		if err != nil {
			c.broken()
			return
		}
		l.counters.bytesOut.add(uint64(n))
		l.counters.outputQueued.Add(int64(-n))
		q.sent(n)
		l.setDeadline(r, classStalled)
	}
	l.clearDeadline(r)
	q.out, q.outCopy = nil, false
	l.releaseBusy(r)
	if r.flags&flagFinishing != 0 {
		c.finish(r)
		return
	}
	l.handlerOf(c).Drained(c)
}

// sent takes the first n bytes out of the queue.
func (q *busy) sent(n int) {
	q.outBytes -= n
	for n > 0 {
		if n < len(q.out[0]) {
			q.out[0] = q.out[0][n:]
			return
		}
		n -= len(q.out[0])
		q.out[0] = nil
		q.out = q.out[1:]
	}
	if len(q.out) == 0 {
		q.outCopy = false
	}
}
