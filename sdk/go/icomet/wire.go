package icomet

import (
	"bytes"
	"encoding/json"
	"fmt"
)

const (
	// messageBytesMax bounds one message of the server. A longer one ends the connection.
	messageBytesMax = 16 << 20
	// commandBytesMax is how long a command, and the body of a subscription, may be for the server.
	commandBytesMax = 64 << 10
)

// envelope is any message of the server; which fields are set depends on Type.
type envelope struct {
	Type      string          `json:"type"`
	ID        uint64          `json:"id"`
	Code      int             `json:"code"`
	Channel   string          `json:"cname"`
	Seq       uint64          `json:"seq"`
	Epoch     string          `json:"epoch"`
	Event     string          `json:"event"`
	Content   string          `json:"content"`
	Data      json.RawMessage `json:"data"`
	Base64    []byte          `json:"base64"`
	From      uint64          `json:"from"`
	To        uint64          `json:"to"`
	Reason    Reason          `json:"reason"`
	Noop      float64         `json:"noop"`
	Text      string          `json:"text"`
	Client    string          `json:"client"`
	Info      json.RawMessage `json:"info"`
	Members   []Member        `json:"members"`
	Count     int             `json:"count"`
	ExpiresAt float64         `json:"expires"`
}

// decode reads one message. text is not kept.
func decode(text []byte) (*envelope, error) {
	e := new(envelope)
	if err := json.Unmarshal(text, e); err != nil {
		return nil, fmt.Errorf("%w: %w", errBadMessage, err)
	}
	return e, nil
}

// decodeBinary reads a message with bytes as they come in a binary frame: the envelope, LF, the bytes.
// The result refers to frame.
func decodeBinary(frame []byte) (*envelope, error) {
	head, payload, ok := bytes.Cut(frame, []byte("\n"))
	if !ok {
		return nil, fmt.Errorf("%w: binary frame without a line", errBadMessage)
	}
	e, err := decode(head)
	if err == nil {
		e.Base64 = payload
	}
	return e, err
}

func (e *envelope) position() Position { return Position{e.Epoch, e.Seq} }

func (e *envelope) message() *Message {
	return &Message{Channel: e.Channel, Seq: e.Seq, Epoch: e.Epoch, Broadcast: e.Type == "broadcast",
		Event: e.Event, Content: e.Content, Data: e.Data, Bytes: e.Base64}
}

func (e *envelope) refusal() *Error { return &Error{Code: e.Code, Text: e.Text, Channel: e.Channel} }

// command is what a client says over WebSocket.
type command struct {
	ID       uint64 `json:"id,omitempty"`
	Cmd      string `json:"cmd"`
	Channel  string `json:"cname,omitempty"`
	Channels []ask  `json:"channels,omitempty"`
	Token    string `json:"token,omitempty"`
	payloadJSON
}

// ask is how one channel is asked for.
type ask struct {
	Channel  string  `json:"cname"`
	Seq      uint64  `json:"seq,omitempty"`
	Epoch    string  `json:"epoch,omitempty"`
	Last     int     `json:"last,omitempty"`
	Since    float64 `json:"since,omitempty"`
	Token    string  `json:"token,omitempty"`
	Presence bool    `json:"presence,omitempty"`
}

// encode is v as JSON without the escapes that HTML needs. A failure is a payload's.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	w := json.NewEncoder(&b)
	w.SetEscapeHTML(false)
	if err := w.Encode(v); err != nil {
		return nil, fmt.Errorf("icomet: payload: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
