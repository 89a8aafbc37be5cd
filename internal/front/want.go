package front

import (
	"bytes"
	"strconv"
	"time"

	"github.com/icomet/icomet/internal/auth"
	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/http1"
	"github.com/icomet/icomet/internal/httploop"
	"github.com/icomet/icomet/internal/hub"
)

// want is a channel that a subscriber of v1 asks for.
type want struct {
	id       int64 // of the command, or delivery.NoID
	name     []byte
	token    []byte
	start    hub.Start
	presence bool          // joins and leaves too
	pattern  bool          // the name is one: all channels that begin like it
	origin   string        // of a pattern: the page that asks
	weak     hub.ChannelID // the life that a pattern brings, 0 where the client itself asks
	grant    *auth.Grant   // that allows it, where signed tokens are asked for
	refusal  error         // why it is refused already, nil if it is not
}

// order is a whole request for subscriptions of v1.
type order struct {
	kind     delivery.Kind
	wants    []want
	callback []byte
	binary   bool
	token    []byte      // of the connection
	grant    *auth.Grant // by that token, or else that of the first channel
	identity hub.Member  // who asks; without a client nobody
	refusal  error       // why all of wants are refused
}

// isV1 tells whether a request asks for v1: by v=1, or by what clients of the original never send.
func isV1(form http1.Form) bool {
	names := 0
	for _, params := range [...]http1.Params{form.Query, form.Body} {
		for name, value := range params.All {
			switch {
			case http1.IsName(name, "cname"):
				names++
			case http1.IsName(name, "v") && string(value) == "1",
				http1.IsName(name, "epoch"), http1.IsName(name, "since"),
				http1.IsName(name, "seq") && bytes.HasPrefix(value, []byte(lastPrefix)):
				return true
			}
		}
	}
	return names > 1
}

const lastPrefix = "last:"

// parseOrder reads the parameters of a request of v1. Those ahead of the first cname hold for all channels,
// and with a single channel the order does not matter; problem says what is wrong.
func (d *Door) parseOrder(x *httploop.Exchange, kind delivery.Kind) (o order, problem string) {
	o = order{kind: kind, wants: d.scratch.wants[:0]}
	p := orderParser{order: &o, clock: d.clock()}
	p.all = want{id: delivery.NoID, start: hub.Start{Kind: hub.FromNow}}
	for _, params := range [...]http1.Params{x.Request.Query, x.Body} {
		for name, value := range params.All {
			if problem := p.param(name, http1.AppendUnescape(nil, value)); problem != "" {
				return o, problem
			}
		}
	}
	d.scratch.wants = o.wants
	switch {
	case len(o.wants) == 0 && kind != delivery.WebSocket:
		return o, "cname is missing"
	case len(o.callback) > 0 && !delivery.IsCallback(o.callback):
		return o, badCallbackText
	}
	if o.token = p.all.token; len(o.token) == 0 {
		o.token = bearer(x)
	}
	for i := range o.wants {
		if w := &o.wants[i]; isPattern(w.name) {
			w.pattern, w.origin = true, string(x.Request.Header("Origin"))
		}
	}
	d.authorize(&o)
	for i := range o.wants {
		d.judgePattern(&o.wants[i], kind)
	}
	if problem := d.identified(&o, p.client, p.info); problem != "" {
		return o, problem
	}
	d.refuseRepeats(o.wants)
	if kind == delivery.SSE {
		o.resume(x.Request.Header("Last-Event-ID"))
	}
	return o, ""
}

// refuseRepeats refuses the channels of a request that stand in it already, and those beyond what one subscriber
// may have.
func (d *Door) refuseRepeats(wants []want) {
	if len(wants) < 2 {
		return
	}
	seen := make(map[string]struct{}, len(wants))
	for i := range wants {
		w := &wants[i]
		_, twice := seen[string(w.name)]
		switch {
		case w.refusal != nil:
		case twice:
			w.refusal = errTwice
		case len(seen) == d.options.ChannelsMax:
			w.refusal = errTooMany
		default:
			seen[string(w.name)] = struct{}{}
		}
	}
}

// orderParser reads parameters one after the other.
type orderParser struct {
	order *order
	all   want // what holds for channels that say nothing else
	clock clock

	client, info []byte // empty if not said
}

// param reads one parameter. value is the caller's to give away.
func (p *orderParser) param(name, value []byte) (problem string) {
	o := p.order
	last := &p.all
	if n := len(o.wants); n > 0 {
		last = &o.wants[n-1]
	}
	switch {
	case http1.IsName(name, "cname"):
		w := p.all
		w.name = value
		o.wants = append(o.wants, w)
	case http1.IsName(name, "token"):
		last.token = value
	case http1.IsName(name, "seq"):
		return setSeq(&last.start, string(value))
	case http1.IsName(name, "epoch"):
		return setEpoch(&last.start, value)
	case http1.IsName(name, "since"):
		return p.clock.setSince(&last.start, string(value))
	case http1.IsName(name, "presence"):
		last.presence = string(value) == "1"
	case http1.IsName(name, "client"):
		p.client = value
	case http1.IsName(name, "info"):
		p.info = value
	case http1.IsName(name, "cb"):
		o.callback = value
	case http1.IsName(name, "binary"):
		o.binary = string(value) == "1"
	}
	return ""
}

// setSeq reads a number to go on from, or last:N.
func setSeq(s *hub.Start, value string) (problem string) {
	number, isLast := value, false
	if len(value) > len(lastPrefix) && value[:len(lastPrefix)] == lastPrefix {
		number, isLast = value[len(lastPrefix):], true
	}
	n, err := strconv.ParseInt(number, 10, 64)
	switch {
	case value == "":
		return ""
	case err != nil || n < 0 || n > seqMax:
		return "seq must be a number to go on from, or last:N"
	case isLast:
		s.Kind, s.Count = hub.FromLast, n
	case n == 0:
		s.Kind = hub.FromNow
	default:
		s.Kind, s.Seq = hub.FromSeq, n
	}
	return ""
}

// seqMax is the largest number that a client of v1 can name: what JavaScript holds exactly.
const seqMax = 1<<53 - 1

func setEpoch(s *hub.Start, value []byte) (problem string) {
	if len(value) == 0 {
		return ""
	}
	epoch, ok := hub.ParseEpoch(value)
	if !ok {
		return "epoch is not one that this server gave"
	}
	s.Epoch = epoch
	return ""
}

// clock is one moment by the hub's clock and by that of the world.
type clock struct {
	hub   int64
	world time.Time
}

func (d *Door) clock() clock { return clock{d.now(), d.loop.Now()} }

// setSince reads a time, and turns it into the hub's clock.
func (c clock) setSince(s *hub.Start, value string) (problem string) {
	t, ok := parseTime(value)
	if !ok {
		return "since must be seconds since 1970, or a time such as 2026-01-02T15:04:05Z"
	}
	s.Kind, s.Time = hub.FromTime, c.hubTime(t)
	return ""
}

// hubTime is the second of the hub's clock in which t lies, or one before: never later than asked.
func (c clock) hubTime(t time.Time) int64 {
	return c.hub - 1 - int64(c.world.Sub(t)/time.Second)
}

func parseTime(value string) (t time.Time, ok bool) {
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		return timeOf(seconds)
	}
	t, err := time.Parse(time.RFC3339Nano, value)
	return t, err == nil
}

// timeOf is the time so many seconds after 1970, unless that is out of all reason.
func timeOf(seconds float64) (t time.Time, ok bool) {
	const year9999 = 253402300800
	if !(seconds >= 0 && seconds < year9999) {
		return t, false
	}
	return time.UnixMilli(int64(seconds * 1000)), true
}

// resume takes over the positions that an event stream has got to, as its last id says: one for each channel
// in the order of the request.
func (o *order) resume(id []byte) {
	if string(id) == idOverflow {
		for i := range o.wants {
			o.wants[i].start = hub.Start{Kind: hub.FromSeq, Seq: 1, Epoch: noEpoch}
		}
		return
	}
	for i := range o.wants {
		var part []byte
		part, id, _ = bytes.Cut(id, []byte{','})
		if epoch, next, ok := parsePosition(part); ok {
			o.wants[i].start = hub.Start{Kind: hub.FromSeq, Seq: next, Epoch: epoch}
		}
	}
}

// noEpoch is an epoch that no channel has, in all likelihood: what begins with it gets all that is kept, and a
// gap.
const noEpoch hub.Epoch = 1

// appendPosition and parsePosition are a position as it stands in the id of an event.
func appendPosition(dst []byte, epoch hub.Epoch, next int64) []byte {
	dst = append(epoch.AppendText(dst), '.')
	return strconv.AppendInt(dst, next, 10)
}

func parsePosition(text []byte) (epoch hub.Epoch, next int64, ok bool) {
	name, number, ok := bytes.Cut(text, []byte{'.'})
	if !ok {
		return 0, 0, false
	}
	epoch, ok = hub.ParseEpoch(name)
	next, err := strconv.ParseInt(string(number), 10, 64)
	return epoch, next, ok && err == nil && next > 0 && next <= seqMax
}

// ChannelsLimit is the largest value of Options.ChannelsMax: what a subscription's place can count.
const ChannelsLimit = 1<<16 - 1
