package icomet

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Transport is a way to get messages from the server.
type Transport string

const (
	// WebSocket also carries commands: publishing, members.
	WebSocket Transport = "websocket"
	// Stream is one endless answer, a message a line. A change of the channels needs a new request.
	Stream Transport = "stream"
	// Poll is a request for every few messages. It gets through where answers are held back until they
	// end.
	Poll Transport = "poll"
)

// Options say how a client works. The zero value is good for a server that wants no token.
type Options struct {
	// HTTPClient makes the requests; its Timeout is not used. Default: one of the client's own.
	HTTPClient *http.Client
	// Header is added to every request.
	Header http.Header
	// Token gives the JWT of the connection, where the server wants one. It is called for every
	// connection, ahead of the end of the former token (its claim exp), and after a refusal. It may
	// block for 30 seconds, and should return early when its context is done.
	Token func(context.Context) (string, error)
	// ID and Info (written as JSON) say who this is, where the server lets clients say so themselves.
	ID   string
	Info any
	// Transports are tried in this order. Default: WebSocket, Stream, Poll.
	Transports []Transport
	// QueueEvents and QueueBytes bound what a subscription holds that was not taken yet. When it is full,
	// the client stops reading. Default: 256, and 4 MB.
	QueueEvents, QueueBytes int
	// HelloLimit is how long a transport may take from the request to the server's first word, before
	// the next one is tried. Default: 5 s.
	HelloLimit time.Duration
	// Silence is how long a poll may take. It should be longer than the server's polling_timeout.
	// Default: 60 s.
	Silence time.Duration
	// BackoffFirst and BackoffMax are the first and the longest wait ahead of a new connection.
	// Default: 500 ms and 30 s.
	BackoffFirst, BackoffMax time.Duration
	// OnState, if set, is told of every change, one call at a time. It must not block, nor call Close.
	OnState func(State)
}

// State is how a client stands.
type State struct {
	// Transport is what is used, or was tried last.
	Transport Transport
	// Online tells that the server has answered on it.
	Online bool
	// Err is why the client is not online.
	Err error
	// RetryIn is when it tries again.
	RetryIn time.Duration
}

func (o Options) withDefaults() Options {
	orElse(&o.QueueEvents, 256)
	orElse(&o.QueueBytes, 4<<20)
	orElse(&o.HelloLimit, 5*time.Second)
	orElse(&o.Silence, time.Minute)
	orElse(&o.BackoffFirst, 500*time.Millisecond)
	orElse(&o.BackoffMax, 30*time.Second)
	if len(o.Transports) == 0 {
		o.Transports = []Transport{WebSocket, Stream, Poll}
	}
	if o.OnState == nil {
		o.OnState = func(State) {}
	}
	return o
}

func orElse[T int | time.Duration](value *T, fallback T) {
	if *value <= 0 {
		*value = fallback
	}
}

// Client is a subscriber: one connection to a server's front port, with any number of subscriptions on
// it. It connects when there is something to ask for, and again whenever the connection is lost, and goes
// on where it was. Safe for concurrent use. Close it when it is no longer needed.
type Client struct {
	// Set before use, never changed.
	web     web
	opts    Options
	common  url.Values // parameters of every request
	ctx     context.Context
	cancel  context.CancelCauseFunc
	stopped chan struct{} // closed when run has ended
	wake    chan struct{} // a token: what is wanted has changed

	mu         sync.Mutex
	channels   map[string]*wanted
	admissions map[*admission]struct{}
	callers    int           // commands that wait for a connection
	session    *session      // of the present connection, once there was a hello
	trying     Transport     // of the present session, greeted or not
	changed    chan struct{} // closed and replaced when session or trying change
	stalled    bool          // the reader waits for room in a queue
	dirty      bool          // channels were added or removed since they were last asked for
	dropped    []string      // channels to unsubscribe on the present connection
}

// NewClient makes a client of the server whose front port is at frontURL: http, https, ws or wss, with a
// path ahead of the server's own if there is one. It does not connect yet.
func NewClient(frontURL string, opts Options) (*Client, error) {
	w, err := newWeb(frontURL, opts.HTTPClient, opts.Header)
	if err != nil {
		return nil, err
	}
	c := &Client{web: w, opts: opts.withDefaults(), common: url.Values{}, stopped: make(chan struct{}), wake: make(chan struct{}, 1),
		channels: map[string]*wanted{}, admissions: map[*admission]struct{}{}, changed: make(chan struct{})}
	for _, t := range c.opts.Transports {
		if t != WebSocket && t != Stream && t != Poll {
			return nil, fmt.Errorf("icomet: unknown transport %q", t)
		}
	}
	if opts.ID != "" {
		c.common.Set("client", opts.ID)
	}
	if opts.Info != nil {
		info, err := json.Marshal(opts.Info)
		if err != nil {
			return nil, fmt.Errorf("icomet: info: %w", err)
		}
		c.common.Set("info", string(info))
	}
	c.ctx, c.cancel = context.WithCancelCause(context.Background())
	go c.run()
	return c, nil
}

// Close ends the connection and all subscriptions, whose events that were queued can still be taken. It
// returns when no goroutine is left, which takes a second at most.
func (c *Client) Close() {
	c.cancel(ErrClosed)
	<-c.stopped
	c.mu.Lock()
	owners := map[*Subscription]bool{}
	for _, w := range c.channels {
		owners[w.owner] = true
	}
	clear(c.channels)
	c.mu.Unlock()
	for s := range owners {
		s.queue.close(ErrClosed)
	}
	c.web.close()
}

// Subscribe subscribes channels, which need not exist. It returns when the server has accepted all of
// them, or the client waits for room in the queue of a subscription: then what is still to be answered is
// told by events.
//
// If the server refuses one of them, none is subscribed, and the error is an *Error. Other errors are
// ErrSubscribed, ErrClosed, and that of ctx, which only bounds this call.
func (c *Client) Subscribe(ctx context.Context, channels ...Channel) (*Subscription, error) {
	s := &Subscription{client: c, queue: newQueue(c.opts.QueueEvents, c.opts.QueueBytes)}
	if err := s.Add(ctx, channels...); err != nil {
		s.queue.close(ErrClosed)
		return nil, err
	}
	return s, nil
}

// register makes channels wanted, all or none.
func (c *Client) register(s *Subscription, channels []Channel) (*admission, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.check(s, channels); err != nil {
		return nil, err
	}
	a := &admission{left: len(channels), done: make(chan struct{})}
	for _, channel := range channels {
		s.queue.begin(channel.Name, channel.From.at)
		s.count++
		c.channels[channel.Name] = &wanted{Channel: channel, owner: s, at: channel.From.at, admission: a,
			retry: backoff{first: c.opts.BackoffFirst, most: c.opts.BackoffMax}}
	}
	c.admissions[a] = struct{}{}
	if c.stalled {
		a.settle(nil)
	}
	c.touch()
	return a, nil
}

// check tells why channels cannot be added to s. Called with mu held.
func (c *Client) check(s *Subscription, channels []Channel) error {
	if c.ctx.Err() != nil || s.ended {
		return ErrClosed
	}
	if len(channels) == 0 {
		return &Error{Code: codeBad, Text: "no channel"}
	}
	names := map[string]bool{}
	for _, channel := range channels {
		if channel.Name == "" || !utf8.ValidString(channel.Name) {
			return &Error{Code: codeBad, Text: "a name is UTF-8 and not empty", Channel: channel.Name}
		}
		if names[channel.Name] || c.channels[channel.Name] != nil {
			return fmt.Errorf("%w: %q", ErrSubscribed, channel.Name)
		}
		names[channel.Name] = true
	}
	return nil
}

// touch tells the session that what is wanted has changed. Called with mu held.
func (c *Client) touch() {
	c.dirty = true
	signal(c.wake)
}

// admit waits for the server's answers.
func (c *Client) admit(ctx context.Context, a *admission) error {
	var err error
	select {
	case <-a.done:
	case <-ctx.Done():
		err = ctx.Err()
	case <-c.ctx.Done():
		err = ErrClosed
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.admissions, a)
	a.settle(err)
	return a.err
}

// drop takes channels of s out: those named, or all if names is nil.
func (c *Client) drop(s *Subscription, names []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if names == nil {
		s.ended = true
		names = slices.Collect(maps.Keys(c.channels))
	}
	for _, name := range names {
		w := c.channels[name]
		if w == nil || w.owner != s {
			continue
		}
		if w.phase == asked || w.phase == on {
			c.dropped = append(c.dropped, name)
		}
		c.forget(w)
	}
	c.touch()
}

// forget takes a channel out that the server no longer has. A subscription ends with its last channel.
// Called with mu held.
func (c *Client) forget(w *wanted) {
	delete(c.channels, w.Name)
	if !w.answered {
		w.admission.accept()
	}
	if w.owner.count--; w.owner.count == 0 {
		w.owner.end()
	}
}

// setStalled tells whether the reader waits for room in a queue. Nobody is kept waiting for answers then.
func (c *Client) setStalled(stalled bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stalled = stalled
	if stalled {
		for a := range c.admissions {
			a.settle(nil)
		}
	}
}

// refuseNew fails all calls that wait for a first answer.
func (c *Client) refuseNew(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for a := range c.admissions {
		a.settle(err)
	}
}

// sorted are the wanted channels by name. Called with mu held.
func (c *Client) sorted() []*wanted {
	return slices.SortedFunc(maps.Values(c.channels), func(a, b *wanted) int { return strings.Compare(a.Name, b.Name) })
}

// setSession tells those who wait for a connection how the client stands.
func (c *Client) setSession(s *session, trying Transport) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.session, c.trying = s, trying
	close(c.changed)
	c.changed = make(chan struct{})
}
