package reliability

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
)

// event is a message of protocol v1, in the form that the manual fixes: keys in its order, no spaces. Slices point
// into what was parsed.
type event struct {
	kind, channel, epoch, reason []byte
	name                         []byte // of the event, if the publisher gave one
	text                         []byte // the payload, whatever its form; of an error, what is wrong
	id                           int64  // of the command that it answers, or noID
	seq, from, to, code          int64
}

const noID = -1

// parseEvents reads one event, or an array of them, and appends them to dst.
func parseEvents(dst []event, text []byte) (_ []event, isArray bool, err error) {
	c := cursor{rest: text}
	isArray = c.has("[")
	for {
		dst = append(dst, c.event())
		if !isArray || !c.has(",") {
			break
		}
	}
	if isArray {
		c.literal("]")
	}
	if len(c.rest) > 0 {
		c.fail("nothing more")
	}
	if c.err != nil {
		err = fmt.Errorf("%w in %.300q", c.err, text)
	}
	return dst, isArray, err
}

// parseBinary reads a binary frame: the envelope, a line feed, and the payload.
func parseBinary(frame []byte) (event, error) {
	envelope, payload, ok := bytes.Cut(frame, []byte("}\n"))
	c := cursor{rest: envelope}
	e := c.message()
	if c.err == nil && (!ok || len(c.rest) > 0) {
		c.fail("the end of the envelope")
	}
	e.text = payload
	if c.err != nil {
		return e, fmt.Errorf("%w in the binary frame %.300q", c.err, frame)
	}
	return e, nil
}

// cursor reads literal texts and values from the front of a text. After a mistake it reads nothing.
type cursor struct {
	rest []byte
	err  error
}

func (c *cursor) fail(wanted string) {
	if c.err == nil {
		c.err = fmt.Errorf("%s is due at %.60q", wanted, c.rest)
	}
}

// has skips text if it is next.
func (c *cursor) has(text string) bool {
	if c.err != nil || len(c.rest) < len(text) || string(c.rest[:len(text)]) != text {
		return false
	}
	c.rest = c.rest[len(text):]
	return true
}

func (c *cursor) literal(text string) {
	if !c.has(text) {
		c.fail(text)
	}
}

// value is what stands between a literal text and the next quote.
func (c *cursor) value(before string) []byte {
	c.literal(before)
	i := bytes.IndexByte(c.rest, '"')
	if c.err != nil || i < 0 {
		c.fail("a string")
		return nil
	}
	value := c.rest[:i]
	c.rest = c.rest[i+1:]
	return value
}

// number is the one behind a literal text.
func (c *cursor) number(before string) int64 {
	c.literal(before)
	n := 0
	for n < len(c.rest) && c.rest[n] >= '0' && c.rest[n] <= '9' {
		n++
	}
	value, err := strconv.ParseInt(string(c.rest[:n]), 10, 64)
	if err != nil {
		c.fail("a number")
	}
	c.rest = c.rest[n:]
	return value
}

// message reads the head of an event that is a message or the end of a channel.
func (c *cursor) message() (e event) {
	e.id = noID
	e.kind = c.value(`{"type":"`)
	e.channel = c.value(`,"cname":"`)
	e.seq = c.number(`,"seq":`)
	e.epoch = c.value(`,"epoch":"`)
	if c.has(`,"event":"`) {
		e.name = c.value("")
	}
	return e
}

// event reads an event and its end.
func (c *cursor) event() (e event) {
	start := *c
	e.id, e.kind = noID, c.value(`{"type":"`)
	if c.has(`,"id":`) {
		e.id = c.number("")
	}
	switch string(e.kind) {
	case "hello":
		c.number(`,"v":1,"noop":`)
	case "noop", "pong":
	case "subscribed", "published":
		e.channel, e.seq, e.epoch = c.value(`,"cname":"`), c.number(`,"seq":`), c.value(`,"epoch":"`)
	case "unsubscribed":
		e.channel = c.value(`,"cname":"`)
	case "gap":
		e.channel, e.epoch = c.value(`,"cname":"`), c.value(`,"epoch":"`)
		e.from, e.to, e.reason = c.number(`,"from":`), c.number(`,"to":`), c.value(`,"reason":"`)
	case "close":
		*c = start
		e = c.message()
	case "data", "broadcast":
		*c = start
		e = c.message()
		e.text = c.payload()
	case "error":
		e.code = c.number(`,"code":`)
		if c.has(`,"cname":"`) {
			e.channel = c.value("")
		}
		e.text = c.value(`,"text":"`)
	default:
		c.fail("a known type")
	}
	c.literal("}")
	return e
}

// payload reads what a message says in any of the forms that publishers of these tests give it.
func (c *cursor) payload() []byte {
	switch {
	case c.has(`,"data":["`):
		text := c.value("")
		c.literal("]")
		return text
	case c.has(`,"base64":"`):
		text, err := base64.StdEncoding.AppendDecode(nil, c.value(""))
		if err != nil {
			c.fail("base64")
		}
		return text
	}
	return c.value(`,"content":"`)
}
