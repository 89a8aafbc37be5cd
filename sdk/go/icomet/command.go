package icomet

import (
	"context"
	"fmt"
)

// Members are those who are subscribed to a channel.
type Members struct {
	// Members are at most 1000 of them; Count is how many there are.
	Members []Member
	Count   int
}

// Publish publishes on a channel over the client's WebSocket, where the server lets it, and returns the
// number that the message was given.
//
// It waits for a connection, and for the answer, until ctx is done. It is not repeated: ErrDisconnected
// means that the message may or may not have been published; only a Publisher has idempotency keys.
// Other errors are an *Error, ErrNeedsWebSocket and ErrClosed. No answer is seen while the client waits for
// room in a subscription's queue.
func (c *Client) Publish(ctx context.Context, channel string, payload Payload) (Receipt, error) {
	p, err := payload.wire()
	if err != nil {
		return Receipt{}, err
	}
	e, err := c.call(ctx, command{Cmd: "publish", Channel: channel, payloadJSON: p})
	if err != nil {
		return Receipt{}, err
	}
	return Receipt{Channel: channel, Seq: e.Seq, Epoch: e.Epoch}, nil
}

// Members asks who is subscribed to a channel that the client is subscribed to as well. For waits and
// errors see Publish.
func (c *Client) Members(ctx context.Context, channel string) (Members, error) {
	e, err := c.call(ctx, command{Cmd: "members", Channel: channel})
	if err != nil {
		return Members{}, err
	}
	return Members{e.Members, e.Count}, nil
}

// Ping waits for the server's answer to a ping. For waits and errors see Publish.
func (c *Client) Ping(ctx context.Context) error {
	_, err := c.call(ctx, command{Cmd: "ping"})
	return err
}

// call gives a command and waits for its answer.
func (c *Client) call(ctx context.Context, cmd command) (*envelope, error) {
	s, err := c.connected(ctx)
	if err != nil {
		return nil, err
	}
	id, answer := s.expect()
	defer s.unexpect(id)
	cmd.ID = id
	if err := s.link.(*socket).send(ctx, cmd); err != nil {
		return nil, err
	}
	select {
	case e := <-answer:
		if e.Type == "error" {
			return nil, e.refusal()
		}
		return e, nil
	case <-s.ctx.Done():
		if c.ctx.Err() != nil {
			return nil, ErrClosed
		}
		return nil, fmt.Errorf("%w: %w", ErrDisconnected, context.Cause(s.ctx))
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// connected waits for a session over WebSocket.
func (c *Client) connected(ctx context.Context) (*session, error) {
	c.addCaller(1)
	defer c.addCaller(-1)
	for {
		c.mu.Lock()
		s, trying, changed := c.session, c.trying, c.changed
		c.mu.Unlock()
		switch {
		case s != nil && s.kind == WebSocket:
			return s, nil
		case trying != "" && trying != WebSocket:
			return nil, ErrNeedsWebSocket
		}
		select {
		case <-changed:
		case <-c.ctx.Done():
			return nil, ErrClosed
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (c *Client) addCaller(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.callers += n
	signal(c.wake)
}

// expect makes the number of a command, and where its answer goes.
func (s *session) expect() (uint64, <-chan *envelope) {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	answer := make(chan *envelope, 1)
	s.lastID++
	s.answers[s.lastID] = answer
	return s.lastID, answer
}

func (s *session) unexpect(id uint64) {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	delete(s.answers, id)
}

// answer hands e to the command that it answers; false if it answers none.
func (s *session) answer(e *envelope) bool {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	to, ok := s.answers[e.ID]
	if ok {
		delete(s.answers, e.ID)
		to <- e
	}
	return ok
}
