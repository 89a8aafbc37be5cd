package reactor

import "sync/atomic"

// counter is counted by one loop and read by anybody. Since only the loop writes it, no bus lock is
// needed.
type counter struct{ n atomic.Uint64 }

func (c *counter) add(n uint64) { c.n.Store(c.n.Load() + n) }

// counters are the figures of one loop.
type counters struct {
	accepted, dialled  counter
	closed             [Reasons]counter
	bytesIn, bytesOut  counter
	outputQueued       atomic.Int64 // bytes waiting in output queues now
	acceptPaused       counter
	acceptNoDescriptor counter // EMFILE and ENFILE
	acceptNoMemory     counter // ENOMEM and ENOBUFS
	acceptOther        counter
	turns              counter
	conns              atomic.Int64
	connBytes          atomic.Int64 // memory mapped for records and the descriptor table
	busy               atomic.Int64
}

// Stats are the sums over all loops of a group.
type Stats struct {
	Loops              int
	Accepted, Dialled  uint64
	Closed             [Reasons]uint64
	BytesIn, BytesOut  uint64
	AcceptPaused       uint64 // times a loop stopped accepting for want of room
	AcceptNoDescriptor uint64 // accept failed with EMFILE or ENFILE
	AcceptNoMemory     uint64 // accept failed with ENOMEM or ENOBUFS
	AcceptOther        uint64 // accept failed otherwise
	Turns              uint64 // turns of the loops
	Conns              int64  // open connections
	ConnBytes          int64  // memory of the connection tables
	Busy               int64  // connections that own buffers now
	OutputQueued       int64  // bytes that wait for slow peers
	Mail               int64  // mail that waits for the loops
}

// Stats sums up the counters of all loops. Safe for concurrent use.
func (g *Group) Stats() Stats {
	s := Stats{Loops: len(g.loops)}
	for _, l := range g.loops {
		c := &l.counters
		s.Accepted += c.accepted.n.Load()
		s.Dialled += c.dialled.n.Load()
		for r := range c.closed {
			s.Closed[r] += c.closed[r].n.Load()
		}
		s.BytesIn += c.bytesIn.n.Load()
		s.BytesOut += c.bytesOut.n.Load()
		s.AcceptPaused += c.acceptPaused.n.Load()
		s.AcceptNoDescriptor += c.acceptNoDescriptor.n.Load()
		s.AcceptNoMemory += c.acceptNoMemory.n.Load()
		s.AcceptOther += c.acceptOther.n.Load()
		s.Turns += c.turns.n.Load()
		s.Conns += c.conns.Load()
		s.ConnBytes += c.connBytes.Load()
		s.Busy += c.busy.Load()
		s.OutputQueued += c.outputQueued.Load()
		s.Mail += l.mailbox.length.Load()
	}
	return s
}
