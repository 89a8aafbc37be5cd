package webhook

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/icomet/icomet/internal/hub"
)

// Options say where events go.
type Options struct {
	URL    string // of http or https
	Secret string // key of the signatures; empty for none
	// Events are the kinds that are wanted.
	Events [hub.EventKinds]bool
	// Grace is for how long a channel has to be without subscribers until it counts as vacated, so that one
	// whose only client polls or reconnects does not come and go.
	Grace time.Duration
	// Timeout bounds one request, at least a second.
	Timeout time.Duration
	// UserAgent is the header of that name.
	UserAgent string
	// Log is told when the receiver begins to fail, and when it works again. It must not block.
	Log func(text string)
	// Limits are the bounds of queue and patience.
	Limits Limits
}

// Limits bound what waits, and for how long.
type Limits struct {
	QueueEvents int           // that may wait; the same number of channels may be in their grace
	BatchEvents int           // of one request
	BatchDelay  time.Duration // that an event waits for others at most
	Attempts    int           // of one batch, before it is given up
	RetryFirst  time.Duration // pause behind the first attempt; each further one is twice as long, to RetryMax
	RetryMax    time.Duration
}

// DefaultLimits keep at most some 16,000 events, and patience for about five minutes.
var DefaultLimits = Limits{
	QueueEvents: 16384, BatchEvents: 256, BatchDelay: 200 * time.Millisecond,
	Attempts: 12, RetryFirst: 500 * time.Millisecond, RetryMax: time.Minute,
}

// Counters may be read by anybody at any time.
type Counters struct {
	Delivered atomic.Uint64 // events that the receiver has taken
	Batches   atomic.Uint64 // requests that the receiver has answered with success
	Failures  atomic.Uint64 // requests that failed
	Lost      atomic.Uint64 // events dropped, since the queue was full or the receiver failed for too long
}

// Hook hears events and posts them. Its methods are safe for concurrent use; Run must be called once.
type Hook struct {
	Counters Counters

	// Set before use, never changed.
	options   Options
	client    *http.Client
	server    string        // names this life of the server to receivers
	wake      chan struct{} // tells Run that there is something to look at
	closing   chan struct{} // closed by Close
	done      chan struct{} // closed when Run has ended
	closeOnce sync.Once

	// Owned by Run.
	failing bool

	mu     sync.Mutex
	closed bool  // guarded by mu
	queue  queue // guarded by mu
	held   held  // guarded by mu
}

// New returns a hook, which sends nothing before Run.
func New(o Options) *Hook {
	return &Hook{
		options: o, client: newClient(o.Timeout), server: rand.Text(),
		wake: make(chan struct{}, 1), closing: make(chan struct{}), done: make(chan struct{}),
		queue: queue{max: o.Limits.QueueEvents}, held: newHeld(),
	}
}

// Hear implements hub.Listener. It never blocks.
func (h *Hook) Hear(e hub.Event) { h.hear(event{Event: e, at: time.Now()}) }

func (h *Hook) hear(e event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.release(e.at) // so that the events of a channel keep their order
	switch e.Kind {
	case hub.ChannelVacated:
		if h.held.len() == h.options.Limits.QueueEvents {
			h.add(h.held.takeFirst())
		}
		h.held.add(e)
		if h.held.len() == 1 {
			h.wakeUp()
		}
	case hub.ChannelOccupied:
		if !h.held.cancel(e.Channel) {
			h.add(e)
		}
	default:
		h.add(e)
	}
}

// add queues an event if it is wanted. mu is held.
func (h *Hook) add(e event) {
	if !h.options.Events[e.Kind] {
		return
	}
	if h.queue.add(e) {
		h.Counters.Lost.Add(1)
	}
	if n := h.queue.len(); n == 1 || n == h.options.Limits.BatchEvents {
		h.wakeUp()
	}
}

func (h *Hook) wakeUp() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// Queued is how many events wait.
func (h *Hook) Queued() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.queue.len()
}

// Run posts what is heard, until ctx ends, or after Close until all is out.
func (h *Hook) Run(ctx context.Context) {
	defer close(h.done)
	defer h.client.CloseIdleConnections()
	for {
		b, ok := h.next(ctx)
		if !ok || !h.deliver(ctx, b) {
			return
		}
	}
}

// Close makes the hook hear no more. What it has heard goes out without a pause. It does not wait.
func (h *Hook) Close() {
	h.closeOnce.Do(func() {
		h.mu.Lock()
		h.closed = true
		h.mu.Unlock()
		close(h.closing)
	})
}

// Wait waits until Run has ended, but not longer than ctx. The error says how much is left then.
func (h *Hook) Wait(ctx context.Context) error {
	select {
	case <-h.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("webhook: %d events and a batch were left at the end", h.Queued())
	}
}

// next waits for a batch. It returns false at the end.
func (h *Hook) next(ctx context.Context) (b batch, ok bool) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	closing := h.closing
	for {
		b, wait := h.take(time.Now())
		if len(b.events) > 0 {
			return b, true
		}
		if wait == never {
			if closing == nil {
				return b, false
			}
			timer.Stop()
		} else {
			timer.Reset(wait)
		}
		select {
		case <-h.wake:
		case <-timer.C:
		case <-closing:
			closing = nil
		case <-ctx.Done():
			return b, false
		}
	}
}

// never is a wait without an end.
const never time.Duration = -1

// take returns a batch if one is due, or else when to look again. After Close all is due.
func (h *Hook) take(now time.Time) (b batch, wait time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.release(now)
	wait = h.held.wait(now, h.options.Grace)
	if h.queue.len() == 0 {
		return b, wait
	}
	delay := h.options.Limits.BatchDelay - now.Sub(h.queue.first().at)
	if delay > 0 && h.queue.len() < h.options.Limits.BatchEvents && !h.closed {
		if wait == never || delay < wait {
			wait = delay
		}
		return b, wait
	}
	b.events, b.lost = h.queue.take(h.options.Limits.BatchEvents)
	return b, 0
}

// release queues the channels that count as vacated by now.
func (h *Hook) release(now time.Time) {
	for h.held.len() > 0 && (h.closed || h.held.wait(now, h.options.Grace) == 0) {
		e := h.held.takeFirst()
		if !h.closed {
			e.at = now // until then it counted as occupied
		}
		h.add(e)
	}
}
