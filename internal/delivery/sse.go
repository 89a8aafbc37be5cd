package delivery

import (
	"strconv"

	"github.com/icomet/icomet/internal/hub"
)

// sse is server-sent events (HTML, section 9.2). The id of an event is the seq of the last message that
// the client has by then; a browser sends it back as Last-Event-ID and goes on behind it. Noops and
// errors leave it as it is.
type sse struct{}

const (
	sseData = "data: "
	sseEnd  = "\n\n"
)

func (sse) ContentType() string              { return "text/event-stream; charset=utf-8" }
func (sse) AppendPreamble(dst []byte) []byte { return dst }

func (sse) AppendFrame(dst []byte, messages ...*hub.Message) []byte {
	for _, m := range messages {
		switch m.Type {
		case hub.Data, hub.Broadcast:
			dst = appendID(dst, m.Seq)
		case hub.NextSeq:
			dst = appendID(dst, m.Seq-1)
		}
		dst = append(AppendMessage(append(dst, sseData...), m), sseEnd...)
	}
	return dst
}

// AppendText appends the line of the data, which ends an event. Lines of AppendEventName and AppendEventID
// may stand ahead of it.
func (sse) AppendText(dst, json []byte) []byte {
	return append(append(append(dst, sseData...), json...), sseEnd...)
}

// AppendEventName appends the line with which an event is named. The name has no line break: see
// [IsEventName].
func AppendEventName(dst []byte, name string) []byte {
	dst = append(dst, "event: "...)
	dst = append(dst, name...)
	return append(dst, '\n')
}

// AppendEventID appends the line of an event's id.
func AppendEventID(dst, id []byte) []byte {
	dst = append(dst, "id: "...)
	dst = append(dst, id...)
	return append(dst, '\n')
}

func appendID(dst []byte, seq int64) []byte {
	dst = append(dst, "id: "...)
	dst = strconv.AppendInt(dst, int64(hub.WireSeq(seq)), 10)
	return append(dst, '\n')
}
