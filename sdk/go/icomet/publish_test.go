package icomet_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/icomet/icomet/sdk/go/icomet"
)

// flaky is a transport that loses things: before is asked ahead of a request, after when there is an
// answer. An error, or a status, takes its place.
type flaky struct {
	next          http.RoundTripper
	tries         atomic.Int32
	before, after func(try int) error
	header        http.Header
	status        func(try int) int
}

func (f *flaky) RoundTrip(r *http.Request) (*http.Response, error) {
	try := int(f.tries.Add(1))
	if f.status != nil && f.status(try) != 0 {
		return &http.Response{StatusCode: f.status(try), Header: f.header, Body: http.NoBody, Request: r}, nil
	}
	if f.before != nil {
		if err := f.before(try); err != nil {
			return nil, err
		}
	}
	resp, err := f.next.RoundTrip(r)
	if err == nil && f.after != nil {
		if err := f.after(try); err != nil {
			resp.Body.Close()
			return nil, err
		}
	}
	return resp, err
}

func (s *scene) flakyPublisher(t *testing.T, f *flaky) *icomet.Publisher {
	t.Helper()
	f.next = s.http.Transport
	return s.publisher(t, func(o *icomet.PublisherOptions) { o.HTTPClient = &http.Client{Transport: f} })
}

func TestPublishedIsReceived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newScene(t)
		p := f.publisher(t)
		s := subscribe(t, f.client(t), icomet.Channel{Name: "a"}, icomet.Channel{Name: "b"})
		receipt, err := p.Publish(t.Context(), "a", icomet.JSON(map[string]int{"n": 1}).Named("count"), icomet.TTL(1500*time.Millisecond), icomet.LastValue())
		if err != nil || receipt != (icomet.Receipt{Channel: "a", Seq: 1, Epoch: "epoch-1", Receivers: 1}) {
			t.Errorf("got %+v, %v", receipt, err)
		}
		if m := next[*icomet.Message](t, s); string(m.Data) != `{"n":1}` || m.Event != "count" {
			t.Errorf("got %+v", m)
		}
		results, err := p.PublishBatch(t.Context(), []icomet.Publication{
			{Channels: []string{"a", "b"}, Payload: icomet.Bytes([]byte{1})},
			{Channel: "a", Payload: icomet.Text("x")},
		})
		want := []icomet.Result{
			{Receipts: []icomet.Receipt{{Channel: "a", Seq: 2, Epoch: "epoch-1", Receivers: 1}, {Channel: "b", Seq: 1, Epoch: "epoch-2", Receivers: 1}}},
			{Receipts: []icomet.Receipt{{Channel: "a", Seq: 3, Epoch: "epoch-1", Receivers: 1}}},
		}
		if diff := cmp.Diff(want, results); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}

func TestPublicationsSayWhatIsAsked(t *testing.T) {
	var bodies []string
	f := newScene(t)
	transport := roundTrip(func(r *http.Request) (*http.Response, error) {
		bodies = append(bodies, readAll(r.Body))
		return nil, context.Canceled
	})
	ctx, cancel := context.WithCancel(t.Context())
	p := f.publisher(t, func(o *icomet.PublisherOptions) { o.HTTPClient = &http.Client{Transport: transport} })
	cancel()
	for _, m := range []icomet.Publication{
		{Channel: "a", Payload: icomet.Text("<&>"), Key: "k"},
		{Channel: "a", Payload: icomet.Text(""), Key: "k", TTL: time.Millisecond, Last: true},
		{Channels: []string{"a", "b"}, Payload: icomet.JSON("<").Named("e"), Key: "k", TTL: time.Minute},
		{Channel: "a", Payload: icomet.Bytes(nil), Key: "k"},
	} {
		p.PublishBatch(ctx, []icomet.Publication{m})
	}
	p.Publish(ctx, "a", icomet.Text(""), icomet.Key("mine"))
	want := []string{
		`[{"channel":"a","content":"<&>","key":"k"}]`,
		`[{"channel":"a","content":"","ttl":1,"key":"k","last":true}]`,
		`[{"channels":["a","b"],"data":"<","event":"e","ttl":60,"key":"k"}]`,
		`[{"channel":"a","base64":"","key":"k"}]`,
		`[{"channel":"a","content":"","key":"mine"}]`,
	}
	if diff := cmp.Diff(want, bodies); diff != "" {
		t.Error(diff)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestRepeatedPublicationIsDoneOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newScene(t)
		lost := errors.New("lost")
		way := &flaky{
			before: func(try int) error { return map[int]error{1: lost}[try] },
			after:  func(try int) error { return map[int]error{2: lost, 3: lost}[try] },
		}
		p := f.flakyPublisher(t, way)
		receipt, err := p.Publish(t.Context(), "a", icomet.Text("once"))
		if err != nil || receipt.Seq != 1 || !receipt.Repeated || way.tries.Load() != 4 {
			t.Errorf("got %+v, %v after %d tries", receipt, err, way.tries.Load())
		}
		receipt, err = p.Publish(t.Context(), "a", icomet.Text("once"))
		if err != nil || receipt.Seq != 2 || receipt.Repeated {
			t.Errorf("the same text again: got %+v, %v", receipt, err)
		}
	})
}

func TestRetriesHonourRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newScene(t)
		for _, c := range []struct {
			name   string
			status int
			value  string
			least  time.Duration
			most   time.Duration
		}{
			{"date", 429, time.Now().Add(40 * time.Second).UTC().Format(http.TimeFormat), 39 * time.Second, 40 * time.Second},
			{"seconds", 503, "20", 20 * time.Second, 20 * time.Second},
			{"none", 502, "", 50 * time.Millisecond, 100 * time.Millisecond},
			{"nonsense", 504, "soon", 50 * time.Millisecond, 100 * time.Millisecond},
		} {
			way := &flaky{header: http.Header{"Retry-After": {c.value}}, status: func(try int) int {
				if try == 1 {
					return c.status
				}
				return 0
			}}
			began := time.Now()
			if _, err := f.flakyPublisher(t, way).Publish(t.Context(), "a", icomet.Text("x")); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			if took := time.Since(began); took < c.least || took > c.most {
				t.Errorf("%s: it took %v", c.name, took)
			}
		}
	})
}

func TestRetriesEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newScene(t)
		busy := func(int) int { return 503 }
		limited, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for _, c := range []struct {
			name string
			ctx  context.Context
			way  *flaky
			most time.Duration
			want func(error) bool
		}{
			{"with the context", limited, &flaky{status: busy}, time.Minute, func(err error) bool { return errors.Is(err, context.DeadlineExceeded) }},
			{"before the key is forgotten", t.Context(), &flaky{status: busy}, 4 * time.Minute, func(err error) bool { return codeOf(err) == 503 }},
			{"when the server wants too long a wait", t.Context(), &flaky{status: busy, header: http.Header{"Retry-After": {"3600"}}}, 0,
				func(err error) bool {
					var e *icomet.Error
					return errors.As(err, &e) && e.RetryAfter == time.Hour
				}},
			{"at a refusal", t.Context(), &flaky{status: func(int) int { return 403 }}, 0, func(err error) bool { return codeOf(err) == 403 }},
			{"at an answer of another server", t.Context(), &flaky{status: func(int) int { return 200 }}, 0, func(err error) bool { return err != nil && codeOf(err) == 0 }},
		} {
			began := time.Now()
			_, err := f.flakyPublisher(t, c.way).Publish(c.ctx, "a", icomet.Text("x"))
			if took := time.Since(began); !c.want(err) || took > c.most {
				t.Errorf("%s: got %v after %v", c.name, err, took)
			}
		}
	})
}

func codeOf(err error) int {
	var e *icomet.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

func TestTryThatHangsIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newScene(t)
		tries := 0
		transport := roundTrip(func(r *http.Request) (*http.Response, error) {
			if tries++; tries == 1 {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return f.http.Transport.RoundTrip(r)
		})
		p := f.publisher(t, func(o *icomet.PublisherOptions) { o.HTTPClient = &http.Client{Transport: transport} })
		if _, err := p.Publish(t.Context(), "a", icomet.Text("x")); err != nil {
			t.Error(err)
		}
	})
}

func TestOnlyBusyItemsAreSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := 2
		f := newScene(t, func(f *fake, _ *memory) {
			f.deny = func(channel, _ string) int {
				switch {
				case channel == "forbidden":
					return 403
				case channel == "busy" && busy > 0:
					busy--
					return 503
				}
				return 0
			}
		})
		text := icomet.Text("x")
		results, err := f.publisher(t).PublishBatch(t.Context(), []icomet.Publication{
			{Channel: "a", Payload: text}, {Channel: "forbidden", Payload: text}, {Channel: "busy", Payload: text},
			{Payload: text}, {Channel: "a", Channels: []string{"b"}, Payload: text}, {Channel: "a"}, {Channel: "a", Payload: icomet.JSON(func() {})},
		})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range results {
			switch code := codeOf(r.Err); {
			case r.Err == nil:
				got = append(got, fmt.Sprint(r.Receipts[0].Channel, r.Receipts[0].Seq, r.Receipts[0].Repeated))
			case code != 0:
				got = append(got, fmt.Sprint(code))
			default:
				got = append(got, r.Err.Error())
			}
		}
		want := []string{"a1 false", "403", "busy1 false", "400", "400", "400", "icomet: payload: json: unsupported type: func()"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if n := len(f.asked("")); n != 3 {
			t.Errorf("%d requests", n)
		}
	})
}

func TestItemThatStaysBusyKeepsThatAsItsError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newScene(t, func(f *fake, _ *memory) { f.deny = func(string, string) int { return 429 } })
		if _, err := f.publisher(t).Publish(t.Context(), "a", icomet.Text("x")); codeOf(err) != 429 {
			t.Errorf("got %v", err)
		}
	})
}

func TestPresenceComesPageByPage(t *testing.T) {
	f := newScene(t)
	p := f.publisher(t)
	var names []string
	for m, err := range p.Presence(t.Context(), "a b") {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, m.Client)
	}
	if got := strings.Join(names, " "); got != "m0 m1 m2 m3 m4" {
		t.Errorf("got %s", got)
	}
	for range p.Presence(t.Context(), "a") {
		break
	}
	if n := len(f.asked("/v1/presence")); n != 4 {
		t.Errorf("%d requests", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range p.Presence(ctx, "a") {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
}

func TestCountsOfManyChannels(t *testing.T) {
	f := newScene(t)
	p := f.publisher(t)
	var names []string
	for i := range 250 {
		names = append(names, fmt.Sprint(i))
	}
	counts, err := p.Counts(t.Context(), names...)
	if err != nil || len(counts) != 250 || counts[249] != (icomet.Count{Channel: "249", Members: 2, Subscribers: 3}) {
		t.Errorf("got %d counts, %v", len(counts), err)
	}
	refusing := newScene(t, func(f *fake, _ *memory) { f.refuse = func(*http.Request) int { return 403 } })
	if _, err := refusing.publisher(t).Counts(t.Context(), "a"); codeOf(err) != 403 {
		t.Errorf("got %v", err)
	}
}
