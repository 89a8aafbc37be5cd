package hub

// history is the newest messages of a channel, oldest first. Their numbers are not kept: they are
// contiguous, and the last one is just below the channel's next number.
type history []entry

// entry is a kept message.
type entry struct {
	content string
	kind    Type
}

// Entry is a message that a new subscriber has missed.
type Entry struct {
	Type    Type // Data or Broadcast
	Seq     int64
	Content string // the inside of a JSON string
}

// add appends e and, when there are one and a half times size messages, cuts to the newest size.
func (h history) add(e entry, size int) history {
	h = append(h, e)
	if 2*len(h) < 3*size {
		return h
	}
	copy(h, h[len(h)-size:])
	return h[:size] // what is behind is overwritten before its message is forgotten
}

// first is the number of the oldest message, or next if there is none.
func (h history) first(next int64) int64 { return next - int64(len(h)) }

// from appends the messages with number seq or above to replay, until their contents come to bytesMax
// (0 is no bound), but at least one. It returns the number behind the last one.
func (h history) from(seq, next int64, bytesMax int, replay []Entry) ([]Entry, int64) {
	first := h.first(next)
	bytes := 0
	for i := max(seq, first); i < next; i++ {
		e := &h[i-first]
		if bytesMax > 0 && bytes > 0 && bytes+len(e.content) > bytesMax {
			return replay, i
		}
		bytes += len(e.content)
		replay = append(replay, Entry{Type: e.kind, Seq: i, Content: e.content})
	}
	return replay, next
}

// Read appends to replay the messages of a channel from number seq on, or from the oldest that is kept,
// until their contents come to bytesMax, but at least one if there is any. It returns the number
// behind the last one and whether there are more; ok is false when that life of the channel is over.
func (h *Hub) Read(id ChannelID, seq int64, bytesMax int, replay []Entry) (_ []Entry, next int64, more, ok bool) {
	s := h.shardOf(id.hash())
	s.mu.Lock()
	defer s.mu.Unlock()
	n, ok := s.findID(id)
	if !ok {
		return replay, seq, false, false
	}
	c := s.channels.At(n)
	replay, next = s.historyOf(c).from(seq, c.next, bytesMax, replay)
	return replay, next, next < c.next, true
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

// remember keeps a message of channel n.
func (s *shard) remember(n uint32, e entry) {
	if size := s.hub.options.HistorySize; size > 0 {
		x := s.needExtra(n)
		x.history = x.history.add(e, size)
	}
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
	c := s.channels.At(n)
	if e := s.extraOf(c); e != nil {
		e.history = nil
	}
	return c.next, true
}
