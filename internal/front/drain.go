package front

import (
	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/reactor"
	"github.com/icomet/icomet/internal/ws"
)

// drainsPerTurn bounds how many subscriptions are ended in one turn.
const drainsPerTurn = 512

// drain is mail that ends the subscriptions of a loop, some at a time.
type drain struct{}

// Drain ends all subscriptions and admits no more, for a server that stops: polls get their noop, endless
// answers their proper end. Messages published before are delivered first. Safe for concurrent use; it
// does not wait.
func (d *Door) Drain() { d.loop.Post(d.number, 0, drain{}) }

func (d *Door) drain() {
	d.draining = true
	d.Turn() // what was posted before goes out before
	for range min(drainsPerTurn, d.subscribers.Len()) {
		d.drainOne(d.loop.Conn(d.subscribers.At(uint32(d.subscribers.Len() - 1)).fd))
	}
	if d.subscribers.Len() > 0 {
		d.Drain()
	}
}

func (d *Door) drainOne(c reactor.Conn) {
	s := d.subscriber(c.Fd())
	if s.is(flagAsking) {
		d.removeSubscriber(c)
		d.http.Reply(c, unavailable)
		return
	}
	var last []byte
	switch s.kind {
	case delivery.WebSocket:
		d.closeWebSocket(c, ws.CloseGoingAway, "the server stops")
		return
	case delivery.Poll:
		last = d.noop(s)
	}
	d.finish(c, lastPiece(s, last))
	if !c.Dead() {
		c.Finish(reactor.ReasonShutdown, false)
	}
}
