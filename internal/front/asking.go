package front

import (
	"errors"
	"slices"

	"github.com/icomet/icomet/internal/auth"
	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/httploop"
	"github.com/icomet/icomet/internal/hub"
	"github.com/icomet/icomet/internal/reactor"
)

// asking is a request that waits until the application has said what it thinks of its channels.
type asking struct {
	wants  []want
	left   int // answers that are still to come
	answer func(x *httploop.Exchange, wants []want)
}

// verdict is mail: what the application has said about a channel, of a request, or else of a WebSocket.
type verdict struct {
	conn    reactor.ID
	asking  *asking
	want    *want
	refusal error
}

// askAbout puts the question of a want to the application. If the answer is known, w has it; otherwise it comes as
// mail, for a.
func (d *Door) askAbout(c reactor.Conn, w *want, a *asking, q auth.Question) (known bool) {
	id := c.ID()
	v, known := d.options.Access.Hook.Ask(d.loop.Now(), q, func(v auth.Verdict) {
		d.loop.Post(d.number, 0, &verdict{conn: id, asking: a, want: w, refusal: refusedBy(v)})
	})
	if known {
		w.refusal = refusedBy(v)
	}
	return known
}

// whenAllowed answers a request as soon as the application has been asked about its channels, where it is to
// be asked.
func (d *Door) whenAllowed(x *httploop.Exchange, kind delivery.Kind, wants []want, who hub.Member, answer func(x *httploop.Exchange, wants []want)) {
	if d.options.Access.Hook == nil {
		answer(x, wants)
		return
	}
	a := &asking{wants: slices.Clone(wants), answer: answer}
	origin := string(x.Request.Header("Origin"))
	for i := range a.wants {
		w := &a.wants[i]
		if w.refusal == nil && !w.pattern && !d.askAbout(x.Conn(), w, a, question(kind, w.name, w.grant, who.Client, who.Info, origin)) {
			a.left++
		}
	}
	if a.left == 0 {
		answer(x, a.wants)
		return
	}
	d.addSubscriber(x.Conn(), subscriber{kind: kind, flags: flagAsking})
	x.Hold(false)
}

// heard takes the application's answer.
func (d *Door) heard(v *verdict) {
	v.want.refusal = v.refusal
	c, ok := d.loop.Find(v.conn)
	if v.asking == nil {
		if ok && d.http.Held(c) {
			d.takeLate(c, v.want)
		}
		return
	}
	if v.asking.left--; v.asking.left > 0 || !ok || !d.http.Held(c) || !d.isAsking(c) {
		return
	}
	d.removeSubscriber(c)
	d.http.Reply(c, func(x *httploop.Exchange) { v.asking.answer(x, v.asking.wants) })
}

// takeLate subscribes a WebSocket to a channel about which the application had to be asked first.
func (d *Door) takeLate(c reactor.Conn, w *want) {
	frame, behind := d.take(d.subscriber(c.Fd()), w, 0, d.options.OutputBytesMax-c.OutputWaiting())
	d.reply(c, frame)
	if behind && !c.Dead() {
		d.beginReadOn(c)
	}
}

// mustWait asks the application about a channel of a WebSocket, and tells whether its answer is still to come.
func (d *Door) mustWait(c reactor.Conn, w *want, origin string) bool {
	if d.options.Access.Hook == nil || w.refusal != nil || w.pattern {
		return false
	}
	who := d.identities[c.Fd()]
	own := *w
	known := d.askAbout(c, &own, nil, question(delivery.WebSocket, w.name, w.grant, who.Client, who.Info, origin))
	w.refusal = own.refusal
	return !known
}

// isAsking tells whether the connection waits for the application.
func (d *Door) isAsking(c reactor.Conn) bool { return d.subscriber(c.Fd()).is(flagAsking) }

// accessProblem fills in a refusal of access, if err is one.
func accessProblem(p *delivery.Problem, err error) bool {
	var e *accessError
	if !errors.As(err, &e) {
		return false
	}
	p.Code, p.Text = e.code, e.text
	return true
}
