package icomet_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/icomet/icomet/sdk/go/icomet"
)

// fake is a server of protocol v1, both ports in one, as far as a client can tell. Fields above mu are
// set before use.
type fake struct {
	historyMax int           // messages that a channel keeps
	noop       time.Duration // heartbeat
	partMax    int           // messages that a subscriber is sent at a time
	// refuse may answer a request instead; 0 lets it through. Called for each request.
	refuse func(r *http.Request) int
	// deny may answer a subscription of a channel with an error code; 0 lets it through.
	deny func(channel, token string) int
	// tamper may change what a subscriber is sent: a message in, messages out.
	tamper func(kind, message string) []string

	ctx  context.Context
	stop context.CancelFunc
	done sync.WaitGroup // handlers of hijacked connections

	mu       sync.Mutex
	channels map[string]*fakeChannel
	lives    int
	changed  chan struct{} // closed and replaced with every change
	requests []fakeRequest
	closing  int // close code for all WebSockets that are open; they compare closings
	closings int
	keys     map[string]json.RawMessage // results by idempotency key
	viewers  map[*viewer]bool
}

// fakeRequest is what a client asked.
type fakeRequest struct {
	method, path, form, token string
	at                        time.Time
}

func newFake() *fake {
	f := &fake{historyMax: 100, noop: 30 * time.Second, partMax: 7, channels: map[string]*fakeChannel{}, changed: make(chan struct{}),
		keys: map[string]json.RawMessage{}, viewers: map[*viewer]bool{}}
	f.refuse = func(*http.Request) int { return 0 }
	f.deny = func(string, string) int { return 0 }
	f.tamper = func(_, message string) []string { return []string{message} }
	f.ctx, f.stop = context.WithCancel(context.Background())
	return f
}

// close ends all WebSockets and waits for their goroutines.
func (f *fake) close() {
	f.stop()
	f.done.Wait()
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	form := r.URL.RawQuery
	if r.Method == http.MethodPost && !strings.HasPrefix(r.URL.Path, "/v1/") {
		form = readAll(r.Body)
	}
	f.mu.Lock()
	f.requests = append(f.requests, fakeRequest{r.Method, r.URL.Path, form, token, time.Now()})
	f.mu.Unlock()
	if status := f.refuse(r); status != 0 {
		http.Error(w, "not now", status)
		return
	}
	switch r.URL.Path {
	case "/ws":
		f.serveSocket(w, r, token)
	case "/stream":
		f.serveStream(w, r, form, token)
	case "/sub":
		f.servePoll(w, r, form, token)
	case "/v1/publish":
		f.servePublish(w, r)
	case "/v1/presence":
		f.servePresence(w, r)
	default:
		http.NotFound(w, r)
	}
}

// asked are the requests so far for a path, or all if it is empty.
func (f *fake) asked(path string) (some []fakeRequest) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.requests {
		if path == "" || r.path == path {
			some = append(some, r)
		}
	}
	return some
}

// touch wakes all that wait for a change. Called with mu held.
func (f *fake) touch() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// serveStream answers with a message a line until the client goes or there is no channel left.
func (f *fake) serveStream(w http.ResponseWriter, r *http.Request, form, token string) {
	v := f.newViewer("stream", token)
	defer f.leave(v)
	v.outbox = append(v.outbox, f.hello())
	v.askAll(form)
	for sent := time.Now(); ; {
		batch, changed, over := v.collect()
		for _, m := range batch {
			fmt.Fprintf(w, "%s\n", m)
		}
		w.(http.Flusher).Flush()
		if over && len(batch) == 0 {
			return
		}
		if len(batch) > 0 {
			sent = time.Now()
		} else if !f.await(r.Context().Done(), changed, sent) {
			fmt.Fprintf(w, "%s\n", `{"type":"noop"}`)
			sent = time.Now()
		}
		if r.Context().Err() != nil || f.ctx.Err() != nil {
			return
		}
	}
}

// await waits for a change or the end; false once it is a heartbeat's time since something was sent.
func (f *fake) await(gone, changed <-chan struct{}, sent time.Time) bool {
	f.mu.Lock()
	t := time.NewTimer(time.Until(sent.Add(f.noop)))
	f.mu.Unlock()
	defer t.Stop()
	select {
	case <-changed:
	case <-gone:
	case <-f.ctx.Done():
	case <-t.C:
		return false
	}
	return true
}

// servePoll answers once there is something.
func (f *fake) servePoll(w http.ResponseWriter, r *http.Request, form, token string) {
	v := f.newViewer("poll", token)
	defer f.leave(v)
	v.askAll(form)
	for began := time.Now(); r.Context().Err() == nil && f.ctx.Err() == nil; {
		batch, changed, _ := v.collect()
		if len(batch) == 0 && !f.await(r.Context().Done(), changed, began) {
			batch = []string{`{"type":"noop"}`}
		}
		if len(batch) > 0 {
			fmt.Fprintf(w, "[%s]\n", strings.Join(batch, ","))
			return
		}
	}
}

func (f *fake) hello() string {
	return fmt.Sprintf(`{"type":"hello","v":1,"noop":%g}`, f.noop.Seconds())
}

// memory is a network between a fake and its clients that a test can see waiting.
type memory struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
	cut    func() int // how many bytes the next connection may carry to the client; 0: any number
	down   func() bool
}

func newMemory() *memory {
	return &memory{conns: make(chan net.Conn), closed: make(chan struct{}), cut: func() int { return 0 }, down: func() bool { return false }}
}

func (m *memory) Accept() (net.Conn, error) {
	select {
	case c := <-m.conns:
		return c, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

func (m *memory) Close() error   { m.once.Do(func() { close(m.closed) }); return nil }
func (m *memory) Addr() net.Addr { return memoryAddr{} }

type memoryAddr struct{}

func (memoryAddr) Network() string { return "memory" }
func (memoryAddr) String() string  { return "memory" }

func (m *memory) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if m.down() {
		return nil, &net.OpError{Op: "dial", Net: "memory", Err: errors.New("refused")}
	}
	ours, theirs := net.Pipe()
	var conn net.Conn = theirs
	if n := m.cut(); n > 0 {
		conn = &cutConn{Conn: theirs, left: n}
	}
	select {
	case m.conns <- conn:
		return ours, nil
	case <-m.closed:
	case <-ctx.Done():
	}
	ours.Close()
	theirs.Close()
	return nil, &net.OpError{Op: "dial", Net: "memory", Err: net.ErrClosed}
}

// cutConn breaks after a number of bytes to the client.
type cutConn struct {
	net.Conn
	left int
}

func (c *cutConn) Write(b []byte) (int, error) {
	if len(b) < c.left {
		c.left -= len(b)
		return c.Conn.Write(b)
	}
	n, _ := c.Conn.Write(b[:c.left])
	c.left = 0
	c.Conn.Close()
	return n, net.ErrClosed
}

// scene is a fake server and the network to it, for the time of a test.
type scene struct {
	*fake
	net  *memory
	http *http.Client
}

func newScene(t *testing.T, prepare ...func(*fake, *memory)) *scene {
	t.Helper()
	s := &scene{fake: newFake(), net: newMemory()}
	for _, p := range prepare {
		p(s.fake, s.net)
	}
	transport := &http.Transport{DialContext: s.net.dial}
	s.http = &http.Client{Transport: transport}
	server := &http.Server{Handler: s.fake}
	served := make(chan struct{})
	go func() {
		defer close(served)
		server.Serve(s.net)
	}()
	t.Cleanup(func() {
		s.fake.close()
		server.Close()
		<-served
		transport.CloseIdleConnections()
	})
	return s
}

// client makes a client that is closed ahead of the server.
func (s *scene) client(t *testing.T, options ...func(*icomet.Options)) *icomet.Client {
	t.Helper()
	o := icomet.Options{HTTPClient: s.http}
	for _, set := range options {
		set(&o)
	}
	c, err := icomet.NewClient("http://fake", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func (s *scene) publisher(t *testing.T, options ...func(*icomet.PublisherOptions)) *icomet.Publisher {
	t.Helper()
	o := icomet.PublisherOptions{HTTPClient: s.http}
	for _, set := range options {
		set(&o)
	}
	p, err := icomet.NewPublisher("http://fake", o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func over(transports ...icomet.Transport) func(*icomet.Options) {
	return func(o *icomet.Options) { o.Transports = transports }
}

// seeded is a source of random numbers that a failing test tells.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	seed := rand.Uint64()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, seed))
}
