package reliability

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"time"
)

// follower is a client of protocol v1. It follows many channels over one connection, comes back again and again
// over another transport and with other channels, and checks every message by its places.
type follower struct {
	server netip.AddrPort
	ledger *ledger
	random *rand.Rand
	places []*place
	byName map[string]*place
	// calm followers stay as long as they can, with all their channels.
	calm bool
	only *transport
	// stay is how long visits of others last at the average, if bytes do not end them.
	stay time.Duration
	// mayBeCut tells that the server may cut the connection, as it does when a channel ends and there is no room to
	// say so.
	mayBeCut bool
	// lags makes a follower stop reading now and then until there have been so many more publishes.
	lags int

	// Of the visit under way.
	transport *transport
	visited   []*place // in the order of the request
	link      *link
	greeted   bool
	cutOff    bool // in the middle of a command
	source    source
	socket    socket
	commands  []command
	lastID    int64
	events    []event
}

// run visits the server until ctx ends.
func (f *follower) run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := f.visit(ctx); err != nil && ctx.Err() == nil {
			f.ledger.violate(wrong, "%s: %v", f.transport.name, err)
		}
	}
}

// visit is one connection. It ends, when it is not the server that ends it, in the middle of anything.
func (f *follower) visit(ctx context.Context) error {
	f.choose()
	f.ledger.visits.Add(1)
	l, err := dial(f.server)
	if err != nil {
		return err
	}
	defer l.close()
	defer l.closeWith(ctx)()
	f.link = l
	if f.lags > 0 {
		l.conn.SetReadBuffer(256 << 10)
	}
	l.conn.SetDeadline(time.Now().Add(ioLimit))
	f.chooseEnd(l)
	if f.transport.socket {
		return f.end(f.converse())
	}
	for {
		goesOn, err := f.exchange(l)
		if err != nil || !goesOn {
			return f.end(err)
		}
	}
}

// end is the end of a visit. One that the follower has chosen is none of the server's mistakes.
func (f *follower) end(err error) error {
	if f.mayBeCut && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)) {
		f.ledger.cuts.Add(1)
		return nil
	}
	if !errors.Is(err, errBudget) && !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	switch f.random.IntN(4) {
	case 0:
		f.link.reset()
	case 1:
		f.link.conn.CloseWrite()
	case 2:
		if f.transport.socket && f.greeted && !f.cutOff {
			return f.goodbye()
		}
	}
	return nil
}

// choose decides on the transport and on the channels of a visit.
func (f *follower) choose() {
	last := f.transport
	f.transport = f.only
	if f.only == nil {
		f.transport = anyTransportOfV1(f.random)
	}
	for _, p := range f.places {
		p.phase = absent
	}
	if f.source.goesOn(f, last) {
		return
	}
	f.visited = append(f.visited[:0], f.places...)
	if f.calm || len(f.places) == 1 {
		return
	}
	f.random.Shuffle(len(f.visited), func(i, j int) { f.visited[i], f.visited[j] = f.visited[j], f.visited[i] })
	count := 1
	if f.random.IntN(3) > 0 {
		count = 1 + f.random.IntN(len(f.places))
	}
	// What is behind comes first, so that a round ends at last.
	slices.SortStableFunc(f.visited, func(a, b *place) int { return b.lag() - a.lag() })
	f.visited = f.visited[:count]
	if p := f.visited[0]; f.random.IntN(50) == 0 {
		p.forget()
	}
}

// chooseEnd makes the visit end after some bytes, or after some time, whichever comes first, or never by itself.
func (f *follower) chooseEnd(l *link) {
	if f.calm {
		return
	}
	after := f.stay * 2
	switch f.random.IntN(6) {
	case 0:
		after = f.stay / 20
	case 1:
		l.budget = f.random.IntN(1000)
	case 2:
		l.budget = f.random.IntN(20_000)
	}
	l.conn.SetReadDeadline(time.Now().Add(time.Duration(f.random.Int64N(int64(after) + 1))))
}

// startOf decides how a subscription begins, and makes the parameters that say so.
func (f *follower) startOf(p *place) (start, string) {
	if p.isKnown() {
		return fromPosition, fmt.Sprintf("&seq=%d&epoch=%s", p.next, p.epoch)
	}
	switch s := 1 + start(f.random.IntN(int(starts)-1)); s {
	case fromFirst:
		return s, "&seq=1"
	case fromLast:
		return s, fmt.Sprintf("&seq=last:%d", lastCount)
	case fromTime:
		return s, "&since=0"
	default:
		return s, ""
	}
}

// ask asks for the channels of the visit, as parameters.
func (f *follower) ask() (query string) {
	query = "v=1"
	for _, p := range f.visited {
		s, params := f.startOf(p)
		p.ask(s)
		query += "&cname=" + p.name + params
	}
	return query
}

// exchange is one request over HTTP and its answer. It tells whether the connection can take another.
func (f *follower) exchange(l *link) (goesOn bool, err error) {
	f.greeted = false
	if err := l.write(f.request()); err != nil {
		return false, err
	}
	a, err := l.readAnswer()
	if err != nil {
		return false, err
	}
	if a.status != 200 {
		return false, fmt.Errorf("status %d", a.status)
	}
	for {
		line, err := l.readLine()
		if err == io.EOF && len(line) == 0 {
			break
		}
		if err != nil {
			return false, err
		}
		if err := f.line(line); err != nil {
			return false, err
		}
	}
	return a.keepAlive && a.chunked, l.endBody(a)
}

// request is the request for the channels of the visit.
func (f *follower) request() string {
	t, header, body := f.transport, "", ""
	query := ""
	if t.lastEventID {
		query, header = f.source.request(f)
	} else {
		query = f.ask()
	}
	query += t.params
	method, target := "GET", t.path+"?"+query
	if t.post {
		method, target, body = "POST", t.path, query
		header += fmt.Sprintf("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n", len(body))
	}
	return fmt.Sprintf("%s %s HTTP/1.%d\r\nHost: test\r\n%s%s\r\n%s", method, target, t.minor, header, t.header, body)
}

// line takes a line of the answer's body.
func (f *follower) line(line []byte) error {
	if f.transport.path == "/sse" {
		return f.source.line(f, line)
	}
	payload, err := f.transport.payload(line)
	if payload == nil || err != nil {
		return err
	}
	return f.texts(payload)
}

// texts takes what came in one go.
func (f *follower) texts(payload []byte) error {
	events, isArray, err := parseEvents(f.events[:0], payload)
	f.events = events
	if err != nil {
		return err
	}
	if isArray == f.transport.endless {
		return fmt.Errorf("an array: %v, in %.200q", isArray, payload)
	}
	for i := range events {
		if err := f.take(&events[i]); err != nil {
			return err
		}
	}
	return nil
}

// take checks one event.
func (f *follower) take(e *event) error {
	kind := string(e.kind)
	if (kind == "hello") != (f.transport.endless && !f.greeted) {
		return fmt.Errorf("%s, greeted: %v", kind, f.greeted)
	}
	f.greeted = true
	if err := f.answers(e); err != nil {
		return err
	}
	poll := !f.transport.endless
	var p *place
	if e.channel != nil {
		if p = f.byName[string(e.channel)]; p == nil {
			return fmt.Errorf("%s of channel %q", kind, e.channel)
		}
	}
	switch kind {
	case "hello", "noop", "pong":
		return nil
	case "subscribed":
		return p.subscribed(e, poll)
	case "unsubscribed":
		return p.unsubscribed()
	case "gap":
		return p.gap(e, poll)
	case "data", "broadcast":
		if err := p.message(e, poll); err != nil {
			return err
		}
		f.lag(p)
		return nil
	case "close":
		if err := p.close(e, poll); err != nil {
			return err
		}
		if f.transport.endless && !f.transport.socket && (f.calm || f.random.IntN(2) == 0) {
			return errBudget // another request is the only way to get the channel back
		}
		return nil
	case "error":
		if e.code == codeNotSubscribed && p != nil && p.channel.closes.Load() > 0 {
			return nil // the channel was closed meanwhile, which may have been told already or not
		}
	}
	return fmt.Errorf("unexpected %s, code %d, %q", kind, e.code, e.text)
}

const codeNotSubscribed = 404

// lag stops reading for a while if that is how this follower is.
func (f *follower) lag(p *place) {
	if f.lags == 0 || f.random.IntN(20) > 0 {
		return
	}
	c, until := p.channel, p.channel.done.Load()+int32(f.lags)
	round := p.ledger.rounds.Load()
	f.ledger.progress.await(func() bool {
		return c.done.Load() >= until || f.ledger.rounds.Load() != round || round%2 == 0 || f.ledger.over.Load()
	})
}

// behind is a place of the follower that is behind, nil if there is none.
func (f *follower) behind() *place {
	i := slices.IndexFunc(f.places, (*place).isBehind)
	if i < 0 {
		return nil
	}
	return f.places[i]
}
