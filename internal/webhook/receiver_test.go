package webhook

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

const (
	patience = 30 * time.Second
	secret   = "of both sides"
)

// receiver is an application that gets events.
type receiver struct {
	t        testing.TB
	server   *httptest.Server
	received chan body

	mu     sync.Mutex
	answer func(attempt int, w http.ResponseWriter) // what an attempt gets; nil is success
	tries  map[string]int                           // attempts by delivery
}

// receive starts a receiver. With an address it listens there, as one that was there before.
func receive(t testing.TB, addr string) *receiver {
	t.Helper()
	r := &receiver{t: t, received: make(chan body, 10_000), tries: map[string]int{}}
	r.server = httptest.NewUnstartedServer(r)
	if addr != "" {
		r.server.Listener.Close()
		listener, err := net.Listen("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		r.server.Listener = listener
	}
	r.server.Start()
	t.Cleanup(r.server.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	text, err := io.ReadAll(request.Body)
	if err != nil {
		return // the sender has given up
	}
	if !verify(request.Header, text, secret, time.Now()) || request.Method != "POST" ||
		request.Header.Get("Content-Type") != "application/json" || request.Header.Get("User-Agent") != "icomet test" {
		r.t.Errorf("%s with %v", request.Method, request.Header)
	}
	var b body
	if err := json.Unmarshal(text, &b); err != nil || b.Delivery != request.Header.Get("Icomet-Delivery") {
		r.t.Errorf("%v in %q", err, text)
	}
	r.mu.Lock()
	r.tries[b.Delivery]++
	attempt, answer := r.tries[b.Delivery], r.answer
	r.mu.Unlock()
	recorder := httptest.NewRecorder()
	if answer != nil {
		answer(attempt, recorder)
	}
	if recorder.Code == http.StatusOK {
		r.received <- b
	}
	w.WriteHeader(recorder.Code)
}

func (r *receiver) answers(f func(attempt int, w http.ResponseWriter)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = f
}

// next returns the next batch that the receiver has taken.
func (r *receiver) next() body {
	r.t.Helper()
	select {
	case b := <-r.received:
		return b
	case <-time.After(patience):
		r.t.Fatal("no batch came")
		return body{}
	}
}

// expect reads so many events, which must be numbered from first on.
func (r *receiver) expect(first, count int) (lost int) {
	r.t.Helper()
	for count > 0 {
		b := r.next()
		lost += b.Lost
		for _, e := range b.Events {
			if want := numbered(first); e.Client != want.Member.Client {
				r.t.Fatalf("got %+v, want client %s", e, want.Member.Client)
			}
			first++
			count--
		}
	}
	return lost
}

// quick are limits that let a test fail quickly and often.
var quick = Limits{
	QueueEvents: 10_000, BatchEvents: 16, BatchDelay: time.Millisecond,
	Attempts: 1000, RetryFirst: time.Millisecond, RetryMax: 5 * time.Millisecond,
}

// start runs a hook that posts to url, until the test ends.
func start(t testing.TB, url string, change ...func(o *Options)) *Hook {
	t.Helper()
	o := Options{
		URL: url, Secret: secret, Grace: time.Hour, Timeout: patience, UserAgent: "icomet test",
		Log: func(text string) { t.Log(text) }, Limits: quick,
	}
	for k := range o.Events {
		o.Events[k] = true
	}
	for _, f := range change {
		f(&o)
	}
	h := New(o)
	ctx, cancel := context.WithCancel(context.Background())
	var run sync.WaitGroup
	run.Go(func() { h.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		run.Wait()
	})
	return h
}
