package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

const (
	// hookAskersMax bounds those who wait for an answer, with what they wait with.
	hookAskersMax = 1 << 14
	// hookRequestsMax is how many questions are put to the application at a time.
	hookRequestsMax = 16
	// hookTTLMax is the longest that an answer is kept, whatever it says.
	hookTTLMax = time.Hour
	// hookFailureTTL is how long a failure is kept, so that not everybody finds out on his own.
	hookFailureTTL = time.Second
)

// HookOptions say how an application is asked.
type HookOptions struct {
	// URL gets a POST for each question.
	URL string
	// Timeout is how long an answer may take, all in all.
	Timeout time.Duration
	// CacheMax is how many answers are kept; 0 is none. Each takes about 150 bytes.
	CacheMax int
	// AskersMax bounds those who wait, and RequestsMax the questions put at a time; 0 is the default of each,
	// 16384 and 16.
	AskersMax, RequestsMax int
	// FailOpen allows what could not be asked.
	FailOpen bool
	// Transport is for the requests; nil is an ordinary one.
	Transport http.RoundTripper
	// Log is told when asking begins to fail, and when it works again, on a goroutine of Run; nil for
	// nobody.
	Log func(text string)
}

// Verdict is what the application thinks of a subscription.
type Verdict struct {
	Allow bool
	// Reason is the application's own word for why not, for the client; "" if it gave none. It has at most
	// 256 bytes.
	Reason string
	// Failed says that the application was not asked, or did not answer properly: then Allow is as the
	// operator wants it, and a client that was refused may try again.
	Failed bool
}

// HookCounters of a [Hook] only grow. They may be read at any time.
type HookCounters struct {
	// Hits are questions whose answer was known, Joined those that another was asking already.
	Hits, Joined atomic.Uint64
	// Allowed and Refused are answers of the application, Failures are requests without a proper one.
	Allowed, Refused, Failures atomic.Uint64
	// Overflows are questions that were not asked since too many waited.
	Overflows atomic.Uint64
}

// Hook asks the application whether subscriptions are all right. Its methods are safe for concurrent use.
type Hook struct {
	Counters HookCounters

	// Set before use, never changed.
	options HookOptions
	client  *http.Client
	answers *cache[Verdict]
	queue   chan *flight // has room for all askers, so that sending never waits

	failing atomic.Bool // for the log

	mu sync.Mutex
	// Guarded by mu.
	flights map[digest]*flight
	askers  int
	stopped bool
}

// flight is a question that has been asked and not answered, and those who wait for the answer.
type flight struct {
	key  digest
	body []byte
	done []func(Verdict)
}

// NewHook makes a Hook. Nothing is asked before Run. The error is for options that make no sense.
func NewHook(o HookOptions) (*Hook, error) {
	if o.URL == "" || o.Timeout <= 0 {
		return nil, errors.New("auth: a hook needs a URL and a time-out")
	}
	if o.AskersMax == 0 {
		o.AskersMax = hookAskersMax
	}
	if o.RequestsMax == 0 {
		o.RequestsMax = hookRequestsMax
	}
	if o.Log == nil {
		o.Log = func(string) {}
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Hook{
		options: o, client: newClient(o.Transport, stay), answers: newCache[Verdict](o.CacheMax),
		queue: make(chan *flight, o.AskersMax), flights: map[digest]*flight{},
	}, nil
}

// failure is the verdict without an answer.
func (h *Hook) failure() Verdict { return Verdict{Allow: h.options.FailOpen, Failed: true} }

// Ask asks a question. If the answer is known, or cannot be had, it is returned with true and done is not
// called. Otherwise done is called with it later, exactly once and on another goroutine, also if Run ends; it
// must not wait, and if it belongs to a loop it only posts mail to that.
//
// Ask never waits and may be called on a loop. Of the same question only one is under way at a time.
func (h *Hook) Ask(now time.Time, q Question, done func(Verdict)) (Verdict, bool) {
	if !utf8.ValidString(q.Channel) {
		return Verdict{Reason: "channel name is not UTF-8"}, true // in JSON it would be another name
	}
	body := q.body()
	key := digest(sha256.Sum256(body))
	if v, ok := h.answers.get(&key, now); ok {
		h.Counters.Hits.Add(1)
		return v, true
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped || h.askers == h.options.AskersMax {
		h.Counters.Overflows.Add(1)
		return h.failure(), true
	}
	h.askers++
	if f := h.flights[key]; f != nil {
		h.Counters.Joined.Add(1)
		f.done = append(f.done, done)
		return Verdict{}, false
	}
	f := &flight{key: key, body: body, done: []func(Verdict){done}}
	h.flights[key] = f
	h.queue <- f // has room, since there are no more flights than askers
	return Verdict{}, false
}

// Run puts questions to the application until ctx ends; then those who wait get a failure. It is called once.
func (h *Hook) Run(ctx context.Context) {
	defer h.client.CloseIdleConnections()
	var workers sync.WaitGroup
	for range h.options.RequestsMax {
		workers.Go(func() { h.work(ctx) })
	}
	workers.Wait()
	h.mu.Lock()
	h.stopped = true
	close(h.queue)
	h.mu.Unlock()
	for f := range h.queue {
		h.land(f, h.failure())
	}
}

func (h *Hook) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case f := <-h.queue:
			h.land(f, h.put(ctx, f))
		}
	}
}

// put puts one question, and keeps the answer.
func (h *Hook) put(ctx context.Context, f *flight) Verdict {
	v, ttl, err := h.request(ctx, f.body)
	switch {
	case err != nil:
		h.Counters.Failures.Add(1)
		v, ttl = h.failure(), hookFailureTTL
	case v.Allow:
		h.Counters.Allowed.Add(1)
	default:
		h.Counters.Refused.Add(1)
	}
	if ctx.Err() == nil && h.failing.Swap(err != nil) != (err != nil) {
		h.tell(err)
	}
	if ttl > 0 {
		h.answers.put(&f.key, v, time.Now().Add(min(ttl, hookTTLMax)))
	}
	return v
}

// tell tells the log that asking has begun to fail, or works again.
func (h *Hook) tell(err error) {
	if err != nil {
		h.options.Log("subscribe hook: " + err.Error())
		return
	}
	h.options.Log("subscribe hook: " + redacted(h.options.URL) + " answers again")
}

// land gives the verdict to all who wait for it.
func (h *Hook) land(f *flight, v Verdict) {
	h.mu.Lock()
	delete(h.flights, f.key)
	h.askers -= len(f.done)
	h.mu.Unlock()
	for _, done := range f.done {
		done(v)
	}
}
