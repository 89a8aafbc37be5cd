package delivery

import "github.com/icomet/icomet/internal/hub"

// stream is a JSON text a line.
type stream struct{}

func (stream) ContentType() string              { return "application/json; charset=utf-8" }
func (stream) AppendPreamble(dst []byte) []byte { return dst }

func (stream) AppendFrame(dst []byte, messages ...*hub.Message) []byte {
	for _, m := range messages {
		dst = append(AppendMessage(dst, m), '\n')
	}
	return dst
}

func (stream) AppendText(dst, json []byte) []byte { return append(append(dst, json...), '\n') }
