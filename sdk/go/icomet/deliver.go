package icomet

import (
	"errors"
	"time"
)

// handle deals with one message. An error ends the session.
func (s *session) handle(e *envelope) error {
	if s.answer(e) {
		return nil
	}
	switch e.Type {
	case "hello":
		s.hello(e)
	case "subscribed":
		return s.subscribed(e)
	case "error":
		return s.failed(e)
	case "data", "broadcast", "gap", "close", "join", "leave":
		if w := s.active(e.Channel); w != nil {
			return s.deliver(w, e)
		}
	}
	return nil
}

// active is the channel of that name if it is subscribed on this connection, else nil: what comes for it
// was under way when it was unsubscribed.
func (s *session) active(name string) *wanted {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	if w := s.client.channels[name]; w != nil && w.phase == on {
		return w
	}
	return nil
}

func (s *session) deliver(w *wanted, e *envelope) error {
	switch e.Type {
	case "gap":
		return s.gap(w, e)
	case "close":
		return s.closed(w, e)
	case "join":
		return s.push(w, &Join{Channel: w.Name, Member: Member{e.Client, e.Info}})
	case "leave":
		return s.push(w, &Leave{Channel: w.Name, Member: Member{e.Client, e.Info}})
	}
	if s.isOtherLife(w, e) {
		return s.lost(w, Gap{Epoch: e.Epoch, From: 1, To: e.Seq - 1})
	}
	switch {
	case e.Seq < w.at.Seq:
		return nil
	case e.Seq > w.at.Seq:
		return s.lost(w, Gap{Epoch: e.Epoch, From: w.at.Seq, To: e.Seq - 1})
	}
	return s.push(w, e.message())
}

// isOtherLife tells that e is of another life of the channel than what came before.
func (s *session) isOtherLife(w *wanted, e *envelope) bool {
	return w.at.Epoch != "" && e.Epoch != w.at.Epoch
}

// gap announces what will not come, as far as it has not come yet.
func (s *session) gap(w *wanted, e *envelope) error {
	g := &Gap{Channel: w.Name, Epoch: e.Epoch, From: e.From, To: e.To, Reason: e.Reason}
	switch {
	case s.isOtherLife(w, e) || w.at.Epoch == "" && e.Reason == Restarted:
	case e.To < w.at.Seq:
		return nil
	case e.From > w.at.Seq:
		return s.lost(w, Gap{Epoch: e.Epoch, From: w.at.Seq, To: e.From - 1})
	default:
		g.From = w.at.Seq
	}
	return s.push(w, g)
}

// lost announces what the server left out, and ends the session: whatever else it believes of this
// connection may be wrong as well.
func (s *session) lost(w *wanted, g Gap) error {
	g.Channel, g.Reason = w.Name, Unknown
	if err := s.push(w, &g); err != nil {
		return err
	}
	return errLost
}

// subscribed notes that the server has a channel, and where that goes on.
//
// The position moves only where there was none, or within the same life. If the channel has begun a new
// one, the server's next word is a gap; should the connection be lost ahead of it, the channel is asked
// for by its old life again, so that the gap is announced after all.
func (s *session) subscribed(e *envelope) error {
	w, again := s.accept(e)
	if w == nil {
		return nil
	}
	if err := s.push(w, &Subscribed{Channel: w.Name, Position: e.position(), Again: again}); err != nil {
		return err
	}
	if e.Epoch == w.at.Epoch && e.Seq > w.at.Seq {
		return s.push(w, &Gap{Channel: w.Name, Epoch: e.Epoch, From: w.at.Seq, To: e.Seq - 1, Reason: Unknown})
	}
	return nil
}

// accept makes the channel of a "subscribed" active. It is nil if that answers a former subscription.
func (s *session) accept(e *envelope) (w *wanted, again bool) {
	c := s.client
	c.mu.Lock()
	defer c.mu.Unlock()
	w = c.channels[e.Channel]
	if w == nil || w.askID != e.ID || (w.phase != asked && w.phase != on) {
		return nil, false
	}
	again = w.answered
	w.phase, w.answered, w.denied, w.retry.tries = on, true, false, 0
	if !again {
		w.admission.accept()
	}
	if w.at.Seq == 0 || w.at.Epoch == "" {
		w.at = e.position()
	}
	return w, again
}

// closed takes out a channel that the application has closed.
func (s *session) closed(w *wanted, e *envelope) error {
	if !s.isOtherLife(w, e) && e.Seq > w.at.Seq {
		if err := s.push(w, &Gap{Channel: w.Name, Epoch: e.Epoch, From: w.at.Seq, To: e.Seq - 1, Reason: Unknown}); err != nil {
			return err
		}
	}
	return s.retire(w, nil)
}

// retire tells the last of a channel, and forgets it.
func (s *session) retire(w *wanted, why error) error {
	if err := s.push(w, &Closed{Channel: w.Name, Err: why}); err != nil {
		return err
	}
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	if s.client.channels[w.Name] == w {
		s.client.forget(w)
	}
	return nil
}

// push gives an event to the owner of its channel, waiting for room, and moves the channel's position. An
// owner that is closed gets nothing more.
func (s *session) push(w *wanted, e Event) error {
	stalled := false
	err := w.owner.queue.push(s.ctx, e, func() {
		stalled = true
		s.client.setStalled(true)
	})
	if stalled {
		s.client.setStalled(false)
	}
	if errors.Is(err, ErrClosed) && s.ctx.Err() == nil {
		return nil
	}
	if p, moves := e.position(); err == nil && moves {
		s.client.mu.Lock()
		w.at = p
		s.client.mu.Unlock()
	}
	return err
}

// failed deals with an error that is no answer to a caller's command. One that is about no channel ends
// the session.
func (s *session) failed(e *envelope) error {
	about, whole := s.about(e)
	if whole {
		return e.refusal()
	}
	for _, w := range about {
		if err := s.refused(w, e); err != nil {
			return err
		}
	}
	return nil
}

// about finds the channels that an error answers for. It is about the whole connection if it names
// neither a channel nor a command, or answers for the token.
func (s *session) about(e *envelope) (channels []*wanted, whole bool) {
	c := s.client
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.ID == 0 && e.Channel == "" || e.ID != 0 && e.ID == s.authID {
		return nil, true
	}
	candidates := []*wanted{c.channels[e.Channel]}
	if e.Channel == "" {
		candidates = c.sorted()
	}
	for _, w := range candidates {
		if w != nil && w.askID == e.ID && (w.phase == asked || w.phase == on) {
			channels = append(channels, w)
		}
	}
	return channels, false
}

// refused gives a channel up, unless it is worth another try.
func (s *session) refused(w *wanted, e *envelope) error {
	if s.delay(w, e.Code) || s.fail(w, e.refusal()) {
		return nil
	}
	return s.retire(w, e.refusal())
}

// delay decides whether to ask for a channel once more: later if the server is busy, with a fresh token if
// it did not like the last one.
func (s *session) delay(w *wanted, code int) bool {
	c := s.client
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case code == codeOverloaded || code == codeTooMany && w.answered:
		w.phase, w.retryAt = delayed, time.Now().Add(w.retry.next())
		signal(c.wake)
	case code == codeUnauthorized && c.opts.Token != nil && !w.denied:
		s.deny(w)
	default:
		return false
	}
	return true
}

// deny delays a channel until the server was shown a fresh token, if that has not happened since it was
// asked for. Called with client.mu held.
func (s *session) deny(w *wanted) {
	w.phase, w.denied, w.retryAt = delayed, true, time.Time{}
	switch {
	case w.shown < s.shown:
		w.retryAt = time.Now()
		signal(s.client.wake)
	case !s.renewal:
		s.renewal = true
		signal(s.denied)
	}
}

// fail tells whoever waits for a channel's first answer that it is refused; false if nobody does.
func (s *session) fail(w *wanted, why *Error) bool {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	a := w.admission
	if w.answered || a.over && a.err == nil {
		return false
	}
	a.settle(why)
	s.client.forget(w)
	return true
}
