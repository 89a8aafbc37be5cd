package reliability

import (
	"fmt"
	"strings"

	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/ws"
)

// socketMessageMax bounds what is taken for one message.
const socketMessageMax = 1 << 20

// socket is the client's side of a WebSocket over a link.
type socket struct {
	link    *link
	deflate bool
	reader  ws.Reader
}

// open makes the handshake for a target such as /ws?cname=a. header are further lines.
func (s *socket) open(l *link, target, header string) error {
	*s = socket{link: l}
	request := "GET " + target + " HTTP/1.1\r\nHost: test\r\n" + strings.Join(icomettest.UpgradeHeaders(), "\r\n") + "\r\n" + header + "\r\n"
	if err := l.write(request); err != nil {
		return err
	}
	a, err := l.readAnswer()
	if err != nil {
		return err
	}
	if a.status != 101 || a.deflate && header == "" {
		return fmt.Errorf("handshake: status %d, deflate %v", a.status, a.deflate)
	}
	s.deflate = a.deflate
	return nil
}

// read reads the next message or control frame, whose payload is good until the next read.
func (s *socket) read() (ws.Event, error) {
	in := s.link.in
	for {
		b, _ := in.Peek(in.Buffered())
		used, e, err := s.reader.Next(b, ws.Options{MessageBytesMax: socketMessageMax, Deflate: s.deflate, Client: true})
		if err != nil {
			return e, err
		}
		in.Discard(used)
		if e.Kind != ws.None {
			return e, nil
		}
		if _, err := in.Peek(len(b) - used + 1); err != nil {
			return e, err
		}
	}
}

// frame is a message as clients send it.
func (s *socket) frame(text string) string {
	return string(ws.AppendMasked(nil, ws.Fin|ws.OpText, []byte(text), [4]byte{1, 2, 3, 4}))
}

func (s *socket) say(text string) error { return s.link.write(s.frame(text)) }

// sayClose begins the closing handshake.
func (s *socket) sayClose() error {
	return s.link.write(string(ws.AppendMasked(nil, ws.Fin|ws.OpClose, []byte{3, 0xe8}, [4]byte{4, 3, 2, 1})))
}
