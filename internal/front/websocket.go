package front

import (
	"errors"
	"fmt"

	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/httploop"
	"github.com/icomet/icomet/internal/hub"
	"github.com/icomet/icomet/internal/reactor"
	"github.com/icomet/icomet/internal/ws"
)

const (
	// Subprotocol is what WebSockets of this server speak.
	Subprotocol = "icomet.v1.json"
	// commandBytesMax bounds a command of a WebSocket.
	commandBytesMax = 64 << 10
	// badCommandsMax is how many wrong commands a WebSocket may send before it is closed.
	badCommandsMax = 16
)

// serveWebSocket turns the connection of a request into a WebSocket, which may have channels from the
// beginning.
func (d *Door) serveWebSocket(x *httploop.Exchange) {
	upgrade, refusal := ws.Check(ws.Request{
		Method: x.Request.Method, Minor: x.Request.Minor, Header: x.Request.JoinedHeader,
	}, []string{Subprotocol})
	if refusal != nil {
		d.refuseUpgrade(x, refusal)
		return
	}
	if d.draining {
		unavailable(x)
		return
	}
	if !d.admits(x) {
		return
	}
	o, problem := d.parseOrder(x, delivery.WebSocket)
	if problem != "" {
		d.Counters.BadRequests.Add(1)
		badRequest(x, problem+"\n")
		return
	}
	d.Counters.Subscribed[delivery.WebSocket].Add(1)
	d.beginWebSocket(x, &o, upgrade, string(x.Request.Header("Origin")))
}

func (d *Door) refuseUpgrade(x *httploop.Exchange, r *ws.Refusal) {
	x.Status(r.Status)
	x.Header("Content-Type", "text/plain; charset=utf-8")
	x.Lines(r.Headers + allOrigins + httploop.NoSniff)
	x.End(r.Text + "\n")
}

func (d *Door) beginWebSocket(x *httploop.Exchange, o *order, upgrade ws.Upgrade, origin string) {
	c := x.Conn()
	f := flagV1
	if upgrade.Deflate {
		f |= flagDeflated
	}
	if o.binary {
		f |= flagBinary
	}
	s := d.addSubscriber(c, subscriber{kind: delivery.WebSocket, flags: f})
	d.identify(s, o.identity)
	d.allow(s, o.grant)
	first := d.appendText(ws.AppendUpgrade(nil, upgrade), s, delivery.AppendHello(nil, d.noopSeconds()))
	if o.refusal != nil && len(o.wants) == 0 {
		first = d.appendText(first, s, d.problem(&want{id: delivery.NoID}, o.refusal))
	}
	behind := false
	for i := range o.wants {
		if d.mustWait(c, &o.wants[i], origin) {
			continue
		}
		frame, lags := d.take(s, &o.wants[i], i, d.options.OutputBytesMax-len(first))
		first = append(first, frame...)
		behind = behind || lags
	}
	x.Upgrade(first)
	c.SetDeadline(classNoop)
	if behind {
		d.beginReadOn(c)
	}
}

// talk is what is kept of a WebSocket while it is in the middle of a message, or has sent wrong commands.
type talk struct {
	reader ws.Reader
	bad    int
}

// Data implements httploop.Upgrader: it reads what the client of a WebSocket says. A client that does not
// read the answers is not read from either, until Drained.
func (d *Door) Data(c reactor.Conn, in []byte) (used int) {
	t, kept := c.Value().(*talk)
	if !kept {
		t = &d.scratch.talk
		t.reader.Reset()
		t.bad = 0
	}
	deflate := d.subscriber(c.Fd()).is(flagDeflated)
	for used < len(in) && c.OutputWaiting() == 0 {
		n, event, err := t.reader.Next(in[used:], ws.Options{MessageBytesMax: commandBytesMax, Deflate: deflate})
		used += n
		if err != nil {
			d.closeWebSocket(c, err.Code, err.Text)
			return len(in)
		}
		if event.Kind == ws.None {
			break
		}
		if !d.hear(c, t, &event) {
			return len(in)
		}
	}
	d.keepTalk(c, t, kept)
	return used
}

// keepTalk keeps t with the connection if there is something to it.
func (d *Door) keepTalk(c reactor.Conn, t *talk, kept bool) {
	idle := t.reader.Idle() && t.bad == 0
	switch {
	case c.Dead() || idle && !kept:
	case idle:
		c.SetValue(nil)
	case !kept:
		own := *t
		*t = talk{}
		c.SetValue(&own)
	}
}

// hear acts on what a client has sent. It tells whether the connection goes on.
func (d *Door) hear(c reactor.Conn, t *talk, e *ws.Event) bool {
	switch e.Kind {
	case ws.Ping:
		d.reply(c, ws.AppendPong(nil, e.Payload))
	case ws.Close:
		d.answerClose(c, e.Code)
		return false
	case ws.Binary:
		d.closeWebSocket(c, ws.CloseUnsupported, "commands are text")
		return false
	case ws.Text:
		if !d.obey(c, e.Payload) {
			t.bad++
			if t.bad == badCommandsMax {
				d.closeWebSocket(c, ws.CloseBadCommands, "too many wrong commands")
				return false
			}
		}
	}
	return !c.Dead()
}

// reply writes frames to a client, and takes that for a heartbeat.
func (d *Door) reply(c reactor.Conn, frames []byte) {
	c.Write(frames)
	if !c.Dead() {
		c.SetDeadline(classNoop)
	}
}

// answerClose ends a WebSocket that the client closes (RFC 6455 section 5.5.1).
func (d *Door) answerClose(c reactor.Conn, code ws.Code) {
	d.endWebSocket(c, ws.AppendClose(nil, code, ""), reactor.ReasonPeerClosed)
}

// closeWebSocket ends a WebSocket from this side.
func (d *Door) closeWebSocket(c reactor.Conn, code ws.Code, text string) {
	reason := reactor.ReasonBadRequest
	if code == ws.CloseGoingAway {
		reason = reactor.ReasonShutdown
	}
	d.endWebSocket(c, ws.AppendClose(nil, code, text), reason)
}

func (d *Door) endWebSocket(c reactor.Conn, last []byte, reason reactor.Reason) {
	if c.Dead() {
		return
	}
	d.removeSubscriber(c)
	d.http.End(c, last, reason)
}

// obey does what a command says, and answers. It tells whether the command was right.
func (d *Door) obey(c reactor.Conn, text []byte) bool {
	s := d.subscriber(c.Fd())
	cmd, err := parseCommand(text)
	if err == nil {
		err = d.execute(c, s, cmd)
	}
	if err == nil || c.Dead() {
		return true
	}
	id := int64(delivery.NoID)
	if cmd != nil {
		id = cmd.number()
	}
	d.Counters.BadRequests.Add(1)
	d.reply(c, d.appendText(nil, s, delivery.AppendProblem(nil, &delivery.Problem{ID: id, Code: codeBad, Text: err.Error()})))
	return false
}

// execute does a command. An error says that it was wrong, and is the only answer then.
func (d *Door) execute(c reactor.Conn, s *subscriber, cmd *command) error {
	switch cmd.Name {
	case "subscribe":
		return d.commandSubscribe(c, s, cmd)
	case "unsubscribe":
		return d.commandUnsubscribe(c, s, cmd)
	case "publish":
		return d.commandPublish(c, s, cmd)
	case "members":
		return d.commandMembers(c, s, cmd)
	case "auth":
		return d.commandAuth(c, s, cmd)
	case "ping":
		d.reply(c, d.appendText(nil, s, delivery.AppendPong(nil, cmd.number())))
		return nil
	}
	return errors.New("cmd is none of subscribe, unsubscribe, publish, members, auth and ping")
}

func (d *Door) commandSubscribe(c reactor.Conn, s *subscriber, cmd *command) error {
	wants, err := cmd.wants(d.clock())
	if err != nil {
		return err
	}
	for i := range wants {
		w := &wants[i]
		if d.options.Access.Checker != nil {
			w.refusal = d.permit(w, d.grant(s), nil)
		}
		d.judgePattern(w, delivery.WebSocket)
		if d.mustWait(c, w, "") {
			continue
		}
		frame, behind := d.take(s, w, 0, d.options.OutputBytesMax-c.OutputWaiting())
		d.reply(c, frame)
		if c.Dead() {
			return nil
		}
		if behind {
			d.beginReadOn(c)
		}
	}
	return nil
}

func (d *Door) commandUnsubscribe(c reactor.Conn, s *subscriber, cmd *command) error {
	if cmd.Channel == nil {
		return errNoName
	}
	if !d.drop(s, []byte(*cmd.Channel)) {
		d.tell(c, s, cmd, codeUnknown, "not subscribed")
		return nil
	}
	d.reply(c, d.appendText(nil, s, delivery.AppendUnsubscribed(nil, cmd.number(), *cmd.Channel)))
	return nil
}

// drop ends what s has subscribed by that name, and tells whether there was anything.
func (d *Door) drop(s *subscriber, name []byte) bool {
	if isPattern(name) {
		return d.dropPattern(s, string(name[:len(name)-1]))
	}
	n, ok := d.findName(s, name)
	if ok {
		d.unsubscribe(n)
		d.countMemory()
	}
	return ok
}

func (d *Door) commandPublish(c reactor.Conn, s *subscriber, cmd *command) error {
	if cmd.Channel == nil {
		return errNoName
	}
	name := []byte(*cmd.Channel)
	if !d.mayPublish(s, name) {
		d.tell(c, s, cmd, codeForbidden, "publishing to this channel is not permitted")
		return nil
	}
	p, err := cmd.publication()
	if err != nil {
		return err
	}
	if most := d.options.Access.PublishBytesMax; most > 0 && len(p.Content) > most {
		d.tell(c, s, cmd, codeTooLarge, fmt.Sprintf("a message has at most %d bytes", most))
		return nil
	}
	done, err := d.options.Hub.Publish(d.now(), name, p)
	switch {
	case errors.Is(err, hub.ErrName):
		d.tell(c, s, cmd, codeBad, "cname is too long")
	case errors.Is(err, hub.ErrOverloaded):
		d.tell(c, s, cmd, codeOverloaded, "overloaded; try again")
	case err != nil:
		d.tell(c, s, cmd, codeTooMany, "too many channels")
	default:
		d.Counters.Published.Add(1)
		d.reply(c, d.appendText(nil, s, delivery.AppendPublished(nil, cmd.number(), name, delivery.Position{Epoch: done.Epoch, Next: done.Seq})))
	}
	return nil
}

// mayPublish tells whether s may publish to a channel: by its token, or as anybody may.
func (d *Door) mayPublish(s *subscriber, name []byte) bool {
	grant := d.grant(s)
	return d.options.Access.Publish.Match(name) || grant != nil && grant.MayPublish(name)
}

// tell answers a command that is right with an error.
func (d *Door) tell(c reactor.Conn, s *subscriber, cmd *command, code int, text string) {
	d.reply(c, d.appendText(nil, s, delivery.AppendProblem(nil, &delivery.Problem{
		ID: cmd.number(), Code: code, Channel: []byte(*cmd.Channel), Text: text,
	})))
}
