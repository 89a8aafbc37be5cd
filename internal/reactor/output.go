package reactor

// Pieces of output that wait are gathered in copies of about outCopyMax bytes, and frames below
// outKeepMin bytes are copied too, since a reference takes 24 bytes by itself.
const (
	outCopyMax = 16 << 10
	outKeepMin = 512
)

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
	if c.OutputWaiting() > 0 {
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
	l.counters.outputQueued.Add(int64(len(b)))
	q.append(b, keep && len(b) >= outKeepMin)
}

// append adds b to the output, by reference if keep.
func (q *busy) append(b []byte, keep bool) {
	q.outBytes += len(b)
	last := len(q.out) - 1
	switch {
	case keep:
		q.out = append(q.out, b)
	case q.outCopy && len(q.out[last])+len(b) <= outCopyMax:
		q.out[last] = append(q.out[last], b...)
	default:
		q.out = append(q.out, append([]byte(nil), b...))
	}
	q.outCopy = !keep
}

// flush sends what waits.
func (c Conn) flush() {
	l, r := c.loop, c.record()
	if c.OutputWaiting() == 0 {
		return
	}
	q := l.busyOf(r)
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
	if r.flags&flagFinishing != 0 {
		c.finish(r)
		return
	}
	l.releaseBusy(r)
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
		q.out, q.outCopy = nil, false
	}
}
