package icomet

import (
	"encoding/json"
	"fmt"
)

// Event is what a subscription tells: *Message, *Gap, *Subscribed, *Closed, *Join or *Leave.
type Event interface {
	// position is where the channel goes on after the event; false if the event does not move it.
	position() (Position, bool)
	// channel is the name of the channel that it is about.
	channel() string
	// size is about how many bytes of memory it holds.
	size() int
}

// Message is a message of a channel. Exactly one of Data and Bytes is not nil, or both are and the
// payload is the text in Content. All of it belongs to the receiver.
type Message struct {
	Channel string
	// Seq is the message's number, and Epoch the life of the channel that it belongs to.
	Seq   uint64
	Epoch string
	// Broadcast tells that it was published to all channels.
	Broadcast bool
	// Event is the name that the publisher gave, or empty.
	Event string

	Content string
	Data    json.RawMessage
	Bytes   []byte
}

// After is where to go on after m. Kept once m is dealt with, it makes delivery at least once.
func (m *Message) After() Position { return Position{m.Epoch, m.Seq + 1} }

func (m *Message) position() (Position, bool) { return m.After(), true }
func (m *Message) channel() string            { return m.Channel }
func (m *Message) size() int {
	return eventBytes + len(m.Content) + len(m.Data) + len(m.Bytes) + len(m.Event)
}

// Reason is why messages will not come.
type Reason string

const (
	// Trimmed: they fell out of the channel's history, or were cleared.
	Trimmed Reason = "trimmed"
	// Restarted: the channel has begun a new life, and what the former one had behind the last seen
	// number is lost as well.
	Restarted Reason = "restarted"
	// Slow: this subscriber read too slowly.
	Slow Reason = "slow"
	// Expired: their time to live was over.
	Expired Reason = "expired"
	// Unknown: the server left them out unannounced. The client connects anew after that.
	Unknown Reason = "unknown"
)

// Gap says that the messages From to To (both included) of a channel will not come. As an error it is
// what Subscription.Messages yields in their place.
type Gap struct {
	Channel string
	// Epoch is the life that the numbers belong to: the new one if Reason is Restarted.
	Epoch string
	// To is From - 1 where nothing of a new life is missing.
	From, To uint64
	Reason   Reason
}

func (g *Gap) Error() string {
	return fmt.Sprintf("icomet: channel %q: messages %d to %d are missing: %s", g.Channel, g.From, g.To, g.Reason)
}

func (g *Gap) position() (Position, bool) { return Position{g.Epoch, g.To + 1}, true }
func (g *Gap) channel() string            { return g.Channel }
func (g *Gap) size() int                  { return eventBytes }

// Subscribed says that the server has subscribed a channel: the first time, and again after each
// connection that was made anew.
type Subscribed struct {
	Channel string
	// Position is the server's: where a channel that was not asked for at a Position begins.
	Position Position
	// Again tells that it was subscribed before.
	Again bool
}

func (s *Subscribed) position() (Position, bool) { return s.Position, false }
func (s *Subscribed) channel() string            { return s.Channel }
func (s *Subscribed) size() int                  { return eventBytes }

// Closed says that a channel is no longer subscribed. It is the last event of the channel.
type Closed struct {
	Channel string
	// Err is nil if the application closed the channel, else why the server refuses it (an *Error).
	Err error
}

func (c *Closed) position() (Position, bool) { return Position{}, false }
func (c *Closed) channel() string            { return c.Channel }
func (c *Closed) size() int                  { return eventBytes }

// Member is somebody who is subscribed to a channel.
type Member struct {
	// Client is who it is.
	Client string `json:"client"`
	// Info is a JSON object with more about it, or nil.
	Info json.RawMessage `json:"info,omitempty"`
}

// Join says that somebody has come. Only channels that were subscribed with Presence tell it.
type Join struct {
	Channel string
	Member
}

func (j *Join) position() (Position, bool) { return Position{}, false }
func (j *Join) channel() string            { return j.Channel }
func (j *Join) size() int                  { return eventBytes + len(j.Client) + len(j.Info) }

// Leave says that somebody has gone. Only channels that were subscribed with Presence tell it.
type Leave struct {
	Channel string
	Member
}

func (l *Leave) position() (Position, bool) { return Position{}, false }
func (l *Leave) channel() string            { return l.Channel }
func (l *Leave) size() int                  { return eventBytes + len(l.Client) + len(l.Info) }

// eventBytes is about what an event takes besides its payload.
const eventBytes = 160
