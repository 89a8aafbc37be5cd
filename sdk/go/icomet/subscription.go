package icomet

import (
	"context"
	"errors"
	"io"
	"iter"
)

// Subscription is a set of channels whose events come through one bounded queue, in the order in which
// they came from the server. Events are taken by Next, Events or Messages. All methods are safe for
// concurrent use.
//
// All subscriptions of a client share its connection: one that is not read holds up the others when its
// queue is full.
type Subscription struct {
	client *Client
	queue  *queue

	count int  // channels; guarded by client.mu
	ended bool // had channels and has none any more; guarded by client.mu
}

// end is called with client.mu held, when the last channel is gone.
func (s *Subscription) end() {
	s.ended = true
	s.queue.close(io.EOF)
}

// Add subscribes more channels, as Client.Subscribe does. A subscription that has ended returns ErrClosed.
func (s *Subscription) Add(ctx context.Context, channels ...Channel) error {
	a, err := s.client.register(s, channels)
	if err != nil {
		return err
	}
	if err := s.client.admit(ctx, a); err != nil {
		s.Remove(namesOf(channels)...)
		return err
	}
	return nil
}

func namesOf(channels []Channel) []string {
	names := make([]string, 0, len(channels))
	for _, channel := range channels {
		names = append(names, channel.Name)
	}
	return names
}

// Remove unsubscribes channels. It does not wait. Events that are queued still come. The subscription ends
// with its last channel.
func (s *Subscription) Remove(channels ...string) {
	if len(channels) > 0 {
		s.client.drop(s, channels)
	}
}

// Close unsubscribes all channels. It does not wait. Events that are queued can still be taken.
func (s *Subscription) Close() {
	s.queue.close(ErrClosed)
	s.client.drop(s, nil)
}

// Next waits for the next event. It returns the error of ctx, ErrClosed after Close of the subscription or
// client, and io.EOF once the subscription has no channel left.
func (s *Subscription) Next(ctx context.Context) (Event, error) {
	return s.queue.pop(ctx)
}

// Events are what Next returns. They end with the subscription; when ctx is done they yield its error
// first.
func (s *Subscription) Events(ctx context.Context) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for {
			e, err := s.Next(ctx)
			switch {
			case errors.Is(err, io.EOF) || errors.Is(err, ErrClosed):
				return
			case err != nil:
				yield(nil, err)
				return
			case !yield(e, nil):
				return
			}
		}
	}
}

// Messages are the messages alone, without presence. In the place of messages that will not come it yields
// a *Gap as the error, and for a channel that the server refuses any longer its *Error; both with a nil
// message, and then goes on. It ends like Events.
func (s *Subscription) Messages(ctx context.Context) iter.Seq2[*Message, error] {
	return func(yield func(*Message, error) bool) {
		for e, err := range s.Events(ctx) {
			var m *Message
			switch e := e.(type) {
			case *Message:
				m = e
			case *Gap:
				err = e
			case *Closed:
				err = e.Err
			}
			if (m != nil || err != nil) && !yield(m, err) {
				return
			}
		}
	}
}

// Position is where channel goes on behind the last event that was taken from the subscription. It is false
// if that is not known yet. It outlives the channel and the subscription.
func (s *Subscription) Position(channel string) (Position, bool) {
	p, ok := s.queue.positions()[channel]
	return p, ok
}

// Positions are the positions of all channels by name. The map is the caller's.
func (s *Subscription) Positions() map[string]Position { return s.queue.positions() }
