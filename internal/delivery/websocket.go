package delivery

import "github.com/icomet/icomet/internal/hub"

// webSocket is a JSON text a message. How that is framed depends on what the two sides have agreed on.
type webSocket struct{}

// ContentType is empty: the answer has no body.
func (webSocket) ContentType() string              { return "" }
func (webSocket) AppendPreamble(dst []byte) []byte { return dst }

// AppendFrame appends messages of v1, since there are no others.
func (webSocket) AppendFrame(dst []byte, messages ...*hub.Message) []byte {
	for _, m := range messages {
		dst = AppendLive(dst, m)
	}
	return dst
}

func (webSocket) AppendText(dst, json []byte) []byte { return append(dst, json...) }
