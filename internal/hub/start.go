package hub

// StartKind says how a subscription names where it begins.
type StartKind uint8

const (
	// FromWire begins with SubscribeRequest.Seq, as clients of the original do; losses are not told.
	FromWire StartKind = iota
	// FromNow begins with what comes.
	FromNow
	// FromSeq goes on from number Seq, of the life Epoch if that is named.
	FromSeq
	// FromLast begins with the newest Count messages.
	FromLast
	// FromTime begins with the messages that were published at Time or later.
	FromTime
)

// Start is where a subscription begins.
type Start struct {
	Kind  StartKind
	Seq   int64
	Epoch Epoch
	Count int64
	Time  int64 // in seconds of the hub's clock; may be below 0
}

// begun is where a subscription really begins.
type begun struct {
	from     int64 // the number to go on from
	lost     GapReason
	announce bool // the client does not know where it stands
}

// begin says where a subscription of channel n that asks for t begins.
func (s *shard) begin(n uint32, t *Start) begun {
	c := s.channels.At(n)
	h := s.historyOf(c)
	switch t.Kind {
	case FromSeq:
		return s.beginSeq(c, t)
	case FromLast:
		return begun{from: max(h.first(c.next), c.next-max(t.Count, 0)), announce: true}
	case FromTime:
		return begun{from: s.beginTime(c, h, t.Time), announce: true}
	}
	return begun{from: c.next, announce: true}
}

// beginSeq goes on with the life that the client knows, or begins with all that is kept of another.
func (s *shard) beginSeq(c *channel, t *Start) begun {
	first := s.hub.options.FirstSeq
	if t.Epoch != 0 && t.Epoch != s.hub.Epoch(c.id()) || t.Seq > c.next {
		return begun{from: first, lost: Restarted, announce: true}
	}
	return begun{from: max(t.Seq, first)}
}

// beginTime finds the first message that was published at time or later. If the newest one that is lost
// was, too, it is that: a gap of at least this one will be told.
func (s *shard) beginTime(c *channel, h history, time int64) int64 {
	first := h.first(c.next)
	if e := s.extraOf(c); e != nil && first > s.hub.options.FirstSeq && int64(e.lostAt) >= time {
		return first - 1
	}
	for i := range h {
		if int64(h[i].at) >= time {
			return first + int64(i)
		}
	}
	return c.next
}

// missed appends what a subscriber that begins at b has missed, gaps included.
func (s *shard) missed(now int64, n uint32, b begun, bytesMax int, out []Entry) ([]Entry, int64) {
	c := s.channels.At(n)
	h := s.historyOf(c)
	r := replay{from: b.from, now: now, bytesMax: bytesMax, gaps: true, lost: b.lost}
	if b.lost == Restarted && h.first(c.next) <= b.from {
		out = r.gap(out, b.from, b.from-1, Restarted) // nothing of this life is lost, but the end of another may be
	}
	return h.read(r, c.next, out)
}
