package reliability

import (
	"bytes"
	"fmt"
	"strconv"
)

// message is what a subscriber gets, in the form that the protocol fixes byte for byte.
type message struct {
	kind, channel string
	seq           int32
	content       string
}

// parseMessages reads one message, or an array of them, and appends them to dst. isArray tells which.
func parseMessages(dst []message, text []byte) (_ []message, isArray bool, err error) {
	inner, isArray := bytes.CutPrefix(text, []byte("["))
	for {
		m, rest, err := parseMessage(inner)
		if err != nil {
			return dst, isArray, fmt.Errorf("%w in %.300q", err, text)
		}
		dst = append(dst, m)
		switch {
		case !isArray && len(rest) == 0, isArray && string(rest) == "]":
			return dst, isArray, nil
		case isArray && rest[0] == ',':
			inner = rest[1:]
		default:
			return dst, isArray, fmt.Errorf("message with %.40q behind it", rest)
		}
	}
}

// parseMessage reads the message at the front of text.
func parseMessage(text []byte) (m message, rest []byte, err error) {
	rest = text
	if m.kind, rest, err = field(rest, `{"type":"`, `"`); err != nil {
		return m, rest, err
	}
	if m.channel, rest, err = field(rest, `,"cname":"`, `"`); err != nil {
		return m, rest, err
	}
	seq, rest, err := field(rest, `,"seq":`, `,`)
	if err != nil {
		return m, rest, err
	}
	n, err := strconv.ParseInt(seq, 10, 32)
	if err != nil {
		return m, rest, err
	}
	m.seq = int32(n)
	m.content, rest, err = field(rest, `"content":"`, `"}`)
	return m, rest, err
}

// field reads the value between two literal texts. No value in these tests holds a quote.
func field(text []byte, before, behind string) (value string, rest []byte, err error) {
	inner, ok := bytes.CutPrefix(text, []byte(before))
	i := bytes.Index(inner, []byte(behind))
	if !ok || i < 0 {
		return "", nil, fmt.Errorf("no %s…%s", before, behind)
	}
	return string(inner[:i]), inner[i+len(behind):], nil
}
