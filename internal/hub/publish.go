package hub

// Publication is a message to be published.
type Publication struct {
	Payload
	// TTL is for how many seconds the message is replayed to those who come later; 0 is as long as it is
	// kept.
	TTL int64
	// Alone makes the message the only one in the history: a last value.
	Alone bool
	// Key makes a repeated publication of the same key to the same channel have no effect but to get the
	// first one's result, for KeySeconds; empty for none. At most KeyBytesMax.
	Key string
}

// Published is what a publication has become.
type Published struct {
	Seq       int64
	Epoch     Epoch
	Receivers int  // subscribers of the channel at that moment, weak ones included
	Repeated  bool // nothing was published: the key had been used before, with this result
}

// Publish numbers a message, keeps it in the channel's history, and posts it to every sink with
// subscribers, which see it in the order of the numbers. A channel that does not exist is created; the
// life of one that does is prolonged.
//
// name is not kept.
//
// It returns ErrName, ErrKey or ErrTooManyChannels, or ErrOverloaded if a loop with subscribers is too
// far behind; then nothing has changed.
func (h *Hub) Publish(now int64, name []byte, p Publication) (Published, error) {
	if len(p.Key) > KeyBytesMax {
		return Published{}, ErrKey
	}
	s, hash := h.locate(name)
	now = s.lock(now)
	defer s.mu.Unlock()
	if done, ok := s.keys.find(now, name, p.Key); ok {
		return done, nil
	}
	n, err := s.findOrCreate(now, hash, name)
	if err != nil {
		return Published{}, err
	}
	c := s.channels.At(n)
	if s.overloaded(c) {
		return Published{}, ErrOverloaded
	}
	done := Published{Seq: s.publish(now, n, Data, p, nil), Epoch: h.Epoch(c.id()), Receivers: s.audience(c)}
	s.keys.keep(now, name, p.Key, done)
	return done, nil
}

// publish is Publish for channel n; f is the broadcast that the message belongs to, if any.
func (s *shard) publish(now int64, n uint32, t Type, p Publication, f *Fanout) (seq int64) {
	c := s.channels.At(n)
	seq = c.next
	c.next++
	s.remember(n, newEntry(now, t, &p), p.Alone)
	s.prolong(now, n)
	if c.sink != 0 {
		f.posting(1 + len(s.otherSinks(c)))
		id := c.id()
		s.deliver(c, &Message{Type: t, Channel: s.nameOf(c), Seq: seq, Epoch: s.hub.Epoch(id), Payload: p.Payload, fanout: f})
	}
	return seq
}

func newEntry(now int64, t Type, p *Publication) entry {
	e := entry{content: p.Content, form: p.Form, at: uint32(now), kind: t}
	if p.Event != "" || p.TTL > 0 {
		e.more = &more{event: p.Event}
		if p.TTL > 0 {
			e.more.expires = now + min(p.TTL, lifeMax) + 1 // never less than asked; see expire.go
		}
	}
	return e
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
	next = s.channels.At(n).next
	s.end(n)
	return next, true
}
