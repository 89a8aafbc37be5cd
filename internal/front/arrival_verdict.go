package front

import (
	"errors"

	"github.com/icomet/icomet/internal/auth"
	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/hub"
	"github.com/icomet/icomet/internal/reactor"
)

// arrivalVerdict is mail: what the application has said about a channel that a pattern brings.
type arrivalVerdict struct {
	conn    reactor.ID
	arrival arrival
	refusal error
}

// askAboutArrival asks the application about a channel, unless that is under way, and tells whether it is known
// already that it allows it.
func (d *Door) askAboutArrival(c reactor.Conn, f *follower, p *pattern, a arrival) (allowed bool) {
	key := questionable{a.channel, a.prefix}
	if _, ok := f.asked[key]; ok {
		return false
	}
	s, who, id := d.subscriber(c.Fd()), d.identities[c.Fd()], c.ID()
	q := question(s.kind, []byte(a.name), p.grant, who.Client, who.Info, f.origin)
	v, known := d.options.Access.Hook.Ask(d.loop.Now(), q, func(v auth.Verdict) {
		d.loop.Post(d.number, 0, &arrivalVerdict{conn: id, arrival: a, refusal: refusedBy(v)})
	})
	if known {
		d.hearArrival(c, s, &a, refusedBy(v))
		return v.Allow
	}
	if f.asked == nil {
		f.asked = map[questionable]struct{}{}
	}
	f.asked[key] = struct{}{}
	d.walks.asked++
	return false
}

// heardOfArrival takes the application's answer.
func (d *Door) heardOfArrival(v *arrivalVerdict) {
	d.walks.asked--
	d.endPending()
	if c, ok := d.loop.Find(v.conn); ok && d.http.Held(c) {
		d.settle(c, v)
	}
	d.walkOn()
}

// settle does what the application's answer says.
func (d *Door) settle(c reactor.Conn, v *arrivalVerdict) {
	f := d.followers.byFd[c.Fd()]
	if f == nil {
		return
	}
	delete(f.asked, questionable{v.arrival.channel, v.arrival.prefix})
	if v.refusal != nil {
		d.hearArrival(c, d.subscriber(c.Fd()), &v.arrival, v.refusal)
	} else {
		d.bring(c, v.arrival)
	}
}

// hearArrival tells a subscriber that the application could not be asked. What it does not allow is left out
// without a word.
func (d *Door) hearArrival(c reactor.Conn, s *subscriber, a *arrival, refusal error) {
	var e *accessError
	if errors.As(refusal, &e) && e.code == codeOverloaded {
		d.reply(c, d.appendText(nil, s, d.problem(&want{id: delivery.NoID, name: []byte(a.name)}, e)))
	}
}

// questionable is what the application is asked only once at a time: a second answer might overtake the
// first, and the channel begin where the second arrival does.
type questionable struct {
	channel hub.ChannelID
	prefix  string
}
