package icomettest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/icomet/icomet/internal/ws"
)

// webSocketKey is what every handshake of a test uses, and webSocketAccept the answer to it (RFC 6455 section
// 1.3).
const (
	webSocketKey    = "dGhlIHNhbXBsZSBub25jZQ=="
	webSocketAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
)

// webSocketMessageMax bounds what a test takes for one message.
const webSocketMessageMax = 16 << 20

// WebSocket is the client's side of a WebSocket. What it reads must be there within the patience of Dial.
type WebSocket struct {
	*Client
	Deflate bool // read frames as permessage-deflate allows
	reader  ws.Reader
	input   []byte
}

// UpgradeHeaders are the header lines of a handshake.
func UpgradeHeaders() []string {
	return []string{
		"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + webSocketKey,
	}
}

// DialWebSocket opens a WebSocket with the given target, such as /ws?cname=a.
func (s *Server) DialWebSocket(t testing.TB, target string, headers ...string) *WebSocket {
	t.Helper()
	c := s.DialFront(t)
	c.Get(target, append(UpgradeHeaders(), headers...)...)
	a := c.Head()
	if a.Status != 101 || a.Header("Sec-WebSocket-Accept") != webSocketAccept {
		t.Fatalf("no WebSocket at %s:\n%s", target, a.Head)
	}
	return &WebSocket{Client: c, Deflate: strings.Contains(a.Head, "permessage-deflate")}
}

// Say sends a text message.
func (w *WebSocket) Say(text string) { w.SendFrame(ws.Fin|ws.OpText, text) }

// Sayf sends a text message.
func (w *WebSocket) Sayf(format string, args ...any) { w.Say(fmt.Sprintf(format, args...)) }

// SendFrame sends a frame with any first byte.
func (w *WebSocket) SendFrame(first byte, payload string) {
	w.Send(string(ws.AppendMasked(nil, first, []byte(payload), [4]byte{1, 2, 3, 4})))
}

// Event reads the next message or control frame. The payload is the caller's.
func (w *WebSocket) Event() ws.Event {
	w.t.Helper()
	options := ws.Options{MessageBytesMax: webSocketMessageMax, Deflate: w.Deflate, Client: true}
	for {
		used, e, err := w.reader.Next(w.input, options)
		w.input = w.input[used:]
		if err != nil {
			w.t.Fatalf("the server sent a broken frame: %v", err)
		}
		if e.Kind != ws.None {
			e.Payload = append([]byte(nil), e.Payload...)
			return e
		}
		if _, err := w.in.Peek(1); err != nil {
			w.t.Fatalf("read a frame: %v", err)
		}
		more, _ := w.in.Peek(w.in.Buffered())
		w.input = append(w.input, more...)
		w.in.Discard(len(more))
	}
}

// Message reads a text message.
func (w *WebSocket) Message() string {
	w.t.Helper()
	e := w.Event()
	if e.Kind != ws.Text {
		w.t.Fatalf("got an event of kind %d, %q, where a text was due", e.Kind, e.Payload)
	}
	return string(e.Payload)
}

// AwaitCode reads the close frame, which must be next, and then the end of the connection.
func (w *WebSocket) AwaitCode() ws.Code {
	w.t.Helper()
	e := w.Event()
	if e.Kind != ws.Close {
		w.t.Fatalf("got an event of kind %d, %q, where a close frame was due", e.Kind, e.Payload)
	}
	w.SendFrame(ws.Fin|ws.OpClose, "")
	if rest := w.Rest(); rest != "" {
		w.t.Fatalf("%q behind the close frame", rest)
	}
	return e.Code
}
