package admin

import (
	"strconv"

	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/http1"
	"github.com/icomet/icomet/internal/httploop"
	"github.com/icomet/icomet/internal/hub"
)

// route is what stands behind a path.
type route struct {
	// serve answers. p are the parameters; nil if the route is plain.
	serve   func(d *Door, x *httploop.Exchange, p *params)
	methods methods
	plain   bool // the request is not read for parameters
}

var routes = map[string]route{
	"/push":            {serve: (*Door).push, methods: acts},
	"/pub":             {serve: (*Door).pub, methods: acts},
	"/broadcast":       {serve: (*Door).broadcast, methods: acts},
	"/sign":            {serve: (*Door).sign, methods: acts},
	"/close":           {serve: (*Door).close, methods: acts},
	"/clear":           {serve: (*Door).clear, methods: acts},
	"/info":            {serve: (*Door).info, methods: asks},
	"/check":           {serve: (*Door).check, methods: asks},
	"/psub":            {serve: (*Door).psub, methods: asks},
	"/v1/publish":      {serve: (*Door).publishItems, methods: posts, plain: true},
	"/v1/openapi.json": {serve: (*Door).describe, methods: gets, plain: true},
	"/v1/presence":     {serve: (*Door).servePresence, methods: asks, plain: true},
}

// methods are those that a route serves, besides OPTIONS.
type methods uint8

const (
	asks  methods = iota // changes nothing
	acts                 // changes something, and can be asked for by a link all the same
	posts                // changes something
	gets                 // is what it is, whoever asks
)

var methodLists = [...]string{asks: "GET, POST, HEAD, OPTIONS", acts: "GET, POST, OPTIONS", posts: "POST, OPTIONS", gets: "GET, HEAD, OPTIONS"}

// has tells whether the method of x is one of them.
func (m methods) has(x *httploop.Exchange) bool {
	switch {
	case x.IsMethod("POST"):
		return m != gets
	case x.IsMethod("GET"):
		return m != posts
	case x.IsMethod("HEAD"):
		return m == asks || m == gets
	}
	return false
}

// Serve implements httploop.Service: the routes of the private door.
func (d *Door) Serve(x *httploop.Exchange) {
	r, ok := routes[string(x.Request.Path)]
	if !ok {
		r, ok = routes[string(http1.AppendPath(nil, x.Request.Path))]
	}
	if !ok {
		d.serveOther(x)
		return
	}
	if !d.admits(x) || d.answersMethod(x, r.methods) {
		return
	}
	if r.plain {
		r.serve(d, x, nil)
		return
	}
	p, problem := d.parse(x)
	if problem != "" {
		d.badRequest(x, problem)
		return
	}
	r.serve(d, x, &p)
}

// serveOther serves what is mounted.
func (d *Door) serveOther(x *httploop.Exchange) {
	h := d.mounted(string(http1.AppendPath(nil, x.Request.Path)))
	switch {
	case !x.KnowsMethod():
		x.NotImplemented()
	case h == nil:
		x.NotFound()
	case d.admits(x):
		x.Bridge(h)
	}
}

// admits tells whether the peer may use the door now; if not it has answered.
func (d *Door) admits(x *httploop.Exchange) bool {
	status := 403
	switch {
	case x.User() == peerRefused:
		d.Counters.Refused.Add(1)
	case d.draining:
		status = 503
	default:
		return true
	}
	x.CloseAfter()
	d.begin(x, status)
	x.End("")
	return false
}

// answersMethod answers requests whose method the route does not serve, and tells whether it has.
func (d *Door) answersMethod(x *httploop.Exchange, m methods) bool {
	switch {
	case m.has(x):
		return false
	case x.IsMethod("OPTIONS"):
		d.begin(x, 204)
		x.Header("Allow", methodLists[m])
		x.EndWithoutBody()
	case x.KnowsMethod():
		x.StatusText(405, "Invalid Method")
		x.Lines(d.server)
		x.Header("Allow", methodLists[m])
		x.End("")
	default:
		x.NotImplemented()
	}
	return true
}

func (d *Door) begin(x *httploop.Exchange, status int) {
	x.Status(status)
	x.Lines(d.server)
}

const (
	textType = "text/plain; charset=utf-8"
	jsonType = "application/json; charset=utf-8"
)

func (d *Door) answer(x *httploop.Exchange, status int, contentType, body string) {
	d.begin(x, status)
	x.Header("Content-Type", contentType)
	x.Lines(httploop.NoSniff)
	x.End(body)
}

func (d *Door) badRequest(x *httploop.Exchange, text string) { d.answer(x, 400, textType, text+"\n") }

// answerJSON answers with a JSON text, or with a script that calls p.callback with it.
func (d *Door) answerJSON(x *httploop.Exchange, p *params, contentType string, json []byte) {
	if !p.hasCallback {
		d.answer(x, 200, contentType, string(append(json, '\n')))
		return
	}
	d.answer(x, 200, delivery.ScriptType, string(delivery.AppendCall(nil, p.callback, json)))
}

// tryLater answers 503.
func (d *Door) tryLater(x *httploop.Exchange) {
	d.begin(x, 503)
	x.Header("Retry-After", "1")
	x.End("")
}

// failed answers what the hub has refused.
func (d *Door) failed(x *httploop.Exchange, err error) {
	switch err {
	case hub.ErrTooManyChannels:
		x.StatusText(429, "Too Many Channels")
		x.Lines(d.server)
		x.End("")
	case hub.ErrOverloaded:
		d.Counters.Overloaded.Add(1)
		d.tryLater(x)
	default:
		d.badRequest(x, err.Error())
	}
}

func (d *Door) sign(x *httploop.Exchange, p *params) {
	s, err := d.options.Hub.Sign(d.now(), p.name, int64(p.expires))
	if err != nil {
		d.failed(x, err)
		return
	}
	out := append(d.scratch.out[:0], `{"type":"sign","cname":"`...)
	out = delivery.AppendContent(out, p.name)
	out = append(out, `","seq":`...)
	out = strconv.AppendInt(out, int64(hub.WireSeq(s.Seq)), 10)
	out = append(out, `,"token":"`...)
	out = append(out, s.Token...)
	out = append(out, `","expires":`...)
	out = strconv.AppendInt(out, s.Expires, 10)
	out = append(out, `,"sub_timeout":`...)
	out = strconv.AppendInt(out, int64(d.options.PollingTimeout), 10)
	out = append(out, '}')
	d.scratch.out = out
	d.answerJSON(x, p, jsonType, out)
}

func (d *Door) close(x *httploop.Exchange, p *params) {
	next, ok := d.options.Hub.Close(p.name)
	d.answerNext(x, p, next, ok)
}

func (d *Door) clear(x *httploop.Exchange, p *params) {
	next, ok := d.options.Hub.Clear(p.name)
	d.answerNext(x, p, next, ok)
}

// answerNext answers with the number that the channel's next message would have had.
func (d *Door) answerNext(x *httploop.Exchange, p *params, next int64, ok bool) {
	if !ok {
		d.answer(x, 404, textType, "channel["+string(p.name)+"] not connected\n")
		return
	}
	d.answer(x, 200, textType, "ok "+strconv.Itoa(int(hub.WireSeq(next)))+"\n")
}

func (d *Door) info(x *httploop.Exchange, p *params) {
	out := d.scratch.out[:0]
	if len(p.name) == 0 {
		channels, subscribers := d.options.Hub.Info()
		out = append(out, `{"version": "`...)
		out = append(out, d.options.Version...)
		out = append(out, `", "channels": `...)
		out = strconv.AppendInt(out, int64(channels), 10)
		out = append(out, `, "subscribers": `...)
		out = strconv.AppendInt(out, int64(subscribers), 10)
	} else {
		out = append(out, `{"cname": "`...)
		out = delivery.AppendContent(out, p.name)
		out = append(out, `", "subscribers": `...)
		out = strconv.AppendInt(out, int64(d.options.Hub.Subscribers(p.name)), 10)
	}
	d.scratch.out = append(out, "}\n"...)
	d.answer(x, 200, jsonType, string(d.scratch.out))
}

func (d *Door) check(x *httploop.Exchange, p *params) {
	out := append(d.scratch.out[:0], '{')
	if d.options.Hub.Exists(p.name) {
		out = append(out, '"')
		out = delivery.AppendContent(out, p.name)
		out = append(out, `": 1`...)
	}
	d.scratch.out = append(out, "}\n"...)
	d.answer(x, 200, jsonType, string(d.scratch.out))
}

// now is the hub's clock.
func (d *Door) now() int64 { return d.loop.Seconds() }
