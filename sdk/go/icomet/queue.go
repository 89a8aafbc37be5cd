package icomet

import (
	"context"
	"maps"
	"sync"
)

// queue is what a subscription was sent and has not taken yet. It is bounded in events and in bytes, but
// always takes one event. Safe for concurrent use; one goroutine pushes.
type queue struct {
	eventsMax, bytesMax int
	// room and some have one token after a pop and after a push; ended is closed with the queue.
	room, some chan struct{}
	ended      chan struct{}

	mu     sync.Mutex
	events []Event
	bytes  int
	end    error // set once; what is queued can still be taken
	at     map[string]Position
}

func newQueue(eventsMax, bytesMax int) *queue {
	return &queue{eventsMax: eventsMax, bytesMax: bytesMax, at: map[string]Position{},
		room: make(chan struct{}, 1), some: make(chan struct{}, 1), ended: make(chan struct{})}
}

// push adds e. It waits for room; full is called first if it has to. It returns ErrClosed once the queue
// is closed, or the cause of the end of ctx.
func (q *queue) push(ctx context.Context, e Event, full func()) error {
	for waits := false; ; waits = true {
		if done, err := q.tryPush(e); done {
			return err
		}
		if !waits {
			full()
		}
		select {
		case <-q.room:
		case <-q.ended:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (q *queue) tryPush(e Event) (done bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.end != nil {
		return true, ErrClosed
	}
	if n := len(q.events); n > 0 && (n >= q.eventsMax || q.bytes+e.size() > q.bytesMax) {
		return false, nil
	}
	q.events = append(q.events, e)
	q.bytes += e.size()
	signal(q.some)
	return true, nil
}

// pop takes the oldest event, and notes the position behind it. It waits for one until ctx is done. After
// the end it returns what is left, and then the reason.
func (q *queue) pop(ctx context.Context) (Event, error) {
	for ctx.Err() == nil {
		if e, err := q.tryPop(); e != nil || err != nil {
			return e, err
		}
		select {
		case <-q.some:
		case <-q.ended:
		case <-ctx.Done():
		}
	}
	return nil, ctx.Err()
}

func (q *queue) tryPop() (Event, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.events) == 0 {
		return nil, q.end
	}
	e := q.events[0]
	q.events[0] = nil
	q.events = q.events[1:]
	q.bytes -= e.size()
	q.note(e)
	signal(q.room)
	if len(q.events) > 0 {
		signal(q.some) // for another one that pops
	}
	return e, nil
}

// note keeps the position behind e. That of a Subscribed counts only where there is none yet: a channel
// that has begun a new life is told of again until its gap was taken.
func (q *queue) note(e Event) {
	p, moves := e.position()
	if _, known := q.at[e.channel()]; moves || !known && p.Seq > 0 {
		q.at[e.channel()] = p
	}
}

// begin notes where a channel was asked for, or forgets what was known of a former subscription.
func (q *queue) begin(channel string, p Position) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.at, channel)
	if p.Seq > 0 {
		q.at[channel] = p
	}
}

// positions are the places behind the events that were taken.
func (q *queue) positions() map[string]Position {
	q.mu.Lock()
	defer q.mu.Unlock()
	return maps.Clone(q.at)
}

// close makes pop return err once all that is queued has been taken.
func (q *queue) close(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.end == nil {
		q.end = err
		close(q.ended)
	}
}

// signal leaves a token in a channel that holds one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
