package reliability

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// transport is a way to subscribe.
type transport struct {
	name    string
	path    string
	params  string // of its own
	minor   int    // of the version of HTTP
	endless bool
	// lastEventID lets the transport go on as a browser's EventSource does: the same address again and
	// the last id in a header.
	lastEventID bool
	before      string // the text around each message
	behind      string

	// Of those of v1.
	v1     bool
	post   bool // the parameters are a form
	socket bool // a WebSocket
	header string
}

var transports = []transport{
	{name: "poll", path: "/sub", minor: 1},
	{name: "poll/1.0", path: "/poll", minor: 0},
	{name: "jsonp", path: "/sub", params: "&cb=icomet_cb_1", minor: 1, before: "icomet_cb_1(", behind: ");"},
	{name: "stream", path: "/stream", minor: 1, endless: true},
	{name: "stream/1.0", path: "/stream", minor: 0, endless: true},
	{name: "sse", path: "/sse", minor: 1, endless: true, before: "data: "},
	{name: "sse resumed", path: "/sse", minor: 1, endless: true, lastEventID: true, before: "data: "},
	{name: "iframe", path: "/iframe", minor: 1, endless: true, before: "<script>parent.icomet_cb(", behind: ");</script>"},
}

const offersDeflate = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"

// transportsOfV1 are the ways to subscribe by protocol v1.
var transportsOfV1 = []transport{
	{v1: true, name: "v1 poll", path: "/sub", minor: 1},
	{v1: true, name: "v1 poll/1.0", path: "/poll", minor: 0},
	{v1: true, name: "v1 poll by POST", path: "/poll", minor: 1, post: true},
	{v1: true, name: "v1 jsonp", path: "/sub", params: "&cb=icomet_cb_1", minor: 1, before: "icomet_cb_1(", behind: ");"},
	{v1: true, name: "v1 stream", path: "/stream", minor: 1, endless: true},
	{v1: true, name: "v1 stream/1.0", path: "/stream", minor: 0, endless: true},
	{v1: true, name: "v1 stream by POST", path: "/stream", minor: 1, endless: true, post: true},
	{v1: true, name: "v1 sse", path: "/sse", minor: 1, endless: true, before: "data: "},
	{v1: true, name: "v1 sse resumed", path: "/sse", minor: 1, endless: true, lastEventID: true, before: "data: "},
	{v1: true, name: "v1 iframe", path: "/iframe", minor: 1, endless: true, before: "<script>parent.icomet_cb(", behind: ");</script>"},
	{v1: true, name: "websocket", path: "/ws", minor: 1, endless: true, socket: true},
	{v1: true, name: "websocket deflate", path: "/ws", minor: 1, endless: true, socket: true, header: offersDeflate},
	{v1: true, name: "websocket binary", path: "/ws", params: "&binary=1", minor: 1, endless: true, socket: true},
	{v1: true, name: "websocket deflate binary", path: "/ws", params: "&binary=1", minor: 1, endless: true, socket: true, header: offersDeflate},
}

func anyTransportOfV1(r *rand.Rand) *transport { return &transportsOfV1[r.IntN(len(transportsOfV1))] }

// transportNamed returns the one of that name.
func transportNamed(t testing.TB, name string) *transport {
	t.Helper()
	for _, list := range [][]transport{transports, transportsOfV1} {
		for i := range list {
			if list[i].name == name {
				return &list[i]
			}
		}
	}
	t.Fatalf("no transport %q", name)
	return nil
}

func anyTransport(r *rand.Rand) *transport { return &transports[r.IntN(len(transports))] }

// request asks for the messages of a channel from number next on.
func (t *transport) request(channel string, next, noop int32) string {
	header := ""
	if t.lastEventID && next > 1 {
		header = fmt.Sprintf("Last-Event-ID: %d\r\n", next-1)
		next = 1
	}
	return fmt.Sprintf("GET %s?cname=%s&seq=%d&noop=%d%s HTTP/1.%d\r\nHost: test\r\n%s\r\n",
		t.path, channel, next, noop, t.params, t.minor, header)
}

// payload takes the messages out of a line of an answer. A line without any gives nil: the page around
// an iframe's scripts, and the blank lines and ids of events.
func (t *transport) payload(line []byte) ([]byte, error) {
	line = bytes.TrimSuffix(line, []byte("\n"))
	if t.path == "/sse" && (len(line) == 0 || bytes.HasPrefix(line, []byte("id: "))) ||
		t.path == "/iframe" && bytes.HasPrefix(line, []byte("<html>")) {
		return nil, nil
	}
	inner, ok := bytes.CutPrefix(line, []byte(t.before))
	if !ok || !strings.HasSuffix(string(inner), t.behind) {
		return nil, fmt.Errorf("%s: line %.200q", t.name, line)
	}
	return inner[:len(inner)-len(t.behind)], nil
}
