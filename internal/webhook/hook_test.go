package webhook

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/hub"
)

// numbered is event number n.
func numbered(n int) hub.Event {
	return hub.Event{Kind: hub.MemberJoined, Channel: "c", Member: hub.Member{Client: strconv.Itoa(n)}}
}

func hearAll(h *Hook, first, count int) {
	for n := first; n < first+count; n++ {
		h.Hear(numbered(n))
	}
}

func TestEventsArriveInOrder(t *testing.T) {
	r := receive(t, "")
	h := start(t, r.server.URL)
	hearAll(h, 0, 1000)
	if lost := r.expect(0, 1000); lost != 0 {
		t.Errorf("%d are lost", lost)
	}
	if c := &h.Counters; c.Delivered.Load() > 1000 || c.Failures.Load() != 0 || c.Lost.Load() != 0 {
		t.Errorf("counted %d delivered, %d failures, %d lost", c.Delivered.Load(), c.Failures.Load(), c.Lost.Load())
	}
}

func TestBodiesSayWhatTheEventsAre(t *testing.T) {
	r := receive(t, "")
	h := start(t, r.server.URL, func(o *Options) { o.Grace = 0 })
	h.Hear(hub.Event{Kind: hub.ChannelOccupied, Channel: "a<\xff"})
	h.Hear(hub.Event{Kind: hub.MemberJoined, Channel: "a", Member: hub.Member{Client: "ann", Info: `{"n":"<"}`}})
	h.Hear(hub.Event{Kind: hub.MemberLeft, Channel: "a", Member: hub.Member{Client: "ann"}})
	h.Hear(hub.Event{Kind: hub.ChannelVacated, Channel: "a"})
	want := []string{`channel_occupied a<` + "\uFFFD", `member_joined a ann {"n":"<"}`, `member_left a ann {}`, `channel_vacated a`}
	server := ""
	for len(want) > 0 {
		b := r.next()
		if server != "" && b.Server != server || b.Server == "" {
			t.Errorf("server %q, then %q", server, b.Server)
		}
		server = b.Server
		for _, e := range b.Events {
			got := strings.TrimSpace(fmt.Sprint(e.Event, " ", e.Channel, " ", e.Client, " ", string(e.Info)))
			if len(want) == 0 || got != want[0] {
				t.Fatalf("got %q, want %q", got, want)
			}
			if age := time.Since(time.UnixMilli(int64(e.Time * 1000))); age < -time.Second || age > patience {
				t.Errorf("%s was %v ago", got, age)
			}
			want = want[1:]
		}
	}
}

func TestOnlyWantedEventsAreSent(t *testing.T) {
	r := receive(t, "")
	h := start(t, r.server.URL, func(o *Options) {
		o.Events = [hub.EventKinds]bool{hub.MemberJoined: true}
	})
	h.Hear(hub.Event{Kind: hub.ChannelOccupied, Channel: "a"})
	h.Hear(hub.Event{Kind: hub.MemberLeft, Channel: "a"})
	h.Hear(numbered(7))
	r.expect(7, 1)
}

// A receiver that fails now and then gets the same delivery again, and nothing out of order.
func TestFlakyReceiver(t *testing.T) {
	r := receive(t, "")
	r.answers(func(attempt int, w http.ResponseWriter) {
		switch attempt {
		case 1:
			w.WriteHeader(500)
		case 2:
			w.WriteHeader(302)
		}
	})
	h := start(t, r.server.URL)
	hearAll(h, 0, 300)
	r.expect(0, 300)
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, n := range r.tries {
		if n != 3 {
			t.Errorf("delivery %s came %d times", id, n)
		}
	}
	if n := h.Counters.Failures.Load(); n != uint64(2*len(r.tries)) {
		t.Errorf("%d failures of %d deliveries", n, len(r.tries))
	}
}

// A receiver that hangs holds nobody up. What has no room is dropped, oldest first, and told.
func TestSlowReceiver(t *testing.T) {
	r := receive(t, "")
	hang, entered := make(chan struct{}), make(chan struct{}, 100)
	r.answers(func(int, http.ResponseWriter) {
		entered <- struct{}{}
		<-hang
	})
	h := start(t, r.server.URL, func(o *Options) { o.Limits.QueueEvents = 100 })
	h.Hear(numbered(0))
	<-entered
	hearAll(h, 1, 1000)
	if n := h.Queued(); n != 100 {
		t.Errorf("%d wait", n)
	}
	close(hang)
	if lost := r.expect(0, 1); lost != 0 {
		t.Errorf("%d are lost of the first batch", lost)
	}
	b := r.next()
	if b.Lost != 900 || b.Events[0].Client != "901" {
		t.Errorf("%d are lost, then comes %+v", b.Lost, b.Events[0])
	}
	r.expect(901+len(b.Events), 100-len(b.Events))
	if n := h.Counters.Lost.Load(); n != 900 {
		t.Errorf("%d are counted lost", n)
	}
}

// A receiver that times out gets the batch again.
func TestReceiverThatTimesOut(t *testing.T) {
	r := receive(t, "")
	hang := make(chan struct{})
	r.answers(func(attempt int, w http.ResponseWriter) {
		if attempt == 1 {
			<-hang
			w.WriteHeader(500)
		}
	})
	h := start(t, r.server.URL, func(o *Options) { o.Timeout = 50 * time.Millisecond })
	t.Cleanup(func() { close(hang) })
	h.Hear(numbered(0))
	r.expect(0, 1)
}

func TestReceiverThatRestarts(t *testing.T) {
	r := receive(t, "")
	h := start(t, r.server.URL)
	hearAll(h, 0, 10)
	r.expect(0, 10)
	await(t, func() bool { return h.Counters.Delivered.Load() == 10 }) // or it would come again
	addr := r.server.Listener.Addr().String()
	r.server.CloseClientConnections()
	r.server.Close()
	hearAll(h, 10, 100)
	await(t, func() bool { return h.Counters.Failures.Load() > 0 })
	r = receive(t, addr)
	if lost := r.expect(10, 100); lost != 0 {
		t.Errorf("%d are lost", lost)
	}
}

// await looks until a condition holds.
func await(t *testing.T, holds func() bool) {
	t.Helper()
	look, late := time.NewTicker(time.Millisecond), time.After(patience)
	defer look.Stop()
	for !holds() {
		select {
		case <-look.C:
		case <-late:
			t.Fatal("it does not come about")
		}
	}
}

// What the receiver refuses for too long is given up, and told with what comes next.
func TestBatchesAreGivenUp(t *testing.T) {
	r := receive(t, "")
	r.answers(func(_ int, w http.ResponseWriter) { w.WriteHeader(410) })
	h := start(t, r.server.URL, func(o *Options) { o.Limits.Attempts = 3 })
	h.Hear(numbered(0))
	await(t, func() bool { return h.Counters.Lost.Load() > 0 })
	r.answers(nil)
	h.Hear(numbered(1))
	if lost := r.expect(1, 1); lost != 1 {
		t.Errorf("%d are told lost", lost)
	}
	if n := h.Counters.Failures.Load(); n != 3 {
		t.Errorf("%d attempts failed", n)
	}
}

func TestCloseFlushes(t *testing.T) {
	r := receive(t, "")
	h := start(t, r.server.URL, func(o *Options) { o.Limits.BatchDelay = time.Hour })
	hearAll(h, 0, 5)
	h.Hear(hub.Event{Kind: hub.ChannelVacated, Channel: "c"})
	h.Close()
	h.Close()
	h.Hear(numbered(6))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := h.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	b := r.next()
	if len(b.Events) != 6 || b.Events[5].Event != "channel_vacated" {
		t.Errorf("got %+v", b)
	}
	if len(r.received) > 0 {
		t.Errorf("then came %+v", <-r.received)
	}
}

func TestCloseDoesNotWaitForever(t *testing.T) {
	r := receive(t, "")
	r.answers(func(_ int, w http.ResponseWriter) { w.WriteHeader(500) })
	h := start(t, r.server.URL, func(o *Options) { o.Limits.RetryFirst, o.Limits.RetryMax = time.Hour, time.Hour })
	hearAll(h, 0, 100)
	await(t, func() bool { return h.Counters.Failures.Load() > 0 })
	h.Close()
	await(t, func() bool { return h.Counters.Failures.Load() > 1 }) // once more at once
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.Wait(ctx); err == nil || !strings.Contains(err.Error(), "84 events and a batch") {
		t.Errorf("got %v", err)
	}
}

// Everybody hears at once while the receiver takes batches: nothing is lost, and each keeps its order.
func TestManyHear(t *testing.T) {
	const goroutines, each = 8, 500
	r := receive(t, "")
	h := start(t, r.server.URL)
	var wait sync.WaitGroup
	for g := range goroutines {
		wait.Go(func() {
			for n := range each {
				e := numbered(n)
				e.Channel = strconv.Itoa(g)
				h.Hear(e)
			}
		})
	}
	next := map[string]int{}
	for got := 0; got < goroutines*each; {
		for _, e := range r.next().Events {
			if e.Client != strconv.Itoa(next[e.Channel]) {
				t.Fatalf("channel %s: got %s, want %d", e.Channel, e.Client, next[e.Channel])
			}
			next[e.Channel]++
			got++
		}
	}
	wait.Wait()
}
