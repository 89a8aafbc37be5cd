package webhook

import (
	"container/list"
	"time"

	"github.com/icomet/icomet/internal/hub"
)

// event is an event and when it was.
type event struct {
	hub.Event
	at time.Time
}

// queue holds the newest events, a bounded number of them.
type queue struct {
	max    int
	events []event // a ring, once it has max
	start  int     // of the oldest
	count  int
	lost   int // dropped since the last take
}

func (q *queue) len() int { return q.count }

func (q *queue) first() *event { return &q.events[q.start] }

// add appends an event. It tells whether the oldest was dropped for it.
func (q *queue) add(e event) (dropped bool) {
	if q.count == len(q.events) && q.count < q.max {
		q.grow()
	}
	if dropped = q.count == q.max; dropped {
		q.start = (q.start + 1) % len(q.events)
		q.count--
		q.lost++
	}
	q.events[(q.start+q.count)%len(q.events)] = e
	q.count++
	return dropped
}

// grow makes room, with the oldest first.
func (q *queue) grow() {
	events := make([]event, min(max(2*len(q.events), 16), q.max))
	q.copy(events[:q.count])
	q.events, q.start = events, 0
}

// copy copies the oldest events.
func (q *queue) copy(dst []event) {
	for i := range dst {
		dst[i] = q.events[(q.start+i)%len(q.events)]
	}
}

// take takes up to so many events out, and the number of those dropped before. A queue that is empty then has no
// memory.
func (q *queue) take(events int) (taken []event, lost int) {
	taken = make([]event, min(events, q.count))
	q.copy(taken)
	lost, q.lost = q.lost, 0
	q.start = (q.start + len(taken)) % len(q.events)
	if q.count -= len(taken); q.count == 0 {
		q.events, q.start = nil, 0
	}
	return taken, lost
}

// held are the channels whose last subscriber has just gone, in the order of that.
type held struct {
	order     *list.List // of event
	byChannel map[string]*list.Element
}

func newHeld() held { return held{list.New(), map[string]*list.Element{}} }

func (h *held) len() int { return h.order.Len() }

// add holds a channel back, which is not held.
func (h *held) add(e event) { h.byChannel[e.Channel] = h.order.PushBack(e) }

// cancel tells whether a channel was held, and is so no more.
func (h *held) cancel(channel string) bool {
	e, ok := h.byChannel[channel]
	if ok {
		h.order.Remove(e)
		delete(h.byChannel, channel)
	}
	return ok
}

// takeFirst takes out what is held for longest.
func (h *held) takeFirst() event {
	e := h.order.Front().Value.(event)
	h.cancel(e.Channel)
	return e
}

// wait is how long it takes until the first has been held for grace: 0 if it has, never if there is none.
func (h *held) wait(now time.Time, grace time.Duration) time.Duration {
	if h.order.Len() == 0 {
		return never
	}
	return max(grace-now.Sub(h.order.Front().Value.(event).at), 0)
}
