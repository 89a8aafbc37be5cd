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
	// WebSocket is a connection that goes on as one (RFC 6455). It has messages of v1 only.
	WebSocket
	// Kinds is the number of kinds.
	Kinds
)

// Encoder writes messages for subscriptions of one kind. Encoders have no state: they are safe for
// concurrent use.
//
// There are two forms of messages. Clients of the original get those of [AppendMessage], by AppendFrame. The
// JSON texts of v1 (v1.go) are carried by AppendText.
type Encoder interface {
	// ContentType is the media type of the answer.
	ContentType() string
	// AppendPreamble appends what the answer begins with.
	AppendPreamble(dst []byte) []byte
	// AppendFrame appends one message, or several where the kind sends them together.
	AppendFrame(dst []byte, messages ...*hub.Message) []byte
	// AppendText appends one JSON text of v1. A poll has one for its whole answer, which is an array.
	AppendText(dst, json []byte) []byte
}

var encoders = [Kinds]Encoder{
	Poll: poll{}, Stream: stream{}, Iframe: iframe{}, SSE: sse{}, WebSocket: webSocket{},
}

// Of returns the encoder of a kind. Polls with a callback have their own: [JSONP].
func Of(k Kind) Encoder { return encoders[k] }

// Endless tells whether subscriptions of the kind stay after a message.
func (k Kind) Endless() bool { return k != Poll }

// String is the kind's name in metrics.
func (k Kind) String() string {
	return [Kinds]string{"poll", "stream", "iframe", "sse", "websocket"}[k]
}
