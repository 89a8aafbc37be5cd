package icomet

// perAskBytes is what an ask takes in a command besides its texts.
const perAskBytes = 160

// commands are what brings the server's list of channels up to date: what to unsubscribe, then what to
// subscribe, in parts that are short enough. Over WebSocket only.
func (s *session) commands() (all []command) {
	c := s.client
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range c.dropped {
		s.lastID++
		all = append(all, command{ID: s.lastID, Cmd: "unsubscribe", Channel: name})
	}
	c.dropped, c.dirty = nil, false
	size := commandBytesMax
	for _, w := range c.sorted() {
		if w.phase != idle {
			continue
		}
		a := w.ask()
		n := perAskBytes + 6*(len(a.Channel)+len(a.Epoch)+len(a.Token)) // an escaped byte is \u00XX
		if size += n; size > commandBytesMax {
			size = perAskBytes + n
			s.lastID++
			all = append(all, command{ID: s.lastID, Cmd: "subscribe"})
		}
		part := &all[len(all)-1]
		part.Channels = append(part.Channels, a)
		w.phase, w.askID, w.shown = asked, part.ID, s.shown
	}
	return all
}

// asks are all channels to ask for in one request; those that were refused for now are left out. settled
// are the ones that the server will say nothing about when they are polled, since it has their position.
func (s *session) asks() (all, settled []ask) {
	c := s.client
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dropped, c.dirty = nil, false
	for _, w := range c.sorted() {
		if w.phase == delayed {
			continue
		}
		a := w.ask()
		all = append(all, a)
		w.shown = s.shown
		if w.phase == on && s.kind == Poll {
			continue
		}
		if w.phase = asked; a.Seq > 0 {
			settled = append(settled, a)
		}
	}
	return all, settled
}
