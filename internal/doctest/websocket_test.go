package doctest

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/ws"
)

// A "websocket" block is a conversation: a line with a URL opens a WebSocket, "> " is what the client says,
// "$ " a command that is run beside it, and "< " what the server says by then. "> close" and "> binary TEXT"
// stand for such frames.
const (
	says       = "> "
	hears      = "< "
	opens      = "ws://" + shownFront
	saysClose  = "close"
	saysBinary = "binary "
)

// settledTurns is how often the server must have answered before a client counts as having heard all: what
// a command sets off on the loops is done by then.
const settledTurns = 6

// conversation is a WebSocket of a document.
type conversation struct {
	session *session
	socket  *icomettest.WebSocket
	pings   int
	ended   bool
}

func isWebSocket(b block) bool {
	return b.info == "websocket" || strings.HasPrefix(b.info, "websocket ")
}

// replay returns the lines of a websocket block with what the server says now.
func (s *session) replay(t *testing.T, b block) (lines []string) {
	t.Helper()
	variant := strings.TrimSpace(strings.TrimPrefix(b.info, "websocket"))
	c := conversation{session: s}
	for _, line := range b.lines {
		given := len(lines)
		lines = append(lines, line)
		switch {
		case strings.HasPrefix(line, opens):
			target, protocol, _ := strings.Cut(strings.TrimPrefix(line, opens), " ")
			c = conversation{session: s, socket: s.server(t, variant).DialWebSocket(t, s.epochs.real(target), protocols(protocol)...)}
		case strings.HasPrefix(line, says):
			c.say(s.epochs.real(strings.TrimPrefix(line, says)))
		case strings.HasPrefix(line, prompt):
			lines = append(lines, s.run(t, variant, strings.TrimPrefix(line, prompt))...)
		default:
			lines = lines[:given] // what was printed before
			continue
		}
		lines = append(lines, c.settle()...)
	}
	if c.socket != nil {
		c.socket.Close()
	}
	return lines
}

func protocols(name string) []string {
	if name == "" {
		return nil
	}
	return []string{"Sec-WebSocket-Protocol: " + name}
}

func (c *conversation) say(text string) {
	if text == saysClose {
		c.socket.SendFrame(ws.Fin|ws.OpClose, "\x03\xe8")
		return
	}
	if binary, ok := strings.CutPrefix(text, saysBinary); ok {
		c.socket.SendFrame(ws.Fin|ws.OpBinary, binary)
		return
	}
	c.socket.Say(text)
}

// settle returns what the server says until it has nothing more to say.
func (c *conversation) settle() (lines []string) {
	for range settledTurns {
		if c.ended {
			return lines
		}
		lines = append(lines, c.turn()...)
	}
	return lines
}

// turn returns what the server says until it answers a ping, or has closed.
func (c *conversation) turn() (lines []string) {
	c.pings++
	ping := strconv.Itoa(c.pings)
	c.socket.SendFrame(ws.Fin|ws.OpPing, ping)
	for {
		e := c.socket.Event()
		switch {
		case e.Kind == ws.Pong && string(e.Payload) == ping:
			return lines
		case e.Kind == ws.Close:
			c.ended = true
			return append(lines, strings.TrimSpace(fmt.Sprintf("%sclose %d %s", hears, e.Code, e.Payload)))
		case e.Kind == ws.Binary:
			envelope, payload, _ := bytes.Cut(e.Payload, []byte{'\n'})
			lines = append(lines, hears+c.session.epochs.shown(string(envelope)), fmt.Sprintf("%sbytes % x", hears, payload))
		default:
			lines = append(lines, hears+c.session.epochs.shown(string(e.Payload)))
		}
	}
}

func TestAConversationShowsWhatTheServerSays(t *testing.T) {
	s := session{servers: map[string]*icomettest.Server{}}
	got := s.replay(t, block{info: "websocket", lines: []string{
		opens + "/ws?cname=a", hears + "old", says + `{"id":1,"cmd":"ping"}`, says + saysClose,
	}})
	want := []string{
		opens + "/ws?cname=a",
		hears + `{"type":"hello","v":1,"noop":30}`,
		hears + `{"type":"subscribed","cname":"a","seq":1,"epoch":"` + shownEpochs[0] + `"}`,
		says + `{"id":1,"cmd":"ping"}`,
		hears + `{"type":"pong","id":1}`,
		says + saysClose,
		hears + "close 1000",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
