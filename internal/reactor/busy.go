package reactor

// busy is what a connection owns only while it needs it.
type busy struct {
	fd       int32    // whose it is
	outBytes int      // sum of out
	in       []byte   // received, not used by the handler; nil for nothing
	out      [][]byte // output that waits
	value    any      // the handler's

	outCopy   bool   // the last piece of out is a copy that may be appended to
	reason    Reason // of Finish
	awaitPeer bool   // of Finish
	discarded int    // bytes thrown away since Finish
}

// busyFreeMax bounds the busy states that a loop keeps for later, and is the least room that Loop.busy
// keeps once it has been that long.
const busyFreeMax = 1024

// busyOf returns the busy state of r, which gets one if it has none.
func (l *Loop) busyOf(r *record) *busy {
	if r.busy != 0 {
		return l.busy[r.busy-1]
	}
	b := l.newBusy()
	b.fd = r.fd
	l.busy = append(l.busy, b)
	r.busy = uint32(len(l.busy))
	l.counters.busy.Store(int64(len(l.busy)))
	return b
}

func (l *Loop) newBusy() *busy {
	last := len(l.busyFree) - 1
	if last < 0 {
		return &busy{}
	}
	b := l.busyFree[last]
	l.busyFree[last] = nil
	l.busyFree = l.busyFree[:last]
	return b
}

// releaseBusy takes the busy state of r away if nothing is left in it.
func (l *Loop) releaseBusy(r *record) {
	b := l.busy[r.busy-1]
	if b.in == nil && b.outBytes == 0 && b.value == nil && r.flags&flagFinishing == 0 {
		l.dropBusy(r)
	}
}

// dropBusy takes the busy state of r away with all that is in it. The last one moves into its place, so
// that the list is no longer than it must be.
func (l *Loop) dropBusy(r *record) {
	i, last := r.busy-1, len(l.busy)-1
	b := l.busy[i]
	l.counters.outputQueued.Add(int64(-b.outBytes))
	l.busy[i] = l.busy[last]
	l.record(l.busy[i].fd).busy = i + 1
	l.busy[last] = nil
	l.busy = l.busy[:last]
	r.busy = 0
	*b = busy{}
	if len(l.busyFree) < busyFreeMax {
		l.busyFree = append(l.busyFree, b)
	}
	if room := cap(l.busy); room > busyFreeMax && len(l.busy) < room/4 {
		l.busy = append(make([]*busy, 0, room/2), l.busy...)
	}
	l.counters.busy.Store(int64(len(l.busy)))
}
