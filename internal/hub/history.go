package hub

// history is the newest messages of a channel, oldest first. Their numbers are not kept: they are
// contiguous, and the last one is just below the channel's next number.
type history []entry

// entry is a kept message, or the place of one whose life is over.
type entry struct {
	content string
	more    *more  // nil for most
	at      uint32 // when it was published, in seconds of the hub's clock
	kind    Type
	form    Form
}

// more is what few messages have.
type more struct {
	event   string
	expires int64 // when the message is not replayed any more, 0 for never
}

func (e *entry) isExpired(now int64) bool {
	return e.more != nil && e.more.expires != 0 && e.more.expires <= now
}

func (e *entry) payload() Payload {
	p := Payload{Content: e.content, Form: e.form}
	if e.more != nil {
		p.Event = e.more.event
	}
	return p
}

// Entry is a message that a new subscriber has missed, or a gap: messages that it has missed and that
// are not there any more.
type Entry struct {
	Type Type // Data, Broadcast or Gap
	Seq  int64
	Payload

	// Of a gap: numbers Seq to To are lost. To may be Seq-1 where none is known to be.
	To     int64
	Reason GapReason
}

// GapReason says why messages are lost.
type GapReason uint8

const (
	// Trimmed messages had to make room in the history, or were cleared from it.
	Trimmed GapReason = iota
	// Restarted tells that the channel has begun a new life, and that the subscriber knows another.
	Restarted
	// Slow tells that the messages were trimmed while the subscriber was reading up to them.
	Slow
	// Expired messages had a time to live, which is over.
	Expired
)

// String is the reason in the message that clients read.
func (r GapReason) String() string {
	return [...]string{"trimmed", "restarted", "slow", "expired"}[r]
}

// add appends e and, when there are one and a half times size messages, cuts to the newest size. It
// returns also when the newest message that was cut off had been published.
func (h history) add(e entry, size int) (_ history, lostAt uint32, lost bool) {
	h = append(h, e)
	if 2*len(h) < 3*size {
		return h, 0, false
	}
	lostAt = h[len(h)-size-1].at
	copy(h, h[len(h)-size:])
	return h[:size], lostAt, true // what is behind is overwritten before its message is forgotten
}

// first is the number of the oldest message, or next if there is none.
func (h history) first(next int64) int64 { return next - int64(len(h)) }

// replay is a part of a history to be read.
type replay struct {
	from     int64 // the number to begin with
	now      int64
	bytesMax int       // bound on the contents, but for the first message; 0 is none, below 0 is no message at all
	gaps     bool      // tell what is missing
	lost     GapReason // why messages ahead of the history are missing
}

// read appends the messages with number r.from or above to out, until their contents come to r.bytesMax. It returns the number behind the last one.
func (h history) read(r replay, next int64, out []Entry) ([]Entry, int64) {
	first := h.first(next)
	if r.from < first {
		out = r.gap(out, r.from, first-1, r.lost)
	}
	bytes := 0
	for i := max(r.from, first); i < next; i++ {
		e := &h[i-first]
		if e.isExpired(r.now) {
			out = r.gap(out, i, i, Expired)
			continue
		}
		if r.bytesMax < 0 || r.bytesMax > 0 && bytes > 0 && bytes+len(e.content) > r.bytesMax {
			return out, i
		}
		bytes += len(e.content)
		out = append(out, Entry{Type: e.kind, Seq: i, Payload: e.payload()})
	}
	return out, next
}

// gap appends a gap, or makes the one before longer.
func (r *replay) gap(out []Entry, from, to int64, reason GapReason) []Entry {
	if !r.gaps {
		return out
	}
	if n := len(out); n > 0 {
		if last := &out[n-1]; last.Type == Gap && last.To == from-1 && last.Reason == reason {
			last.To = to
			return out
		}
	}
	return append(out, Entry{Type: Gap, Seq: from, To: to, Reason: reason})
}

// Read appends to out the messages of a channel from number seq on, or from the oldest that is kept,
// until their contents come to bytesMax, but at least one if there is any; with gaps, what is missing
// between is told as Slow. It returns the number behind the last one and whether there are more; ok is false
// when that life of the channel is over.
func (h *Hub) Read(now int64, id ChannelID, seq int64, bytesMax int, gaps bool, out []Entry) (_ []Entry, next int64, more, ok bool) {
	s := h.shardOf(id.hash())
	now = s.lock(now)
	defer s.mu.Unlock()
	n, ok := s.findID(id)
	if !ok {
		return out, seq, false, false
	}
	c := s.channels.At(n)
	r := replay{from: seq, now: now, bytesMax: bytesMax, gaps: gaps, lost: Slow}
	out, next = s.historyOf(c).read(r, c.next, out)
	return out, next, next < c.next, true
}

// Name is the name of a channel, empty when that life of it is over.
func (h *Hub) Name(id ChannelID) string {
	s := h.shardOf(id.hash())
	s.mu.Lock()
	defer s.mu.Unlock()
	if n, ok := s.findID(id); ok {
		return s.nameOf(s.channels.At(n))
	}
	return ""
}

// historyOf returns the history of channel c.
func (s *shard) historyOf(c *channel) history {
	if e := s.extraOf(c); e != nil {
		return e.history
	}
	return nil
}

// remember keeps a message of channel n; with alone, no other.
func (s *shard) remember(n uint32, e entry, alone bool) {
	size := s.hub.options.HistorySize
	if alone {
		s.forget(n)
		size = max(size, 1)
	}
	if size == 0 {
		return
	}
	x := s.needExtra(n)
	var lostAt uint32
	var lost bool
	if x.history, lostAt, lost = x.history.add(e, size); lost {
		x.lostAt = lostAt
	}
}

// forget empties the history of channel n.
func (s *shard) forget(n uint32) {
	e := s.extraOf(s.channels.At(n))
	if e == nil || len(e.history) == 0 {
		return
	}
	e.lostAt = e.history[len(e.history)-1].at
	e.history = nil
}

// Clear forgets the history of a channel. Numbering, token, subscribers and life stay. It returns
// the channel's next number; ok is false if there is no such channel.
func (h *Hub) Clear(name []byte) (next int64, ok bool) {
	s, hash := h.locate(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	n, ok := s.find(hash, name)
	if !ok {
		return 0, false
	}
	s.forget(n)
	return s.channels.At(n).next, true
}
