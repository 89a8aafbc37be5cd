package hub_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/icomet/icomet/internal/hub"
)

// loop is a sink that does what a real one does, without connections: it queues deliveries, and hands
// them to its clients when told to.
type loop struct {
	hub  *hub.Hub
	sink int

	overloaded atomic.Bool
	mu         sync.Mutex
	queue      []delivery // guarded by mu

	clients map[hub.ChannelID][]*client

	created func(id hub.ChannelID, name string) // what to do with channels that were created
}

type delivery struct {
	id      hub.ChannelID
	message *hub.Message // nil for a channel that was created
	created string
}

// client is a subscriber that is waiting.
type client struct {
	name    string
	poll    bool
	members bool // wants to hear of members
	weak    bool
	id      hub.ChannelID
	next    int64
	loop    *loop
}

// newHub returns a hub with so many loops, all of it freed at the end of the test.
func newHub(t testing.TB, o hub.Options, count int) (*hub.Hub, []*loop) {
	h := hub.New(o)
	if t != nil {
		t.Cleanup(h.Free)
	}
	loops := make([]*loop, count)
	sinks := make([]hub.Sink, count)
	for i := range loops {
		loops[i] = &loop{hub: h, sink: i, clients: map[hub.ChannelID][]*client{}}
		sinks[i] = loops[i]
	}
	h.SetSinks(sinks)
	return h, loops
}

func (l *loop) Deliver(id hub.ChannelID, m *hub.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue = append(l.queue, delivery{id: id, message: m})
}

func (l *loop) Overloaded() bool { return l.overloaded.Load() }

func (l *loop) Created(id hub.ChannelID, name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue = append(l.queue, delivery{id: id, created: name})
}

// subscribe asks the hub, and keeps c if it is registered.
func (l *loop) subscribe(now int64, c *client, r hub.SubscribeRequest) (hub.Subscription, []hub.Entry, error) {
	r.Sink, r.Once = l.sink, c.poll
	sub, replay, err := l.hub.Subscribe(now, r, nil)
	if err == nil && sub.Registered {
		c.id, c.next, c.loop, c.weak = sub.ID, sub.NextSeq, l, r.Weak != 0
		l.clients[c.id] = append(l.clients[c.id], c)
	}
	return sub, replay, err
}

// leave takes c out, and tells the hub.
func (l *loop) leave(now int64, c *client) {
	l.forget(c)
	last := len(l.clients[c.id]) == 0
	if c.weak {
		l.hub.LeaveWeak(c.id, l.sink, last)
	} else {
		l.hub.Leave(now, c.id, l.sink, last)
	}
}

func (l *loop) forget(c *client) {
	rest := slices.DeleteFunc(l.clients[c.id], func(o *client) bool { return o == c })
	if len(rest) == 0 {
		delete(l.clients, c.id)
	} else {
		l.clients[c.id] = rest
	}
}

// drain hands everything queued to the clients. A poll leaves after its message; the end of a
// channel is the end of its clients, left being false.
func (l *loop) drain(now int64, got func(c *client, m *hub.Message, left bool)) {
	l.mu.Lock()
	queue := l.queue
	l.queue = nil
	l.mu.Unlock()
	for _, d := range queue {
		if d.message == nil {
			l.created(d.id, d.created)
			continue
		}
		for _, c := range slices.Clone(l.clients[d.id]) {
			l.hand(now, c, d.message, got)
		}
		d.message.Done()
	}
}

func (l *loop) hand(now int64, c *client, m *hub.Message, got func(*client, *hub.Message, bool)) {
	switch {
	case m.Type == hub.Close:
		l.forget(c)
		got(c, m, false)
	case m.Member != nil:
		if !c.members {
			return
		}
		got(c, m, false)
	case m.Seq < c.next: // it was in the replay
	case c.poll:
		l.leave(now, c)
		got(c, m, true)
	default:
		got(c, m, false)
	}
}

// ignore is a sink that handles everything at once.
type ignore struct{}

func (ignore) Deliver(_ hub.ChannelID, m *hub.Message) { m.Done() }
func (ignore) Overloaded() bool                        { return false }
func (ignore) Created(hub.ChannelID, string)           {}
