package bench

import (
	"bytes"
	"fmt"
	"strings"
)

// Transport is the way in which subscribers receive messages.
type Transport uint8

const (
	// Poll asks again after each answer (long polling).
	Poll Transport = iota
	// JSONP is Poll with answers wrapped in a call of a function.
	JSONP
	// Stream is an endless answer with one message a line.
	Stream
	// SSE is an endless answer of server-sent events.
	SSE
	// Iframe is an endless page with a script element for each message.
	Iframe
)

var transportNames = [...]string{"poll", "jsonp", "stream", "sse", "iframe"}

// String is the transport's name on the command line.
func (t Transport) String() string { return transportNames[t] }

// MarshalText implements encoding.TextMarshaler.
func (t Transport) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *Transport) UnmarshalText(text []byte) error {
	for i, name := range transportNames {
		if name == string(text) {
			*t = Transport(i)
			return nil
		}
	}
	return fmt.Errorf("expected one of %s", strings.Join(transportNames[:], ", "))
}

// endless tells whether an answer goes on after a message.
func (t Transport) endless() bool { return t != Poll && t != JSONP }

// icometPath is the path and query of a subscription to an iComet server.
func (t Transport) icometPath() string {
	const query = "?cname={channel}&seq={seq}&noop={noop}"
	switch t {
	case Poll:
		return "/sub" + query
	case JSONP:
		return "/sub" + query + "&cb=" + jsonpCallback
	}
	return "/" + t.String() + query
}

// The wrapping of a message, by transport.
const (
	jsonpCallback = "icomet_cb"
	ssePrefix     = "data:"
	iframePrefix  = "<script>parent.icomet_cb("
	iframeSuffix  = ");</script>"
)

// unwrap returns the message in text, which is a line of an endless answer or the whole body of another;
// nil if there is none.
func (t Transport) unwrap(text []byte) []byte {
	text = bytes.TrimRight(text, "\r\n")
	switch t {
	case SSE:
		data, ok := bytes.CutPrefix(text, []byte(ssePrefix))
		if !ok {
			return nil
		}
		return bytes.TrimPrefix(data, []byte(" "))
	case Iframe:
		return between(text, iframePrefix, iframeSuffix)
	case JSONP:
		return between(text, jsonpCallback+"(", ");")
	}
	if len(text) == 0 {
		return nil
	}
	return text
}

func between(text []byte, prefix, suffix string) []byte {
	inner, ok := bytes.CutPrefix(text, []byte(prefix))
	if !ok {
		return nil
	}
	inner, ok = bytes.CutSuffix(inner, []byte(suffix))
	if !ok {
		return nil
	}
	return inner
}
