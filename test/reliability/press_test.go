package reliability

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/icomet/icomet/internal/ws"
)

// publication is what a press is to publish: to a channel, or to all by a broadcast.
type publication struct {
	channel string // empty for all
	what    label
}

// press is a way to publish.
type press interface {
	// canBroadcast tells whether it can publish to all channels at once.
	canBroadcast() bool
	// print publishes a batch in its order, over a connection that it keeps, and returns when all of it has
	// been answered.
	print(batch []publication) error
	close()
}

// pushPress publishes by /push and /broadcast.
type pushPress struct{ publisher *publisher }

func (pushPress) canBroadcast() bool { return true }
func (pushPress) close()             {}

func (p pushPress) print(batch []publication) error {
	var requests strings.Builder
	for _, b := range batch {
		content := url.QueryEscape(b.what.text())
		if b.channel == "" {
			requests.WriteString(get("/broadcast?content=" + content))
		} else {
			requests.WriteString(get("/push?cname=" + b.channel + "&content=" + content))
		}
	}
	return p.publisher.send(requests.String(), len(batch))
}

// socketPress publishes by commands of a WebSocket, in all forms that a payload can have. It is told the number of
// each message.
type socketPress struct {
	server netip.AddrPort // the public door
	ledger *ledger
	socket socket
	lastID int64
}

func (*socketPress) canBroadcast() bool { return false }

func (p *socketPress) close() {
	if p.socket.link != nil {
		p.socket.link.close()
	}
}

func (p *socketPress) print(batch []publication) error {
	if p.socket.link == nil {
		l, err := dial(p.server)
		if err != nil {
			return err
		}
		if err := p.socket.open(l, "/ws", ""); err != nil {
			return err
		}
	}
	p.socket.link.conn.SetDeadline(time.Now().Add(ioLimit))
	var frames strings.Builder
	first := p.lastID + 1
	for _, b := range batch {
		p.lastID++
		frames.WriteString(p.socket.frame(fmt.Sprintf(`{"id":%d,"cmd":"publish","cname":%q,%s}`, p.lastID, b.channel, payload(b.what))))
	}
	if err := p.socket.link.write(frames.String()); err != nil {
		return err
	}
	for i := range batch {
		if err := p.read(first+int64(i), &batch[i]); err != nil {
			return err
		}
	}
	return nil
}

// payload is a publication in one of the forms, as the keys of a command.
func payload(what label) string {
	text := what.text()
	switch what.n % 4 {
	case 0:
		return fmt.Sprintf(`"data":[%q]`, text)
	case 1:
		return fmt.Sprintf(`"base64":%q`, base64.StdEncoding.EncodeToString([]byte(text)))
	case 2:
		return fmt.Sprintf(`"event":"told","content":%q`, text)
	}
	return fmt.Sprintf(`"content":%q`, text)
}

// read reads the answer to a command, and tells the ledger the number that the message got.
func (p *socketPress) read(id int64, b *publication) error {
	for {
		frame, err := p.socket.read()
		if err != nil {
			return err
		}
		if frame.Kind != ws.Text {
			return fmt.Errorf("publisher: frame of kind %d, code %d", frame.Kind, frame.Code)
		}
		events, _, err := parseEvents(nil, frame.Payload)
		if err != nil {
			return err
		}
		e := &events[0]
		if kind := string(e.kind); kind == "hello" || kind == "noop" {
			continue
		}
		if string(e.kind) != "published" || e.id != id || string(e.channel) != b.channel {
			return fmt.Errorf("publisher: %s with id %d, code %d, %q, when %d is due", e.kind, e.id, e.code, e.text, id)
		}
		if !p.ledger.channels[b.channel].saw(string(e.epoch), e.seq, b.what) {
			p.ledger.violate(wrong, "%s: %+v was published as %s.%d, where others got something else", b.channel, b.what, e.epoch, e.seq)
		}
		return nil
	}
}
