package delivery

import "github.com/icomet/icomet/internal/hub"

// poll is one JSON text and a newline: an object, or an array when messages were waiting.
type poll struct{}

func (poll) ContentType() string              { return "application/json; charset=utf-8" }
func (poll) AppendPreamble(dst []byte) []byte { return dst }

// AppendFrame appends several messages as an array. A live broadcast is one of them: the client gets
// it with the next_seq that follows it.
func (poll) AppendFrame(dst []byte, messages ...*hub.Message) []byte {
	return append(appendArrayOrOne(dst, messages), '\n')
}

func (poll) AppendText(dst, json []byte) []byte { return append(append(dst, json...), '\n') }

func appendArrayOrOne(dst []byte, messages []*hub.Message) []byte {
	if len(messages) == 1 {
		return AppendMessage(dst, messages[0])
	}
	return AppendArray(dst, messages)
}

// AppendArray appends messages as a JSON array, even a single one: what a poll gets from the history.
func AppendArray(dst []byte, messages []*hub.Message) []byte {
	dst = append(dst, '[')
	for i, m := range messages {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendMessage(dst, m)
	}
	return append(dst, ']')
}

// JSONP is the encoder of polls that name a callback, which must have passed [IsCallback]: a script
// that calls it.
type JSONP struct{ Callback string }

// ContentType implements Encoder.
func (JSONP) ContentType() string { return ScriptType }

// ScriptType is the media type of JSONP.
const ScriptType = "text/javascript; charset=utf-8"

// AppendPreamble implements Encoder.
func (JSONP) AppendPreamble(dst []byte) []byte { return dst }

// AppendFrame implements Encoder.
func (j JSONP) AppendFrame(dst []byte, messages ...*hub.Message) []byte {
	return AppendCall(dst, j.Callback, appendArrayOrOne(nil, messages))
}

// AppendText implements Encoder.
func (j JSONP) AppendText(dst, json []byte) []byte { return AppendCall(dst, j.Callback, json) }

// AppendCall appends a script that calls callback with json.
func AppendCall(dst []byte, callback string, json []byte) []byte {
	dst = append(dst, callback...)
	dst = append(dst, '(')
	dst = appendForScript(dst, json)
	return append(dst, ");\n"...)
}

// callbackBytesMax bounds the name of a callback.
const callbackBytesMax = 256

// IsCallback tells whether name is a callback that may be echoed: identifiers of ASCII letters,
// digits, "_" and "$", joined by dots, none beginning with a digit.
func IsCallback[T string | []byte](name T) bool {
	if len(name) > callbackBytesMax {
		return false
	}
	first := true
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == '$':
			first = false
		case c >= '0' && c <= '9' && !first:
		case c == '.' && !first:
			first = true
		default:
			return false
		}
	}
	return !first
}
