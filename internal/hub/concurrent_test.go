package hub_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/icomet/icomet/internal/hub"
)

const (
	crowdNames    = 20
	crowdChannels = 15
	crowdRounds   = 3000
	crowdMessages = 5000 // to be delivered, before publishers stop
)

// crowd is everybody at once: loops with clients that check their numbers, publishers, a clock, a
// broadcaster, watchers.
type crowd struct {
	t     *testing.T
	hub   *hub.Hub
	loops []*loop
	ticks atomic.Int64 // eighths of a second
	got   atomic.Int64 // messages
}

// TestConcurrentUse checks that every client gets every message of its channel once and in order, that
// limits hold at any moment, and that nothing is left in the end.
func TestConcurrentUse(t *testing.T) {
	c := &crowd{t: t}
	c.hub, c.loops = newHub(t, hub.Options{
		MaxChannels: crowdChannels, MaxSubscribers: 8, HistorySize: 4, ChannelTimeout: 2,
	}, 3)
	var loops, others sync.WaitGroup
	done := make(chan struct{})
	for i, l := range c.loops {
		loops.Go(func() { c.runLoop(l, rand.New(rand.NewPCG(1, uint64(i))), done) })
	}
	for i := range 2 {
		others.Go(func() { c.publish(rand.New(rand.NewPCG(2, uint64(i)))) })
	}
	others.Go(c.broadcast)
	others.Go(c.tick)
	others.Go(c.watch)
	others.Wait()
	close(done)
	loops.Wait()
	c.checkEmpty()
}

func (c *crowd) clock() int64 { return c.ticks.Load() / 8 }

func crowdName(r *rand.Rand) []byte { return fmt.Append(nil, "channel ", r.IntN(crowdNames)) }

// runLoop lets clients come and go until done, and handles what is delivered.
func (c *crowd) runLoop(l *loop, r *rand.Rand, done chan struct{}) {
	for {
		select {
		case <-done:
			c.emptyLoop(l)
			return
		default:
		}
		if r.IntN(3) == 0 {
			c.leaveAny(l)
		} else {
			c.subscribe(l, r)
		}
		c.drain(l)
	}
}

func (c *crowd) subscribe(l *loop, r *rand.Rand) {
	cl := &client{poll: r.IntN(2) == 0}
	sub, replay, err := l.subscribe(c.clock(), cl, hub.SubscribeRequest{Name: crowdName(r), Seq: r.Int32N(200)})
	if err != nil && !errors.Is(err, hub.ErrTooManyChannels) && !errors.Is(err, hub.ErrTooManySubscribers) {
		c.t.Error(err)
	}
	for i, e := range replay {
		if want := sub.NextSeq - int64(len(replay)-i); e.Seq != want {
			c.t.Errorf("replayed %d, want %d", e.Seq, want)
		}
	}
}

func (c *crowd) leaveAny(l *loop) {
	for _, clients := range l.clients {
		l.leave(c.clock(), clients[0])
		return
	}
}

func (c *crowd) drain(l *loop) {
	l.drain(c.clock(), func(cl *client, m *hub.Message, _ bool) {
		if m.Seq != cl.next {
			c.t.Errorf("%v %d came, want %d", m.Type, m.Seq, cl.next)
		}
		cl.next++
		c.got.Add(1)
	})
}

func (c *crowd) emptyLoop(l *loop) {
	c.drain(l)
	for len(l.clients) > 0 {
		c.leaveAny(l)
	}
}

func (c *crowd) publish(r *rand.Rand) {
	for i := 0; i < crowdRounds || c.got.Load() < crowdMessages; i++ {
		now, name := c.clock(), crowdName(r)
		if _, err := c.hub.Publish(now, name, hub.Publication{Payload: hub.Payload{Content: "text"}}); err != nil && !errors.Is(err, hub.ErrTooManyChannels) {
			c.t.Error(err)
		}
		switch i % 50 {
		case 0:
			c.hub.Close(name)
		case 10:
			c.hub.Clear(name)
		case 20:
			if _, err := c.hub.Sign(now, name, 1); err != nil && !errors.Is(err, hub.ErrTooManyChannels) {
				c.t.Error(err)
			}
		}
	}
}

func (c *crowd) broadcast() {
	for range 20 {
		f := c.hub.Broadcast("to all")
		for f.Step(c.clock(), 4) {
			<-f.Drained()
		}
		<-f.Drained()
		if f.Pending() != 0 {
			c.t.Errorf("%d are pending after the signal", f.Pending())
		}
	}
}

func (c *crowd) tick() {
	for range crowdRounds {
		c.ticks.Add(1)
		for c.hub.Tick(c.clock(), 2) {
		}
	}
}

// watch begins and ends watching, and looks at the bound.
func (c *crowd) watch() {
	for range 50 {
		w := new(eventCount)
		if err := c.hub.Watch(w); err != nil {
			c.t.Error(err)
		}
		if channels, _ := c.hub.Info(); channels > crowdChannels {
			c.t.Errorf("%d channels", channels)
		}
		c.hub.Unwatch(w)
	}
}

// eventCount is a watcher that counts, each call with another shard locked.
type eventCount struct{ atomic.Int64 }

func (w *eventCount) Presence(bool, string) { w.Add(1) }

func (c *crowd) checkEmpty() {
	now := c.clock() + 1000
	for c.hub.Tick(now, 100) {
	}
	if channels, subscribers := c.hub.Info(); channels != 0 || subscribers != 0 {
		c.t.Errorf("%d channels and %d subscribers are left", channels, subscribers)
	}
	if err := c.hub.Check(); err != nil {
		c.t.Error(err)
	}
}
