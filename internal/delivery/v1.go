package delivery

import (
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/icomet/icomet/internal/hub"
)

// Version is the version of the protocol that the messages of this file belong to.
const Version = 1

// EventNameBytesMax bounds the name of an event.
const EventNameBytesMax = 128

// IsEventName tells whether text may name an event: UTF-8 in one line that needs no escaping in JSON, nor in
// server-sent events.
func IsEventName(text string) bool {
	if len(text) > EventNameBytesMax || !utf8.ValidString(text) {
		return false
	}
	for i := range len(text) {
		if b := text[i]; b < ' ' || b == '"' || b == '\\' || b == 0x7f {
			return false
		}
	}
	return true
}

// NoID stands for a command without an id, which is not shown in its answer.
const NoID = -1

// begin appends the keys that most messages begin with. id is that of a command, or NoID.
func begin(dst []byte, kind string, id int64) []byte {
	dst = append(dst, `{"type":"`...)
	dst = append(dst, kind...)
	dst = append(dst, '"')
	if id != NoID {
		dst = append(dst, `,"id":`...)
		dst = strconv.AppendInt(dst, id, 10)
	}
	return dst
}

func appendName[T string | []byte](dst []byte, name T) []byte {
	dst = append(dst, `,"cname":"`...)
	dst = AppendContent(dst, name)
	return append(dst, '"')
}

func appendNumber(dst []byte, key string, n int64) []byte {
	dst = append(dst, `,"`...)
	dst = append(dst, key...)
	dst = append(dst, `":`...)
	return strconv.AppendInt(dst, n, 10)
}

func appendEpoch(dst []byte, e hub.Epoch) []byte {
	dst = append(dst, `,"epoch":"`...)
	dst = e.AppendText(dst)
	return append(dst, '"')
}

// AppendHello appends what an endless answer begins with: the version, and the seconds between
// heartbeats.
func AppendHello(dst []byte, noopSeconds int) []byte {
	dst = appendNumber(begin(dst, "hello", NoID), "v", Version)
	return append(appendNumber(dst, "noop", int64(noopSeconds)), '}')
}

// AppendHeartbeat appends the heartbeat.
func AppendHeartbeat(dst []byte) []byte { return append(begin(dst, "noop", NoID), '}') }

// Position is where a subscriber stands in a channel: the life of it, and the number to go on from.
type Position struct {
	Epoch hub.Epoch
	Next  int64
}

// AppendSubscribed appends the acceptance of a subscription.
func AppendSubscribed[T string | []byte](dst []byte, id int64, name T, p Position) []byte {
	return appendAnswer(dst, "subscribed", id, name, p)
}

// AppendFollowed appends the acceptance of a pattern.
func AppendFollowed[T string | []byte](dst []byte, id int64, pattern T) []byte {
	return append(appendName(begin(dst, "subscribed", id), pattern), '}')
}

// AppendPublished appends the answer to a publication; p.Next is the number of the message.
func AppendPublished[T string | []byte](dst []byte, id int64, name T, p Position) []byte {
	return appendAnswer(dst, "published", id, name, p)
}

func appendAnswer[T string | []byte](dst []byte, kind string, id int64, name T, p Position) []byte {
	dst = appendName(begin(dst, kind, id), name)
	dst = appendNumber(dst, "seq", p.Next)
	return append(appendEpoch(dst, p.Epoch), '}')
}

// AppendUnsubscribed appends the end of a subscription that the client has asked for.
func AppendUnsubscribed[T string | []byte](dst []byte, id int64, name T) []byte {
	return append(appendName(begin(dst, "unsubscribed", id), name), '}')
}

// AppendAuthorized appends the acceptance of a token, and when it ends if it does.
func AppendAuthorized(dst []byte, id int64, expires time.Time) []byte {
	dst = begin(dst, "authorized", id)
	if !expires.IsZero() {
		dst = appendNumber(dst, "expires", expires.Unix())
	}
	return append(dst, '}')
}

// AppendPong appends the answer to a ping.
func AppendPong(dst []byte, id int64) []byte { return append(begin(dst, "pong", id), '}') }

// AppendLive appends a message as it is delivered.
func AppendLive(dst []byte, m *hub.Message) []byte {
	return appendPayload(appendHead(dst, m), &m.Payload)
}

// AppendLiveHead appends a message without payload: the end of a channel, or one whose payload follows in
// another form.
func AppendLiveHead(dst []byte, m *hub.Message) []byte {
	return append(appendHead(dst, m), '}')
}

func appendHead(dst []byte, m *hub.Message) []byte {
	dst = appendName(begin(dst, m.Type.String(), NoID), m.Channel)
	dst = appendEpoch(appendNumber(dst, "seq", m.Seq), m.Epoch)
	if m.Event != "" {
		dst = append(dst, `,"event":"`...)
		dst = append(dst, m.Event...)
		dst = append(dst, '"')
	}
	return dst
}

// appendPayload appends the payload under the key that says its form, and the end of the message.
func appendPayload(dst []byte, p *hub.Payload) []byte {
	switch p.Form {
	case hub.JSON:
		dst = append(dst, `,"data":`...)
		dst = append(dst, p.Content...)
		return append(dst, '}')
	case hub.Binary:
		dst = append(dst, `,"base64":"`...)
	default:
		dst = append(dst, `,"content":"`...)
	}
	dst = append(dst, p.Content...)
	return append(dst, `"}`...)
}

// AppendGap appends a gap: numbers that will not come.
func AppendGap(dst []byte, name string, epoch hub.Epoch, e *hub.Entry) []byte {
	dst = appendEpoch(appendName(begin(dst, "gap", NoID), name), epoch)
	dst = appendNumber(appendNumber(dst, "from", e.Seq), "to", e.To)
	dst = append(dst, `,"reason":"`...)
	dst = append(dst, e.Reason.String()...)
	return append(dst, `"}`...)
}

// Problem is an error that a client is told.
type Problem struct {
	ID      int64  // of the command, or NoID
	Code    int    // see the table in the manual
	Channel []byte // nil if it is about none
	Text    string
}

// AppendProblem appends an error.
func AppendProblem(dst []byte, p *Problem) []byte {
	dst = appendNumber(begin(dst, "error", p.ID), "code", int64(p.Code))
	if p.Channel != nil {
		dst = appendName(dst, p.Channel)
	}
	dst = append(dst, `,"text":"`...)
	dst = AppendContent(dst, p.Text)
	return append(dst, `"}`...)
}
