package reliability

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/icomet/icomet/internal/ws"
)

// command is what a follower has said over its WebSocket and what has not been answered.
type command struct {
	id     int64
	answer string // the type of it
	names  []string
}

// commandShare is how seldom a follower says something after what it hears: once in so many.
const commandShare = 8

// converse is a visit over a WebSocket: some channels are asked for with the handshake, and others come and go.
func (f *follower) converse() error {
	f.greeted, f.cutOff, f.commands = false, false, f.commands[:0]
	first := f.visited
	if !f.calm && f.random.IntN(2) == 0 {
		f.visited = f.visited[:f.random.IntN(len(f.visited)+1)]
	}
	err := f.socket.open(f.link, "/ws?"+f.ask()+f.transport.params, f.transport.header)
	f.visited = first
	if err != nil {
		return err
	}
	for {
		if err := f.command(); err != nil {
			return err
		}
		e, err := f.socket.read()
		if err != nil {
			return err
		}
		if err := f.hear(&e); err != nil {
			return err
		}
	}
}

// hear takes a message or a control frame.
func (f *follower) hear(e *ws.Event) error {
	switch e.Kind {
	case ws.Text:
		return f.texts(e.Payload)
	case ws.Binary:
		if !strings.Contains(f.transport.params, "binary=1") {
			return fmt.Errorf("bytes that nobody has asked for: %q", e.Payload)
		}
		m, err := parseBinary(e.Payload)
		if err != nil {
			return err
		}
		return f.take(&m)
	}
	return fmt.Errorf("frame of kind %d, code %d, %q", e.Kind, e.Code, e.Payload)
}

// command says something now and then. Followers that are calm do so only to come back to channels that have
// ended.
func (f *follower) command() error {
	if !f.greeted {
		return nil
	}
	if f.calm {
		for _, p := range f.visited {
			if p.phase == absent {
				return f.subscribe(p)
			}
		}
		return nil
	}
	if f.random.IntN(commandShare) > 0 {
		return nil
	}
	switch p := f.visited[f.random.IntN(len(f.visited))]; {
	case f.random.IntN(4) == 0:
		return f.say("pong", nil, `"cmd":"ping"`)
	case p.phase == absent:
		return f.subscribe(p)
	case p.phase == following && f.random.IntN(2) == 0:
		p.phase = leaving
		return f.say("unsubscribed", []string{p.name}, fmt.Sprintf(`"cmd":"unsubscribe","cname":%q`, p.name))
	}
	return nil
}

// subscribe asks for p, and for what other channels are not subscribed either in one go, or for p alone.
func (f *follower) subscribe(p *place) error {
	if f.random.IntN(2) == 0 {
		return f.say("subscribed", []string{p.name}, `"cmd":"subscribe",`+f.wish(p))
	}
	var names, wishes []string
	for _, p := range f.visited {
		if p.phase == absent {
			names, wishes = append(names, p.name), append(wishes, "{"+f.wish(p)+"}")
		}
	}
	return f.say("subscribed", names, `"cmd":"subscribe","channels":[`+strings.Join(wishes, ",")+"]")
}

// wish asks for a channel, and makes the keys that say so.
func (f *follower) wish(p *place) string {
	s, _ := f.startOf(p)
	p.ask(s)
	name := fmt.Sprintf(`"cname":%q`, p.name)
	switch s {
	case fromPosition:
		return fmt.Sprintf(`%s,"seq":%d,"epoch":%q`, name, p.next, p.epoch)
	case fromFirst:
		return name + `,"seq":1`
	case fromLast:
		return fmt.Sprintf(`%s,"last":%d`, name, lastCount)
	case fromTime:
		return name + `,"since":0`
	}
	return name
}

// say sends a command. Now and then the visit ends in the middle of one.
func (f *follower) say(answer string, names []string, keys string) error {
	f.lastID++
	text := fmt.Sprintf(`{"id":%d,%s}`, f.lastID, keys)
	if !f.calm && f.random.IntN(100) == 0 {
		frame := f.socket.frame(text)
		f.link.write(frame[:f.random.IntN(len(frame))])
		f.cutOff = true
		return errBudget
	}
	f.commands = append(f.commands, command{f.lastID, answer, names})
	return f.socket.say(text)
}

// answers checks that what has the id of a command is the answer to the oldest one.
func (f *follower) answers(e *event) error {
	if e.id == noID {
		return nil
	}
	if len(f.commands) == 0 {
		return fmt.Errorf("%s with id %d answers nothing", e.kind, e.id)
	}
	c := &f.commands[0]
	kind := string(e.kind)
	if e.id != c.id || kind != c.answer && kind != "error" || len(c.names) > 0 && string(e.channel) != c.names[0] {
		return fmt.Errorf("%s of %q with id %d, when %+v is due", e.kind, e.channel, e.id, *c)
	}
	if len(c.names) > 0 {
		c.names = c.names[1:]
	}
	if len(c.names) == 0 {
		f.commands = f.commands[1:]
	}
	return nil
}

// goodbye is the closing handshake. What comes before its end counts.
func (f *follower) goodbye() error {
	f.link.budget = -1
	f.link.conn.SetDeadline(time.Now().Add(ioLimit))
	if err := f.socket.sayClose(); err != nil {
		return err
	}
	for {
		e, err := f.socket.read()
		if err != nil {
			return fmt.Errorf("no answer to the close frame: %w", err)
		}
		if e.Kind != ws.Close {
			if err := f.hear(&e); err != nil {
				return err
			}
			continue
		}
		if e.Code != ws.CloseNormal {
			return fmt.Errorf("closed with %d", e.Code)
		}
		if _, err := f.link.in.ReadByte(); err != io.EOF {
			return fmt.Errorf("behind the close frame: %w", err)
		}
		return nil
	}
}
