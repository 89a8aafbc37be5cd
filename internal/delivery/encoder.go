package delivery

import (
	"github.com/icomet/icomet/internal/hub"
)

// Kind is a kind of subscription.
type Kind uint8

const (
	// Poll answers one request with what is new, and ends: /poll and /sub.
	Poll Kind = iota
	// Stream is one JSON text a line, endless.
	Stream
	// Iframe is a page with a script element for each message, endless.
	Iframe
	// SSE is server-sent events, endless.
	SSE
	// Kinds is the number of kinds.
	Kinds
)

// Encoder writes messages for subscriptions of one kind. Encoders have no state: they are safe for
// concurrent use.
type Encoder interface {
	// ContentType is the media type of the answer.
	ContentType() string
	// AppendPreamble appends what the answer begins with.
	AppendPreamble(dst []byte) []byte
	// AppendFrame appends one message, or several where the kind sends them together.
	AppendFrame(dst []byte, messages ...*hub.Message) []byte
}

var encoders = [Kinds]Encoder{Poll: poll{}, Stream: stream{}, Iframe: iframe{}, SSE: sse{}}

// Of returns the encoder of a kind. Polls with a callback have their own: [JSONP].
func Of(k Kind) Encoder { return encoders[k] }

// Endless tells whether subscriptions of the kind stay after a message.
func (k Kind) Endless() bool { return k != Poll }

// String is the kind's name in metrics.
func (k Kind) String() string { return [Kinds]string{"poll", "stream", "iframe", "sse"}[k] }
