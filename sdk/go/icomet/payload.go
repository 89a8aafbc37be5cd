package icomet

import "encoding/json"

// Payload is what a message carries: a text, a JSON value or bytes, and perhaps the name of an event. It
// is made by Text, JSON or Bytes.
type Payload struct {
	content *string
	data    json.RawMessage
	bytes   []byte
	event   string
	err     error
}

// Text is a payload of text. What is not UTF-8 in it becomes U+FFFD.
func Text(s string) Payload { return Payload{content: &s} }

// JSON is a payload of any value that encoding/json can write. An error in that is returned where the
// payload is published.
func JSON(v any) Payload {
	data, err := encode(v)
	return Payload{data: data, err: err}
}

// Bytes is a payload of bytes. b is kept, and must not be changed until it is published.
func Bytes(b []byte) Payload {
	if b == nil {
		b = []byte{}
	}
	return Payload{bytes: b}
}

// Named is p with the name of an event.
func (p Payload) Named(event string) Payload {
	p.event = event
	return p
}

// payloadJSON is how a payload stands in commands and publications.
type payloadJSON struct {
	Content *string         `json:"content,omitempty"`
	Data    json.RawMessage `json:"data,omitempty"`
	Base64  *[]byte         `json:"base64,omitempty"`
	Event   string          `json:"event,omitempty"`
}

func (p Payload) wire() (payloadJSON, error) {
	w := payloadJSON{Content: p.content, Data: p.data, Event: p.event}
	if p.bytes != nil {
		w.Base64 = &p.bytes
	}
	if p.err == nil && w.Content == nil && w.Data == nil && w.Base64 == nil {
		return w, &Error{Code: codeBad, Text: "no payload"}
	}
	return w, p.err
}
