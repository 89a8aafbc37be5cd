package icomet

import (
	"errors"
	"time"
)

const (
	// steadyAfter is how long a connection must have lasted for the next one to be made soon.
	steadyAfter = 10 * time.Second
	// fallbackFor is how long another transport than the first is used before the first is tried again.
	fallbackFor = 10 * time.Minute
	// denialsMax is how many connections in a row the server refuses for their token before calls that
	// wait for a first answer fail.
	denialsMax = 2
)

// ladder is the choice of the transport. It belongs to the goroutine of run.
type ladder struct {
	transports []Transport
	rung       int
	fell       time.Time // when the first transport was given up
	retry      backoff
	denials    int
}

// after decides, when a session has ended, which transport is next and how long to wait ahead of it.
//
// A transport that never brought the hello gives way to the next. What would befall all of them alike
// (no connection, overload, a refused token) is no reason to change.
func (l *ladder) after(s *session, err error, lasted time.Duration, now time.Time) time.Duration {
	if lasted >= steadyAfter && s.greeted {
		l.retry.tries = 0
	}
	code := codeOf(err)
	l.countDenials(s, code)
	switch {
	case errors.Is(err, errBetter):
		l.rung = 0
		return 0
	case s.greeted:
		if now.Sub(l.fell) >= fallbackFor {
			l.rung = 0
		}
	case isUnreachable(err) || code == codeOverloaded || code == codeTooMany || code == codeUnauthorized || code == codeForbidden:
	case l.rung+1 < len(l.transports):
		if l.rung == 0 {
			l.fell = now
		}
		l.rung++
		return 0
	default:
		l.rung = 0
	}
	var refused *Error
	pause := l.retry.next()
	if errors.As(err, &refused) {
		pause = max(pause, refused.RetryAfter)
	}
	return pause
}

func (l *ladder) countDenials(s *session, code int) {
	if !s.greeted && (code == codeUnauthorized || code == codeForbidden) {
		l.denials++
	} else {
		l.denials = 0
	}
}

// run makes one session after another until the client is closed.
func (c *Client) run() {
	defer close(c.stopped)
	l := ladder{transports: c.opts.Transports, retry: backoff{first: c.opts.BackoffFirst, most: c.opts.BackoffMax}}
	for c.awaitWork() {
		began := time.Now()
		s := c.newSession(l.transports[l.rung])
		if l.rung > 0 {
			s.endIn(fallbackFor-began.Sub(l.fell), errBetter)
		}
		err := s.serve()
		c.setSession(nil, s.kind)
		if c.ctx.Err() != nil {
			return
		}
		if errors.Is(err, errIdle) && !c.hasWork() {
			c.opts.OnState(State{Transport: s.kind, Err: err})
			continue
		}
		now := time.Now()
		pause := l.after(s, err, now.Sub(began), now)
		if l.denials >= denialsMax {
			c.refuseNew(err)
		}
		c.opts.OnState(State{Transport: s.kind, Err: err, RetryIn: pause})
		if wait(c.ctx, pause) != nil {
			return
		}
	}
}

// awaitWork waits until there is a reason to be connected; false when the client is closed.
func (c *Client) awaitWork() bool {
	for !c.hasWork() {
		select {
		case <-c.wake:
		case <-c.ctx.Done():
			return false
		}
	}
	return c.ctx.Err() == nil
}

func (c *Client) hasWork() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.channels) > 0 || c.callers > 0
}
