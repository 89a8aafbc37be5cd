package icomet

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrClosed is returned when the client, subscription or batcher has been closed.
	ErrClosed = errors.New("icomet: closed")
	// ErrSubscribed is returned when a channel is subscribed already by the same client.
	ErrSubscribed = errors.New("icomet: channel is subscribed already")
	// ErrDisconnected is returned when the connection was lost ahead of the answer, so that it is not
	// known whether the command was carried out.
	ErrDisconnected = errors.New("icomet: connection lost ahead of the answer")
	// ErrNeedsWebSocket is returned when a command was given while the client had to fall back to a
	// transport on which there are none.
	ErrNeedsWebSocket = errors.New("icomet: needs a WebSocket, which does not get through")
	// ErrTooManyChannels is returned (as State.Err) when the list of channels is too long for one
	// request. Over WebSocket it is sent in parts.
	ErrTooManyChannels = errors.New("icomet: list of channels is too long for one request")
)

// Why a session ended, as State.Err tells.
var (
	errSilent     = errors.New("icomet: the server was silent for too long")
	errNoHello    = errors.New("icomet: no hello within the limit")
	errIdle       = errors.New("icomet: no channel to ask for")
	errEmptyPoll  = errors.New("icomet: empty answer to a poll")
	errBadMessage = errors.New("icomet: message cannot be read")
	errLost       = errors.New("icomet: the server left out a message")
	errBetter     = errors.New("icomet: a better transport is tried again")
)

// Error is what a server answered instead of doing as asked.
type Error struct {
	// Code is one of the protocol's codes: of an error message (401, 403, ...), an HTTP status, or
	// of the close frame of a WebSocket (1001, 4401, ...).
	Code int
	// Text is the server's explanation, for people.
	Text string
	// Channel is what the error is about; empty when it is about more than one channel or none.
	Channel string
	// RetryAfter is how long the server asks to wait; 0 if it does not say.
	RetryAfter time.Duration
}

func (e *Error) Error() string {
	text := fmt.Sprintf("icomet: error %d", e.Code)
	if e.Text != "" {
		text += ": " + e.Text
	}
	if e.Channel != "" {
		text += fmt.Sprintf(" (channel %q)", e.Channel)
	}
	return text
}

// The codes that the package itself acts upon.
const (
	codeBad          = 400
	codeUnauthorized = 401
	codeForbidden    = 403
	codeTooLarge     = 413
	codeTooMany      = 429
	codeOverloaded   = 503
)

// codeOf is the code of the Error in err, else 0.
func codeOf(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}
