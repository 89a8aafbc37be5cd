package icomet

import (
	"context"
	"sync"
	"time"
)

// link is how a session talks to the server, one kind for each transport. All methods but read may be
// called by any goroutine. A link ends with the context of its session.
type link interface {
	// read waits for the next message.
	read() (*envelope, error)
	// refresh asks the server for the channels as they are wanted now.
	refresh() error
	// renew shows the server a fresh token.
	renew(token) error
}

// heartbeats is how many times the server's heartbeat interval it may be silent.
const heartbeats = 1.5

// heartbeatSlack is what is granted on top of that, for the way.
const heartbeatSlack = 2 * time.Second

// session is one connection, from the first request to the first failure. The goroutine that serves it
// reads and delivers; a second one, the keeper, tells the server of changes. Either one ends it by cancel,
// with the reason.
type session struct {
	client *Client
	kind   Transport
	ctx    context.Context
	cancel context.CancelCauseFunc
	tasks  sync.WaitGroup // its other goroutines
	denied chan struct{}  // a token: the server has refused the token of the connection

	// Of the serving goroutine.
	link     link
	greeted  bool
	silence  time.Duration // how long the server may be silent
	watchdog *time.Timer

	// Guarded by client.mu.
	renewal bool                      // the keeper was told by denied, and has not shown a fresh token yet
	shown   int                       // tokens, besides the first
	lastID  uint64                    // of a command
	authID  uint64                    // of the newest command with a token
	answers map[uint64]chan *envelope // of commands; each holds one
}

func (c *Client) newSession(kind Transport) *session {
	s := &session{client: c, kind: kind, denied: make(chan struct{}, 1), silence: c.opts.HelloLimit, answers: map[uint64]chan *envelope{}}
	if kind == Poll {
		s.silence = c.opts.Silence
	}
	s.ctx, s.cancel = context.WithCancelCause(c.ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dropped, c.dirty = nil, false // all that is wanted is asked for
	for _, w := range c.channels {
		w.phase, w.askID = idle, 0
	}
	return s
}

// endIn ends the session after a time, unless it has ended before.
func (s *session) endIn(d time.Duration, why error) {
	t := time.AfterFunc(d, func() { s.cancel(why) })
	context.AfterFunc(s.ctx, func() { t.Stop() })
}

// serve connects and delivers until something fails, and returns what. No goroutine of the session is
// left then.
func (s *session) serve() error {
	defer s.tasks.Wait()
	s.client.setSession(nil, s.kind)
	s.watchdog = time.AfterFunc(s.silence, func() { s.cancel(s.silent()) })
	defer s.watchdog.Stop()
	t, err := s.open()
	if err == nil {
		s.tasks.Go(func() { s.keep(t) })
	}
	for err == nil {
		err = s.turn()
	}
	s.cancel(err)
	return context.Cause(s.ctx)
}

// silent is why the watchdog ends a session.
func (s *session) silent() error {
	if s.kind == Poll {
		return errSilent
	}
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	if s.client.session != s {
		return errNoHello
	}
	return errSilent
}

// open makes the link.
func (s *session) open() (token, error) {
	t, err := s.client.newToken(s.ctx)
	if err != nil {
		return t, err
	}
	if s.kind != WebSocket {
		s.link = newAnswers(s, t)
		return t, nil
	}
	k, err := dialSocket(s, t)
	if err != nil {
		return t, err
	}
	s.link = k
	return t, k.refresh()
}

// turn reads one message and delivers it. The watchdog waits for the server, not for whoever takes the
// messages.
func (s *session) turn() error {
	s.watch()
	e, err := s.link.read()
	if s.watched() {
		s.watchdog.Stop()
	}
	if err != nil {
		return err
	}
	return s.handle(e)
}

// watched tells that each wait for the server is watched. Ahead of the hello all of them are together.
func (s *session) watched() bool { return s.greeted || s.kind == Poll }

// watch begins a wait for the server.
func (s *session) watch() {
	if s.watched() {
		s.watchdog.Reset(s.silence)
	}
}

// hello begins the session proper. An endless answer that takes the place of another brings one as well.
func (s *session) hello(e *envelope) {
	if s.greeted {
		return
	}
	s.greeted = true
	if e.Noop > 0 {
		s.silence = time.Duration(e.Noop*heartbeats*float64(time.Second)) + heartbeatSlack
	} else {
		s.silence = s.client.opts.Silence
	}
	s.client.setSession(s, s.kind)
	s.client.opts.OnState(State{Transport: s.kind, Online: true})
}
