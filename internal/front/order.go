package front

import (
	"errors"

	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/httploop"
	"github.com/icomet/icomet/internal/hub"
	"github.com/icomet/icomet/internal/reactor"
)

// The codes of errors that clients of v1 are told; the manual has the table.
const (
	codeBad        = 400
	codeToken      = 401
	codeForbidden  = 403
	codeUnknown    = 404
	codeTwice      = 409
	codeTooLarge   = 413
	codeTooMany    = 429
	codeOverloaded = 503
)

// serveOrder answers a request of v1 over HTTP.
func (d *Door) serveOrder(x *httploop.Exchange, kind delivery.Kind) {
	o, problem := d.parseOrder(x, kind)
	if problem != "" {
		d.Counters.BadRequests.Add(1)
		badRequest(x, problem+"\n")
		return
	}
	encoder := delivery.Of(kind)
	if kind == delivery.Poll && len(o.callback) > 0 {
		encoder = delivery.JSONP{Callback: string(o.callback)}
	}
	if x.IsMethod("HEAD") {
		d.beginAnswer(x, encoder, true)
		x.EndStream()
		return
	}
	d.Counters.Subscribed[kind].Add(1)
	d.whenAllowed(x, kind, o.wants, o.identity, func(x *httploop.Exchange, wants []want) {
		o.wants = wants
		if kind == delivery.Poll {
			d.answerPoll(x, &o, encoder)
		} else {
			d.answerEndless(x, &o, encoder)
		}
	})
}

// answerEndless begins an answer that never ends, unless no channel could be subscribed.
func (d *Door) answerEndless(x *httploop.Exchange, o *order, encoder delivery.Encoder) {
	d.beginAnswer(x, encoder, true)
	s := d.addSubscriber(x.Conn(), subscriber{kind: o.kind, flags: flagV1 | chunkedFlag(x)})
	d.identify(s, o.identity)
	d.allow(s, o.grant)
	if o.kind == delivery.SSE && (len(o.wants) > 1 || o.wants[0].pattern) {
		s.flags |= flagMany
	}
	x.Piece(encoder.AppendText(nil, delivery.AppendHello(nil, d.noopSeconds())))
	behind, budget := false, d.options.OutputBytesMax
	for i := range o.wants {
		d.coming = coming{i + 1, o.wants[i+1:]}
		frame, lags := d.take(s, &o.wants[i], i, budget)
		budget -= len(frame)
		x.Framed(frame)
		behind = behind || lags
	}
	d.coming = coming{}
	if s.first == 0 && !d.follows(s) {
		d.removeSubscriber(x.Conn())
		x.EndStream()
		return
	}
	d.hold(x, behind)
}

// take subscribes s to a channel, and returns what it is told at once, as it goes out, and whether it has to
// read on from the history. budget is about how many bytes that may be; when it is used up, all messages are
// left for later.
func (d *Door) take(s *subscriber, w *want, place, budget int) (frame []byte, behind bool) {
	if w.pattern {
		return d.takePattern(s, w), false
	}
	sub, entries, err := d.ask(s, w, false, budget)
	if errors.Is(err, hub.ErrGone) {
		return nil, false
	}
	if err != nil {
		return d.appendText(nil, s, d.problem(w, err)), false
	}
	u := d.subscribe(s, subscription{channel: sub.ID, seq: sub.First, place: uint16(place), behind: sub.Behind()})
	if w.weak != 0 {
		u.marks |= markWeak
	}
	d.attend(s, u, w)
	text := delivery.AppendSubscribed(nil, w.id, w.name, delivery.Position{Epoch: d.options.Hub.Epoch(sub.ID), Next: sub.First})
	frame = d.appendPositioned(nil, s, u, text)
	for i := range entries {
		frame = d.appendEntry(frame, s, u, string(w.name), &entries[i])
	}
	u.seq = sub.Next
	return frame, sub.Behind()
}

// errTwice and errTooMany are why a subscription is refused at this door already.
var (
	errTwice   = errors.New("front: subscribed already")
	errTooMany = errors.New("front: too many channels of one subscriber")
)

// ask asks the hub for a subscription, unless the subscriber has it already or has too many.
func (d *Door) ask(s *subscriber, w *want, once bool, budget int) (hub.Subscription, []hub.Entry, error) {
	if w.refusal != nil {
		return hub.Subscription{}, nil, w.refusal
	}
	if w.weak == 0 && d.isTaken(s, w.name) {
		return hub.Subscription{}, nil, errTwice
	}
	if int(s.channels) >= d.options.ChannelsMax {
		return hub.Subscription{}, nil, errTooMany
	}
	if budget <= 0 {
		budget = -1
	}
	sub, entries, err := d.options.Hub.Subscribe(d.now(), hub.SubscribeRequest{
		Name: w.name, Start: w.start, Weak: w.weak, Sink: d.loop.Number(), Once: once,
		CheckToken: d.options.Tokens, Token: w.token, ReplayBytesMax: budget,
	}, d.scratch.entries[:0])
	d.scratch.entries = entries
	return sub, entries, err
}

// isTaken tells whether s has the channel of that name, as it has asked for. What a pattern has brought makes
// way.
func (d *Door) isTaken(s *subscriber, name []byte) bool {
	if s.first == 0 {
		return false
	}
	n, ok := d.findName(s, name)
	if ok && d.subscriptions.At(n).marks&markWeak != 0 {
		d.unsubscribe(n)
		return false
	}
	return ok
}

// findName returns the number of the subscription of s to the channel of that name.
func (d *Door) findName(s *subscriber, name []byte) (n uint32, ok bool) {
	id, ok := d.options.Hub.ID(name)
	if !ok {
		return 0, false
	}
	return d.find(s, id)
}

// problem is the message about a subscription that was refused, which is counted.
func (d *Door) problem(w *want, err error) []byte {
	p := delivery.Problem{ID: w.id, Channel: w.name}
	switch {
	case accessProblem(&p, err):
		d.Counters.WrongToken.Add(1)
	case errors.Is(err, hub.ErrName):
		p.Code, p.Text, p.Channel = codeBad, "cname is too long", nil
		d.Counters.BadRequests.Add(1)
	case errors.Is(err, hub.ErrToken):
		p.Code, p.Text = codeToken, "token error"
		d.Counters.WrongToken.Add(1)
	case errors.Is(err, hub.ErrTooManySubscribers):
		p.Code, p.Text = codeTooMany, "too many subscribers"
		d.Counters.NoSubscriber.Add(1)
	case errors.Is(err, errClient):
		p.Code, p.Text = codeForbidden, "clients may not name themselves here"
		d.Counters.BadRequests.Add(1)
	case errors.Is(err, errTwice):
		p.Code, p.Text = codeTwice, "subscribed already"
		d.Counters.BadRequests.Add(1)
	case errors.Is(err, errNoPatterns):
		p.Code, p.Text = codeForbidden, "patterns are not permitted here"
		d.Counters.BadRequests.Add(1)
	case errors.Is(err, errPatternPoll):
		p.Code, p.Text = codeBad, "patterns need an answer that stays"
		d.Counters.BadRequests.Add(1)
	case errors.Is(err, errTooManyPatterns):
		p.Code, p.Text = codeTooMany, "too many patterns of this subscriber"
		d.Counters.TooManyOfOne.Add(1)
	case errors.Is(err, errTooMany):
		p.Code, p.Text = codeTooMany, "too many channels of this subscriber"
		d.Counters.TooManyOfOne.Add(1)
	default:
		p.Code, p.Text = codeTooMany, "too many channels"
		d.Counters.NoChannel.Add(1)
	}
	return delivery.AppendProblem(nil, &p)
}

// answerPoll answers with what is due in any of the channels, or waits for all of them.
func (d *Door) answerPoll(x *httploop.Exchange, o *order, encoder delivery.Encoder) {
	d.beginAnswer(x, encoder, true)
	s := d.addSubscriber(x.Conn(), subscriber{
		kind: o.kind, flags: flagV1 | chunkedFlag(x), callback: d.callbacks.keep(o.callback),
	})
	d.identify(s, o.identity)
	d.allow(s, o.grant)
	texts := d.scratch.texts[:0]
	for i := range o.wants {
		texts = d.takeOnce(texts, s, &o.wants[i], d.options.OutputBytesMax-len(texts))
	}
	d.scratch.texts = texts
	if len(texts) == 0 {
		d.hold(x, false)
		return
	}
	d.removeSubscriber(x.Conn())
	x.Piece(encoder.AppendText(nil, array(texts)))
	x.EndStream()
}

// takeOnce subscribes a poll to a channel, or appends what it is told at once, each text with a comma.
func (d *Door) takeOnce(texts []byte, s *subscriber, w *want, budget int) []byte {
	sub, entries, err := d.ask(s, w, true, budget)
	if err != nil {
		return append(append(texts, d.problem(w, err)...), ',')
	}
	epoch := d.options.Hub.Epoch(sub.ID)
	if sub.Registered {
		d.attend(s, d.subscribe(s, subscription{channel: sub.ID, seq: sub.Next}), w)
	} else {
		d.touch(s, sub.ID, w)
	}
	if sub.Announce {
		texts = delivery.AppendSubscribed(texts, w.id, w.name, delivery.Position{Epoch: epoch, Next: sub.First})
		texts = append(texts, ',')
	}
	for i := range entries {
		texts = append(d.appendEntryText(texts, sub.ID, string(w.name), &entries[i]), ',')
	}
	return texts
}

// array makes texts, each with a comma behind it, an array.
func array(texts []byte) []byte {
	a := append(make([]byte, 0, len(texts)+1), '[')
	a = append(a, texts...)
	a[len(a)-1] = ']'
	return a
}

// arrayOfOne makes a text an array.
func arrayOfOne(text []byte) []byte { return array(append(text, ',')) }

// appendEntryText appends an entry of the history as a JSON text.
func (d *Door) appendEntryText(dst []byte, id hub.ChannelID, name string, e *hub.Entry) []byte {
	if e.Type == hub.Gap {
		d.Counters.Gaps.Add(1)
		return delivery.AppendGap(dst, name, d.options.Hub.Epoch(id), e)
	}
	d.Counters.Replayed.Add(1)
	return delivery.AppendLive(dst, d.messageOf(id, name, e))
}

// arrayOf is the array of messages that a poll of v1 is answered with.
func arrayOf(run []*hub.Message) []byte {
	texts := []byte{'['}
	for _, m := range run {
		if isMemberEvent(m) {
			texts = append(delivery.AppendMemberEvent(texts, m), ',')
		} else {
			texts = append(delivery.AppendLive(texts, m), ',')
		}
	}
	texts[len(texts)-1] = ']'
	return texts
}

// endChannel tells a subscriber of v1 that a channel was closed, and what it has not read of it. Answers over HTTP
// end with their last channel.
func (d *Door) endChannel(c reactor.Conn, s *subscriber, n uint32, end *hub.Message) {
	text := delivery.AppendLiveHead(nil, end)
	if s.kind == delivery.Poll {
		d.finish(c, lastPiece(s, d.encoderOf(s).AppendText(nil, arrayOfOne(text))))
		return
	}
	var frame []byte
	if u := d.subscriptions.At(n); u.seq < end.Seq { // it has not read on to the end in time
		frame = d.appendEntry(nil, s, u, end.Channel, &hub.Entry{Type: hub.Gap, Seq: u.seq, To: end.Seq - 1, Reason: hub.Slow})
	}
	d.unsubscribe(n)
	frame = append(frame, d.appendText(nil, s, text)...)
	if s.first == 0 && s.kind != delivery.WebSocket && !d.follows(s) {
		if s.is(flagChunked) {
			frame = append(frame, lastChunk...)
		}
		d.finish(c, frame)
		return
	}
	c.WriteFrame(frame)
	if !c.Dead() {
		c.SetDeadline(classNoop)
	}
}
