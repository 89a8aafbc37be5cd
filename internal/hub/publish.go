package hub

// Publish numbers content, keeps it in the channel's history, and posts it to every sink with
// subscribers, which see it in the order of the numbers. A channel that does not exist is created; the
// life of one that does is prolonged. t is Data or Broadcast.
//
// content goes between the quotes of a JSON string as it is: the caller has escaped or checked it. name
// is not kept.
//
// It returns the message's number, or ErrName or ErrTooManyChannels, or ErrOverloaded if a loop with
// subscribers is too far behind; then nothing has changed.
func (h *Hub) Publish(now int64, name []byte, t Type, content string) (seq int64, err error) {
	s, hash := h.locate(name)
	now = s.lock(now)
	defer s.mu.Unlock()
	n, err := s.findOrCreate(now, hash, name)
	if err != nil {
		return 0, err
	}
	if s.overloaded(s.channels.At(n)) {
		return 0, ErrOverloaded
	}
	return s.publish(now, n, entry{content, t}, nil), nil
}

// publish is Publish for channel n; f is the broadcast that the message belongs to, if any.
func (s *shard) publish(now int64, n uint32, e entry, f *Fanout) (seq int64) {
	c := s.channels.At(n)
	seq = c.next
	c.next++
	s.remember(n, e)
	s.prolong(now, n)
	if c.sink != 0 {
		f.posting(1 + len(s.otherSinks(c)))
		s.deliver(c, &Message{Type: e.kind, Channel: s.nameOf(c), Seq: seq, Content: e.content, fanout: f})
	}
	return seq
}

// Close ends a channel: its subscribers get a Close message that carries the channel's next number,
// and everything about the channel is forgotten, without a wait for its subscribers to leave. It
// returns that number; ok is false if there is no such channel.
func (h *Hub) Close(name []byte) (next int64, ok bool) {
	s, hash := h.locate(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	n, ok := s.find(hash, name)
	if !ok {
		return 0, false
	}
	c := s.channels.At(n)
	next = c.next
	if c.sink != 0 {
		s.deliver(c, &Message{Type: Close, Channel: s.nameOf(c), Seq: next})
	}
	s.remove(n)
	return next, true
}
