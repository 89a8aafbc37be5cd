package admin

import (
	"context"
	"sync/atomic"

	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/httploop"
	"github.com/icomet/icomet/internal/hub"
	"github.com/icomet/icomet/internal/reactor"
)

const (
	// broadcastsMax bounds the broadcasts that wait for the one under way.
	broadcastsMax = 64
	// broadcastStep is how many channels a broadcast numbers in one step; the next step waits until
	// the loops have sent it all, so that other messages wait for no more than this.
	broadcastStep = 256
)

// Broadcaster does broadcasts, one after the other, on a goroutine of its own.
type Broadcaster struct {
	hub     *hub.Hub
	now     func() int64
	jobs    chan *job
	Steps   atomic.Uint64 // steps done
	Refused atomic.Uint64 // broadcasts refused since too many waited
	pending atomic.Int64  // broadcasts accepted and not done
}

// job is a broadcast and, as mail, its end.
type job struct {
	content string
	conn    reactor.ID
	door    *Door
}

// NewBroadcaster returns a broadcaster for a hub; now is the hub's clock.
func NewBroadcaster(h *hub.Hub, now func() int64) *Broadcaster {
	return &Broadcaster{hub: h, now: now, jobs: make(chan *job, broadcastsMax)}
}

// Run does broadcasts until ctx ends. One under way is then given up.
func (b *Broadcaster) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case j := <-b.jobs:
			if !b.do(ctx, j) {
				return
			}
			j.door.loop.Post(j.door.number, 0, j)
			b.pending.Add(-1)
		}
	}
}

func (b *Broadcaster) do(ctx context.Context, j *job) bool {
	f := b.hub.Broadcast(j.content)
	for more := true; more; {
		more = f.Step(b.now(), broadcastStep)
		b.Steps.Add(1)
		select {
		case <-f.Drained():
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// Pending is how many broadcasts have been accepted and are not done. Safe for concurrent use.
func (b *Broadcaster) Pending() int { return int(b.pending.Load()) }

// accept queues a broadcast, unless too many wait.
func (b *Broadcaster) accept(j *job) bool {
	b.pending.Add(1)
	select {
	case b.jobs <- j:
		return true
	default:
		b.pending.Add(-1)
		b.Refused.Add(1)
		return false
	}
}

// broadcast sends a message to every channel, and answers when that is done.
func (d *Door) broadcast(x *httploop.Exchange, p *params) {
	d.scratch.out = delivery.AppendContent(d.scratch.out[:0], p.content)
	j := &job{content: string(d.scratch.out), conn: x.Conn().ID(), door: d}
	if d.options.Broadcaster.accept(j) {
		x.Hold(false)
		return
	}
	d.tryLater(x)
}

func (d *Door) answerBroadcast(j *job) {
	if c, ok := d.loop.Find(j.conn); ok {
		d.http.Reply(c, func(x *httploop.Exchange) { d.answer(x, 200, textType, "ok\n") })
	}
}
