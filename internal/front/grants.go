package front

import (
	"container/heap"
	"errors"

	"github.com/icomet/icomet/internal/auth"
	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/hub"
	"github.com/icomet/icomet/internal/reactor"
	"github.com/icomet/icomet/internal/ws"
)

// expiriesPerTurn bounds how many subscribers are ended in one turn since their tokens have expired.
const expiriesPerTurn = 512

// grants are those of the subscribers that came with a signed token, by descriptor; they have flagGranted.
type grants map[int32]*granted

// granted is what the token of a subscriber allows it.
type granted struct {
	*auth.Grant
	fd    int32
	index int // in Door.expiries, -1 if it does not expire
}

// expiries are the grants that end, the next to end first.
type expiries []*granted

func (e expiries) Len() int           { return len(e) }
func (e expiries) Less(i, j int) bool { return e[i].Expires.Before(e[j].Expires) }
func (e expiries) Swap(i, j int) {
	e[i], e[j] = e[j], e[i]
	e[i].index, e[j].index = i, j
}

// Push implements heap.Interface.
func (e *expiries) Push(x any) {
	g := x.(*granted)
	g.index = len(*e)
	*e = append(*e, g)
}

// Pop implements heap.Interface.
func (e *expiries) Pop() any {
	last := len(*e) - 1
	g := (*e)[last]
	(*e)[last] = nil
	*e = (*e)[:last]
	return g
}

// allow notes what subscriber s may do, in the place of what it might before. A nil grant is none.
func (d *Door) allow(s *subscriber, grant *auth.Grant) {
	d.disallow(s)
	if grant == nil {
		return
	}
	g := &granted{Grant: grant, fd: s.fd, index: -1}
	s.flags |= flagGranted
	d.grants[s.fd] = g
	if !grant.Expires.IsZero() {
		heap.Push(&d.expiries, g)
		d.expiring.Store(int64(len(d.expiries)))
	}
}

// disallow ends allow.
func (d *Door) disallow(s *subscriber) {
	if !s.is(flagGranted) {
		return
	}
	g := d.grants[s.fd]
	delete(d.grants, s.fd)
	s.flags &^= flagGranted
	if g.index >= 0 {
		heap.Remove(&d.expiries, g.index)
		d.expiring.Store(int64(len(d.expiries)))
	}
}

// grant is what subscriber s may do by its token, nil if it has none.
func (d *Door) grant(s *subscriber) *auth.Grant {
	if s.is(flagGranted) {
		return d.grants[s.fd].Grant
	}
	return nil
}

// expire is mail that ends the subscribers whose tokens have expired.
type expire struct{}

// Expire ends the subscribers whose tokens have expired. It is to be called every second; where no token can
// expire the loop is not woken. Safe for concurrent use; it does not wait.
func (d *Door) Expire() {
	if d.expiring.Load() > 0 {
		d.loop.Post(d.number, 0, expire{})
	}
}

func (d *Door) expire() {
	now := d.loop.Now()
	for range expiriesPerTurn {
		if len(d.expiries) == 0 || !d.expiries[0].Expired(now) {
			return
		}
		d.endExpired(d.loop.Conn(d.expiries[0].fd))
	}
	d.Expire()
}

// endExpired ends a subscriber whose token has expired.
func (d *Door) endExpired(c reactor.Conn) {
	s := d.subscriber(c.Fd())
	d.Counters.Expired.Add(1)
	const text = "token expired"
	if s.kind == delivery.WebSocket {
		d.closeWebSocket(c, ws.CloseExpired, text)
		return
	}
	var last []byte
	if s.is(flagV1) {
		json := delivery.AppendProblem(nil, &delivery.Problem{ID: delivery.NoID, Code: codeToken, Text: text})
		if s.kind == delivery.Poll {
			json = arrayOfOne(json)
		}
		last = d.encoderOf(s).AppendText(nil, json)
	} else {
		m := hub.Message{Type: hub.TokenError, Channel: d.nameOf(s.first - 1), Payload: tokenError}
		last = d.encoderOf(s).AppendFrame(nil, &m)
	}
	d.finish(c, lastPiece(s, last))
}

// commandAuth takes a fresh token of a WebSocket. Channels that it does not allow any more are ended.
func (d *Door) commandAuth(c reactor.Conn, s *subscriber, cmd *command) error {
	if d.options.Access.Checker == nil {
		return errors.New("signed tokens are not asked for here")
	}
	p := delivery.Problem{ID: cmd.number()}
	grant, err := d.verify([]byte(cmd.Token))
	if err == nil && !d.isSame(s, grant) {
		err = &accessError{codeForbidden, "the token is of another client"}
	}
	if accessProblem(&p, err) {
		d.Counters.WrongToken.Add(1)
		d.reply(c, d.appendText(nil, s, delivery.AppendProblem(nil, &p)))
		return nil
	}
	d.allow(s, grant)
	d.regrant(s, grant)
	frames := d.appendText(nil, s, delivery.AppendAuthorized(nil, cmd.number(), grant.Expires))
	d.reply(c, d.dropForbidden(frames, s, grant))
	return nil
}

// isSame tells whether a grant is for the client that s is known as, or makes it known.
func (d *Door) isSame(s *subscriber, grant *auth.Grant) bool {
	if s.is(flagNamed) {
		return grant.Client == d.identities[s.fd].Client
	}
	if s.channels == 0 {
		d.identify(s, memberOf(grant))
	}
	return true
}

// memberOf is who a grant says its bearer is.
func memberOf(grant *auth.Grant) hub.Member {
	m, err := delivery.NewMember(grant.Client, grant.Info)
	if err != nil {
		return hub.Member{} // a token need not name anybody
	}
	return m
}

// dropForbidden ends the channels of s that grant does not allow, and appends that each is.
func (d *Door) dropForbidden(dst []byte, s *subscriber, grant *auth.Grant) []byte {
	var forbidden []hub.ChannelID
	d.each(s, func(_ uint32, u *subscription) bool {
		if !grant.MaySubscribe([]byte(d.options.Hub.Name(u.channel))) {
			forbidden = append(forbidden, u.channel)
		}
		return true
	})
	for _, id := range forbidden {
		n, _ := d.find(s, id)
		name := []byte(d.nameOf(n))
		d.unsubscribe(n)
		p := delivery.Problem{ID: delivery.NoID, Channel: name}
		accessProblem(&p, errNotPermitted)
		dst = d.appendText(dst, s, delivery.AppendProblem(nil, &p))
	}
	return dst
}
