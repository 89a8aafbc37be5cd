package icomet

import "time"

// renewAgainIn is how long after a token could not be had, or ended at once, another is asked for.
const renewAgainIn = 5 * time.Second

// keep tells the server of what changes while the session lasts: the channels that are wanted, those to
// ask for once more, the token.
func (s *session) keep(t token) {
	renewal := time.NewTimer(renewAgainIn)
	defer renewal.Stop()
	schedule(renewal, t)
	ripe := time.NewTimer(0) // looks after what was delayed until now
	defer ripe.Stop()
	for {
		fresh := false
		select {
		case <-s.ctx.Done():
			return
		case <-s.client.wake:
		case <-ripe.C:
		case <-renewal.C:
			fresh = s.renew(renewal)
		case <-s.denied:
			fresh = s.renew(renewal)
		}
		if err := s.catchUp(fresh, ripe); err != nil {
			s.cancel(err)
			return
		}
	}
}

// schedule sets the timer for the renewal of t.
func schedule(renewal *time.Timer, t token) {
	if d, ends := t.renewIn(time.Now()); ends {
		renewal.Reset(max(d, renewAgainIn))
	} else {
		renewal.Stop()
	}
}

// renew gets a token and shows it to the server. If there is none to be had, the old one may still be good
// for a while.
func (s *session) renew(renewal *time.Timer) (fresh bool) {
	t, err := s.client.newToken(s.ctx)
	if err != nil {
		renewal.Reset(renewAgainIn)
		return false
	}
	if err := s.link.renew(t); err != nil {
		s.cancel(err)
		return false
	}
	s.client.mu.Lock()
	s.shown++
	s.client.mu.Unlock()
	schedule(renewal, t)
	return true
}

// catchUp asks for channels that were added or whose time has come.
func (s *session) catchUp(fresh bool, ripe *time.Timer) error {
	next, changed := s.ripen(time.Now(), fresh)
	if next.IsZero() {
		ripe.Stop()
	} else {
		ripe.Reset(time.Until(next))
	}
	if !changed {
		return nil
	}
	return s.link.refresh()
}

// ripen makes delayed channels idle whose time has come, and all that waited for a token if there is a
// fresh one. It returns when the next one's time comes, and whether there is anything to tell the server.
func (s *session) ripen(now time.Time, fresh bool) (next time.Time, changed bool) {
	c := s.client
	c.mu.Lock()
	defer c.mu.Unlock()
	if fresh {
		s.renewal = false
	}
	for _, w := range c.channels {
		switch {
		case w.phase != delayed:
		case w.retryAt.IsZero() && fresh, !w.retryAt.IsZero() && !w.retryAt.After(now):
			w.phase, c.dirty = idle, true
		case !w.retryAt.IsZero() && (next.IsZero() || w.retryAt.Before(next)):
			next = w.retryAt
		}
	}
	return next, c.dirty
}
