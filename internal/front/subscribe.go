package front

import (
	"errors"
	"slices"
	"strconv"

	"github.com/icomet/icomet/internal/auth"
	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/http1"
	"github.com/icomet/icomet/internal/httploop"
	"github.com/icomet/icomet/internal/hub"
)

// wanted are the parameters of a subscription. Slices point into the request or into scratch.
type wanted struct {
	kind     delivery.Kind
	name     []byte
	seq      int32
	noop     int32
	token    []byte
	callback []byte
}

// parse reads the parameters of a request.
func (d *Door) parse(x *httploop.Exchange, kind delivery.Kind) wanted {
	query := http1.Params(x.Request.Query)
	w := wanted{kind: kind}
	raw, _ := query.Get("cname")
	d.scratch.name = http1.AppendUnescape(d.scratch.name[:0], raw)
	w.name = d.scratch.name
	raw, _ = query.Get("seq")
	w.seq = http1.Atoi(raw)
	raw, _ = query.Get("noop")
	w.noop = http1.Atoi(raw)
	raw, _ = query.Get("token")
	d.scratch.token = http1.AppendUnescape(d.scratch.token[:0], raw)
	w.token = d.scratch.token
	if raw, _ := query.Get("cb"); kind == delivery.Poll && len(raw) > 0 {
		w.callback = http1.AppendUnescape(nil, raw)
	}
	if kind == delivery.SSE {
		if id, err := strconv.ParseInt(string(x.Request.Header("Last-Event-ID")), 10, 32); err == nil {
			w.seq = int32(uint32(id) + 1)
		}
	}
	return w
}

// serveSubscription answers a request for messages: with what the client has missed, and then, unless
// a poll has got its answer with that, with what comes.
func (d *Door) serveSubscription(x *httploop.Exchange, kind delivery.Kind) {
	v1 := isV1(http1.Form{Query: x.Request.Query, Body: x.Body})
	if v1 {
		if !x.IsMethod("POST") && answersMethod(x, v1Methods) {
			return
		}
	} else if answersMethod(x, subscriptionMethods) {
		return
	}
	if d.draining {
		unavailable(x)
		return
	}
	if !d.admits(x) {
		return
	}
	if v1 {
		d.serveOrder(x, kind)
		return
	}
	w := d.parse(x, kind)
	if len(w.callback) > 0 && !delivery.IsCallback(w.callback) {
		badCallback(x)
		return
	}
	encoder := delivery.Of(kind)
	if len(w.callback) > 0 {
		encoder = delivery.JSONP{Callback: string(w.callback)}
	}
	if x.IsMethod("HEAD") {
		d.beginAnswer(x, encoder, true)
		x.EndStream()
		return
	}
	d.Counters.Subscribed[kind].Add(1)
	d.admit(x, &w, encoder)
}

// admit looks at the token of a subscription and asks the application, where that is to be done, and then
// answers.
func (d *Door) admit(x *httploop.Exchange, w *wanted, encoder delivery.Encoder) {
	if d.options.Access.Checker == nil && d.options.Access.Hook == nil {
		d.answer(x, w, encoder, nil)
		return
	}
	own := *w // so that only those who wait take memory for it
	d.admitChecked(x, &own, encoder)
}

// admitChecked is admit where there is something to check. w is kept until then.
func (d *Door) admitChecked(x *httploop.Exchange, w *wanted, encoder delivery.Encoder) {
	o := order{kind: w.kind, token: w.token, wants: []want{{name: w.name}}}
	if d.options.Access.Hook != nil {
		o.wants[0].name = slices.Clone(w.name) // since the answer may come after the request is gone
	}
	if len(o.token) == 0 {
		o.token = bearer(x)
	}
	d.authorize(&o)
	d.whenAllowed(x, w.kind, o.wants, hub.Member{}, func(x *httploop.Exchange, wants []want) {
		w.name = wants[0].name
		if err := wants[0].refusal; err != nil {
			d.refuse(x, w, encoder, err)
			return
		}
		d.answer(x, w, encoder, o.grant)
	})
}

// answer answers a subscription that is allowed as far as it goes without the hub.
func (d *Door) answer(x *httploop.Exchange, w *wanted, encoder delivery.Encoder, grant *auth.Grant) {
	s, entries, err := d.options.Hub.Subscribe(d.now(), hub.SubscribeRequest{
		Name: w.name, Seq: w.seq, Sink: d.loop.Number(), Once: !w.kind.Endless(),
		CheckToken: d.options.Tokens, Token: w.token, ReplayBytesMax: d.options.OutputBytesMax,
	}, d.scratch.entries[:0])
	d.scratch.entries = entries
	if err != nil {
		d.refuse(x, w, encoder, err)
		return
	}
	d.beginAnswer(x, encoder, true)
	d.addFirst(x, w, encoder, s, entries)
	if !s.Registered {
		x.EndStream()
		return
	}
	p := d.addSubscriber(x.Conn(), subscriber{
		kind: w.kind, noop: w.noop, callback: d.callbacks.keep(w.callback), flags: chunkedFlag(x),
	})
	d.allow(p, grant)
	d.subscribe(p, subscription{channel: s.ID, seq: s.Next, behind: s.Behind()})
	d.hold(x, s.Behind())
}

// hold lets a subscriber wait for what comes.
func (d *Door) hold(x *httploop.Exchange, behind bool) {
	c := x.Conn()
	x.Hold(d.subscriber(c.Fd()).kind.Endless())
	c.SetDeadline(classNoop)
	if behind {
		d.beginReadOn(c)
	}
}

func chunkedFlag(x *httploop.Exchange) flags {
	if x.Chunked() {
		return flagChunked
	}
	return 0
}

// beginAnswer writes the head of a subscription's answer, in the original's order.
func (d *Door) beginAnswer(x *httploop.Exchange, encoder delivery.Encoder, accepted bool) {
	x.Status(200)
	x.Lines("Expires: 0\r\nCache-Control: no-cache\r\n")
	x.Header("Content-Type", encoder.ContentType())
	x.Lines(allOrigins + httploop.NoSniff + "X-Accel-Buffering: no\r\n")
	x.Stream(accepted)
	if preamble := encoder.AppendPreamble(d.scratch.frame[:0]); len(preamble) > 0 {
		d.scratch.frame = preamble
		x.Piece(preamble)
	}
}

// addFirst adds what a new subscriber gets at once.
func (d *Door) addFirst(x *httploop.Exchange, w *wanted, encoder delivery.Encoder, s hub.Subscription, entries []hub.Entry) {
	if s.SendNextSeq {
		m := hub.Message{Type: hub.NextSeq, Channel: string(w.name), Seq: s.NextSeq}
		d.piece(x, encoder, &m)
		return
	}
	if len(entries) == 0 {
		return
	}
	d.Counters.Replayed.Add(uint64(len(entries)))
	messages := messagesOf(string(w.name), entries)
	if w.kind.Endless() {
		for _, m := range messages {
			d.piece(x, encoder, m)
		}
		return
	}
	array := delivery.AppendArray(nil, messages)
	if len(w.callback) > 0 {
		array = delivery.AppendCall(nil, string(w.callback), array)
	} else {
		array = append(array, '\n')
	}
	x.Piece(array)
}

// piece adds one message to an answer within Serve.
func (d *Door) piece(x *httploop.Exchange, encoder delivery.Encoder, m *hub.Message) {
	d.scratch.frame = encoder.AppendFrame(d.scratch.frame[:0], m)
	x.Piece(d.scratch.frame)
}

// messagesOf makes the messages of a replay: each broadcast is followed by a next_seq.
func messagesOf(name string, entries []hub.Entry) []*hub.Message {
	messages := make([]*hub.Message, 0, len(entries))
	for _, e := range entries {
		m := &hub.Message{Type: e.Type, Channel: name, Seq: e.Seq, Payload: e.Payload}
		messages = append(messages, m)
		if e.Type == hub.Broadcast {
			messages = append(messages, nextSeqAfter(m))
		}
	}
	return messages
}

func nextSeqAfter(m *hub.Message) *hub.Message {
	return &hub.Message{Type: hub.NextSeq, Channel: m.Channel, Seq: m.Seq + 1}
}

// tokenError is what clients of the original are told of a token, or anything else, that does not let them in.
var tokenError = hub.Payload{Content: "Token error"}

// refuse answers a subscription that the hub did not take: a message in an ordinary answer, as clients
// of the original expect.
func (d *Door) refuse(x *httploop.Exchange, w *wanted, encoder delivery.Encoder, err error) {
	m := hub.Message{Channel: string(w.name)}
	switch {
	case errors.Is(err, hub.ErrName):
		badRequest(x, "cname is too long\n")
		return
	case errors.Is(err, hub.ErrToken), accessProblem(&delivery.Problem{}, err):
		m.Type, m.Payload = hub.TokenError, tokenError
		d.Counters.WrongToken.Add(1)
	case errors.Is(err, hub.ErrTooManySubscribers):
		m.Type, m.Content = hub.TooManySubscribers, "Too many subscribers"
		d.Counters.NoSubscriber.Add(1)
	default:
		m.Type, m.Content = hub.TooManyChannels, "Too many channels"
		d.Counters.NoChannel.Add(1)
	}
	d.beginAnswer(x, encoder, false)
	d.piece(x, encoder, &m)
	x.EndStream()
}
