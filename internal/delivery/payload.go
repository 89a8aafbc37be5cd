package delivery

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/icomet/icomet/internal/hub"
)

var (
	// ErrForm is returned by NewPayload when there is not exactly one payload.
	ErrForm = errors.New("exactly one of content, data and base64 is needed")
	// ErrBase64 is returned by NewPayload when bytes are not in base64.
	ErrBase64 = errors.New("base64 is not base64 with padding")
	// ErrEvent is returned by NewPayload when the name of the event cannot be one.
	ErrEvent = errors.New("event must be a name of at most 128 bytes without quotes, backslashes and control characters")
)

// NewPayload makes a payload of what a publisher gave: text, a JSON value, or bytes in base64; nil is what was
// not given. A JSON value is kept without the white space around its parts.
func NewPayload(content *string, data json.RawMessage, b64 *string, event string) (hub.Payload, error) {
	p := hub.Payload{Event: event}
	if !IsEventName(event) {
		return p, ErrEvent
	}
	forms := 0
	if content != nil {
		forms++
		p.Form, p.Content = hub.Text, escaped(*content)
	}
	if data != nil {
		forms++
		p.Form, p.Content = hub.JSON, compact(data)
	}
	if b64 != nil {
		forms++
		if !isBase64(*b64) {
			return p, ErrBase64
		}
		p.Form, p.Content = hub.Binary, *b64
	}
	if forms != 1 {
		return p, ErrForm
	}
	return p, nil
}

// escaped is text as the inside of a JSON string: text itself where nothing is to be escaped.
func escaped(text string) string {
	for i := range len(text) {
		if b := text[i]; b < ' ' || b == '"' || b == '\\' || b >= utf8.RuneSelf-1 {
			return string(AppendContent(nil, text))
		}
	}
	return text
}

// isBase64 tells whether text is bytes in base64 with padding. The decoder passes over line breaks, which must
// not get into a message.
func isBase64(text string) bool {
	if strings.ContainsAny(text, "\r\n") {
		return false
	}
	_, err := base64.StdEncoding.Strict().DecodeString(text)
	return err == nil
}

// compact takes the white space out of a JSON text, which is valid. Line separators, which would end a line of a
// stream or an event, go with it; within strings JSON has none but as escapes.
func compact(data json.RawMessage) string {
	var b bytes.Buffer
	if err := json.Compact(&b, data); err != nil {
		panic("delivery: JSON that was parsed is not valid: " + err.Error())
	}
	return string(bytes.ToValidUTF8(b.Bytes(), []byte("\uFFFD")))
}
