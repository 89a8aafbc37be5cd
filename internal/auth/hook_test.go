package auth_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/icomet/icomet/internal/auth"
)

// application answers the questions of a Hook without a network.
type application struct {
	answer func(q auth.Question) (status int, body string)
	hold   chan struct{} // each answer takes one from it; nil for none
	asked  atomic.Int64
	most   atomic.Int64 // questions at a time
	now    atomic.Int64
}

func (a *application) RoundTrip(r *http.Request) (*http.Response, error) {
	a.asked.Add(1)
	n := a.now.Add(1)
	defer a.now.Add(-1)
	for most := a.most.Load(); n > most && !a.most.CompareAndSwap(most, n); most = a.most.Load() {
	}
	if a.hold != nil {
		select {
		case <-a.hold:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	var q auth.Question
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		return nil, err
	}
	status, body := a.answer(q)
	if status == 0 {
		return nil, errors.New("it is down")
	}
	return &http.Response{StatusCode: status, Status: fmt.Sprint(status), Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func always(status int, body string) func(auth.Question) (int, string) {
	return func(auth.Question) (int, string) { return status, body }
}

// hooked is a Hook that runs in the bubble of a test.
type hooked struct {
	*auth.Hook
	stop func() // ends it and waits for that
	logs []string
}

func runHook(t *testing.T, o auth.HookOptions) *hooked {
	t.Helper()
	h := &hooked{}
	o.URL = "https://app.example/may"
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Second
	}
	var mu sync.Mutex
	o.Log = func(text string) { mu.Lock(); defer mu.Unlock(); h.logs = append(h.logs, text) }
	var err error
	if h.Hook, err = auth.NewHook(o); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); h.Run(ctx) }()
	h.stop = func() { cancel(); <-done }
	return h
}

// ask asks and waits for the answer.
func (h *hooked) ask(q auth.Question) (v auth.Verdict, known bool) {
	done := make(chan auth.Verdict, 1)
	if v, known := h.Ask(time.Now(), q, func(v auth.Verdict) { done <- v }); known {
		return v, true
	}
	return <-done, false
}

func TestApplicationIsAskedOnceForAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := &application{answer: func(q auth.Question) (int, string) {
			if q.Client == "ann" {
				return 200, `{"allow":true,"ttl":60}`
			}
			return 200, `{"allow":false,"ttl":60,"reason":"not a member"}`
		}}
		h := runHook(t, auth.HookOptions{Transport: app, CacheMax: 10})
		defer h.stop()
		for client, want := range map[string]auth.Verdict{"ann": {Allow: true}, "bob": {Reason: "not a member"}} {
			q := auth.Question{Channel: "news", Client: client, Info: json.RawMessage(`{"a":1}`), Origin: "https://a.example", Kind: "sse"}
			for _, known := range []bool{false, true} {
				if v, k := h.ask(q); v != want || k != known {
					t.Errorf("%s: got %+v, known %v, want %+v, %v", client, v, k, want, known)
				}
			}
			q.Kind = "poll" // another question
			if v, k := h.ask(q); v != want || k {
				t.Errorf("%s: got %+v, known %v", client, v, k)
			}
		}
		<-time.After(60 * time.Second)
		if _, known := h.ask(auth.Question{Channel: "news", Client: "ann", Info: json.RawMessage(`{"a":1}`), Origin: "https://a.example", Kind: "sse"}); known {
			t.Error("the answer outlives its ttl")
		}
		c := &h.Counters
		if c.Allowed.Load() != 3 || c.Refused.Load() != 2 || c.Hits.Load() != 2 || app.asked.Load() != 5 {
			t.Errorf("%d allowed, %d refused, %d known, %d asked", c.Allowed.Load(), c.Refused.Load(), c.Hits.Load(), app.asked.Load())
		}
	})
}

func TestAnswersThatAreNoneFailAsConfigured(t *testing.T) {
	for name, answer := range map[string]func(auth.Question) (int, string){
		"down":       always(0, ""),
		"status 500": always(500, `{"allow":true}`),
		"status 204": always(204, ""),
		"redirect":   always(302, `{"allow":true}`),
		"no JSON":    always(200, "yes"),
		"no allow":   always(200, "{}"),
		"wrong type": always(200, `{"allow":"true"}`),
		"endless":    always(200, strings.Repeat(" ", 16<<10)+`{"allow":true}`),
	} {
		for _, open := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				h := runHook(t, auth.HookOptions{Transport: &application{answer: answer}, CacheMax: 10, FailOpen: open})
				defer h.stop()
				want := auth.Verdict{Allow: open, Failed: true}
				if v, known := h.ask(auth.Question{Channel: "a"}); v != want || known {
					t.Errorf("%s: got %+v, %v", name, v, known)
				}
				if v, known := h.ask(auth.Question{Channel: "a"}); v != want || !known {
					t.Errorf("%s: the second got %+v, %v", name, v, known)
				}
				<-time.After(time.Second)
				if _, known := h.ask(auth.Question{Channel: "a"}); known {
					t.Errorf("%s: a failure is remembered for long", name)
				}
				if n := h.Counters.Failures.Load(); n != 2 || len(h.logs) != 1 {
					t.Errorf("%s: %d failures, logged %q", name, n, h.logs)
				}
			})
		}
	}
}

func TestApplicationThatHangsIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := &application{hold: make(chan struct{}, 1), answer: always(200, `{"allow":true}`)}
		h := runHook(t, auth.HookOptions{Transport: app, Timeout: 3 * time.Second})
		defer h.stop()
		before := time.Now()
		if v, _ := h.ask(auth.Question{}); v != (auth.Verdict{Failed: true}) || time.Since(before) != 3*time.Second {
			t.Errorf("got %+v after %v", v, time.Since(before))
		}
		app.hold <- struct{}{}
		if v, _ := h.ask(auth.Question{}); !v.Allow {
			t.Errorf("got %+v", v)
		}
		if len(h.logs) != 2 || !strings.Contains(h.logs[1], "answers again") {
			t.Errorf("logged %q", h.logs)
		}
	})
}

func TestSameQuestionIsUnderWayOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := &application{hold: make(chan struct{}), answer: always(200, `{"allow":true}`)}
		h := runHook(t, auth.HookOptions{Transport: app, RequestsMax: 2})
		defer h.stop()
		var answered atomic.Int64
		count := func(v auth.Verdict) {
			if v.Allow {
				answered.Add(1)
			}
		}
		for i := range 100 { // of ten questions
			if _, known := h.Ask(time.Now(), auth.Question{Channel: fmt.Sprint(i % 10)}, count); known {
				t.Error("an answer is known")
			}
		}
		synctest.Wait()
		if n := app.asked.Load(); n != 2 {
			t.Errorf("%d questions are under way at a time, want 2", n)
		}
		close(app.hold)
		synctest.Wait()
		if answered.Load() != 100 || app.asked.Load() != 10 || app.most.Load() != 2 || h.Counters.Joined.Load() != 90 {
			t.Errorf("%d answered, %d asked, %d at a time, %d joined", answered.Load(), app.asked.Load(), app.most.Load(), h.Counters.Joined.Load())
		}
		// without a ttl the answer is not kept, so it is asked again
		if v, known := h.ask(auth.Question{Channel: "1"}); !v.Allow || known {
			t.Errorf("got %+v, %v", v, known)
		}
	})
}

func TestThoseWhoWaitAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := &application{hold: make(chan struct{}), answer: always(200, `{"allow":true}`)}
		h := runHook(t, auth.HookOptions{Transport: app, AskersMax: 3})
		var answered atomic.Int64
		ask := func(channel string) (auth.Verdict, bool) {
			return h.Ask(time.Now(), auth.Question{Channel: channel}, func(auth.Verdict) { answered.Add(1) })
		}
		for _, channel := range []string{"a", "a", "b"} {
			if _, known := ask(channel); known {
				t.Errorf("%s is refused", channel)
			}
		}
		for _, channel := range []string{"a", "c"} {
			if v, known := ask(channel); v != (auth.Verdict{Failed: true}) || !known {
				t.Errorf("%s: got %+v, %v", channel, v, known)
			}
		}
		if n := h.Counters.Overflows.Load(); n != 2 {
			t.Errorf("%d overflows", n)
		}
		close(app.hold)
		synctest.Wait()
		if _, known := ask("c"); known {
			t.Error("there is room again, and it is refused")
		}
		h.stop()
		if n := answered.Load(); n != 4 {
			t.Errorf("%d answered", n)
		}
	})
}

func TestAllAreAnsweredWhenTheHookEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := &application{hold: make(chan struct{}), answer: always(200, `{"allow":true}`)}
		h := runHook(t, auth.HookOptions{Transport: app, RequestsMax: 1})
		failed := make(chan auth.Verdict, 10)
		for i := range 10 {
			h.Ask(time.Now(), auth.Question{Channel: fmt.Sprint(i)}, func(v auth.Verdict) { failed <- v })
		}
		synctest.Wait()
		h.stop()
		for range 10 {
			if v := <-failed; v != (auth.Verdict{Failed: true}) {
				t.Errorf("got %+v", v)
			}
		}
		if v, known := h.ask(auth.Question{Channel: "late"}); v != (auth.Verdict{Failed: true}) || !known {
			t.Errorf("got %+v, %v", v, known)
		}
	})
}

func TestLongAnswersAreCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := &application{answer: always(200, `{"allow":false,"ttl":1e300,"reason":"`+strings.Repeat("ä", 200)+`"}`)}
		h := runHook(t, auth.HookOptions{Transport: app, CacheMax: 10})
		defer h.stop()
		if v, _ := h.ask(auth.Question{}); v.Reason != strings.Repeat("ä", 128) {
			t.Errorf("got %q", v.Reason)
		}
		<-time.After(time.Hour)
		if _, known := h.ask(auth.Question{}); known {
			t.Error("an answer is kept for more than an hour")
		}
	})
}

func TestNamesThatAreNotUTF8AreNotAskedAbout(t *testing.T) {
	h, err := auth.NewHook(auth.HookOptions{URL: "https://app.example/", Timeout: time.Second, FailOpen: true})
	if err != nil {
		t.Fatal(err)
	}
	if v, known := h.Ask(now, auth.Question{Channel: "a\xff"}, nil); v.Allow || v.Failed || !known {
		t.Errorf("got %+v, %v", v, known)
	}
}

func TestHooksWithoutURLOrTimeoutAreRefused(t *testing.T) {
	for _, o := range []auth.HookOptions{{}, {URL: "https://app.example/"}, {Timeout: time.Second}} {
		if _, err := auth.NewHook(o); err == nil {
			t.Errorf("no error for %+v", o)
		}
	}
}

// Over a real network: what the application sees.
func TestApplicationSeesTheQuestion(t *testing.T) {
	seen := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seen <- fmt.Sprintf("%s %s %s %s", r.Method, r.URL, r.Header.Get("Content-Type"), body)
		io.WriteString(w, `{"allow":true}`)
	}))
	defer server.Close()
	h, err := auth.NewHook(auth.HookOptions{URL: server.URL + "/may", Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { h.Run(ctx) })
	done := make(chan auth.Verdict, 1)
	h.Ask(time.Now(), auth.Question{Channel: "a<b", Client: "ann", Info: json.RawMessage(`{"n":1}`), Origin: "null", Kind: "ws"}, func(v auth.Verdict) { done <- v })
	if v := <-done; !v.Allow {
		t.Errorf("got %+v", v)
	}
	want := `POST /may application/json {"channel":"a\u003cb","client":"ann","info":{"n":1},"origin":"null","kind":"ws"}`
	if diff := cmp.Diff(want, <-seen); diff != "" {
		t.Error(diff)
	}
	cancel()
	running.Wait()
}
