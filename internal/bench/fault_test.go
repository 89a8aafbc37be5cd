package bench

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// fault changes what a faulty server sends for message n of a channel, counted from 1; held is what it keeps back
// of the ones before.
type fault func(n int, line string, held *string) (out string)

// faultEvery is how often a faulty server errs: rarely enough that the mistakes do not meet.
const faultEvery = 5

// faults are what the bench has to find, each with its trace in the tally.
var faults = []struct {
	name   string
	breaks fault
	trace  func(t *Tally) bool
}{
	{"lost", func(n int, line string, _ *string) string {
		if n%faultEvery == 0 {
			return ""
		}
		return line
	}, func(t *Tally) bool { return t.Lost > 0 && t.Doubled == 0 && t.Reordered == 0 && t.Damaged == 0 }},
	{"doubled", func(n int, line string, _ *string) string {
		if n%faultEvery == 0 {
			return line + line
		}
		return line
	}, func(t *Tally) bool { return t.Doubled > 0 && t.Lost == 0 && t.Reordered == 0 && t.Damaged == 0 }},
	{"reordered", func(n int, line string, held *string) string {
		if n%faultEvery == 0 {
			*held = line
			return ""
		}
		out := line + *held
		*held = ""
		return out
	}, func(t *Tally) bool { return t.Reordered > 0 && t.Doubled == 0 && t.Damaged == 0 }},
	{"damaged", func(n int, line string, _ *string) string {
		if n%faultEvery == 0 {
			return strings.Replace(line, `x"}`, `y"}`, 1)
		}
		return line
	}, func(t *Tally) bool { return t.Damaged > 0 && t.Doubled == 0 }},
	{"malformed", func(n int, line string, _ *string) string {
		if n%faultEvery == 0 {
			return strings.Replace(line, `"seq"`, `"sec"`, 1)
		}
		return line
	}, func(t *Tally) bool { return t.Malformed > 0 && t.Doubled == 0 }},
	{"last one lost", func(n int, line string, held *string) string {
		out := *held // always one behind
		*held = line
		return out
	}, func(t *Tally) bool { return t.Lost == faultSubscribers && t.Doubled == 0 && t.Reordered == 0 }},
	{"none", func(_ int, line string, _ *string) string { return line }, (*Tally).Clean},
}

const faultSubscribers = 3

func TestFaultyServerIsFound(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			s := newFaultyServer(t, f.breaks)
			o := options(Stream, faultSubscribers)
			o.Channels, o.Publish, o.Duration = 1, RateMax, 300*time.Millisecond
			run, err := o.Run(t.Context(), s.target(t))
			if err != nil {
				t.Fatal(err)
			}
			if run.Traffic.Published <= faultEvery+1 {
				t.Fatalf("only %d messages were published", run.Traffic.Published)
			}
			if !f.trace(&run.Tally) {
				t.Errorf("the tally does not show it: %+v", run.Tally)
			}
			if clean := (&Result{Runs: []Run{run}}).OK(); clean != (f.name == "none") {
				t.Errorf("OK is %v", clean)
			}
		})
	}
}

func TestBrokenStreamsComeBackAndGoOn(t *testing.T) {
	s := newFaultyServer(t, func(_ int, line string, _ *string) string { return line },
		func(s *faultyServer) { s.cutEvery = 7 })
	o := options(Stream, faultSubscribers)
	o.Channels, o.Publish, o.Duration = 1, 200, time.Second
	run, err := o.Run(t.Context(), s.target(t))
	if err != nil {
		t.Fatal(err)
	}
	v := &run.Tally
	if v.Dropped == 0 || v.Lost != 0 || v.Doubled != 0 || v.Reordered != 0 {
		t.Errorf("with streams that break and resume: %+v", v)
	}
	if v.Clean() {
		t.Error("broken streams count as clean")
	}
}

func TestFailedPublishesAreCounted(t *testing.T) {
	s := newFaultyServer(t, func(_ int, line string, _ *string) string { return line },
		func(s *faultyServer) { s.refuseEvery = 3 })
	o := options(Stream, faultSubscribers)
	o.Channels = 1
	run, err := o.Run(t.Context(), s.target(t))
	if err != nil {
		t.Fatal(err)
	}
	if run.Tally.PublishFailed == 0 || run.Tally.Lost != 0 || run.Tally.Clean() {
		t.Errorf("with refused publishes: %+v", run.Tally)
	}
}

// faultyServer keeps one channel, on net/http, and makes the same mistake for each of its subscribers.
type faultyServer struct {
	*httptest.Server
	fault       fault
	cutEvery    int // breaks a stream after so many messages, if not 0
	refuseEvery int // refuses every so many publishes, if not 0

	mu     sync.Mutex
	lines  []string // all messages so far
	posts  int
	change chan struct{} // closed with each message
}

func newFaultyServer(t *testing.T, f fault, change ...func(s *faultyServer)) *faultyServer {
	s := &faultyServer{fault: f, change: make(chan struct{})}
	for _, c := range change {
		c(s)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stream", s.stream)
	mux.HandleFunc("POST /push", s.push)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Server.Close)
	t.Cleanup(s.Server.CloseClientConnections)
	return s
}

func (s *faultyServer) target(t *testing.T) *Target {
	t.Helper()
	address := s.Listener.Addr().(*net.TCPAddr).String()
	target, err := ParseTarget(t.Context(), TargetSpec{Address: address, Admin: address}, Stream)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func (s *faultyServer) push(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.posts++; s.refuseEvery > 0 && s.posts%s.refuseEvery == 0 {
		http.Error(w, "no", http.StatusServiceUnavailable)
		return
	}
	line := fmt.Sprintf(`{"type":"data","cname":%q,"seq":%d,"content":%q}`+"\n",
		r.FormValue("cname"), len(s.lines)+1, r.FormValue("content"))
	s.lines = append(s.lines, line)
	close(s.change)
	s.change = make(chan struct{})
}

func (s *faultyServer) stream(w http.ResponseWriter, r *http.Request) {
	next := 1
	fmt.Sscan(r.FormValue("seq"), &next)
	held, sent := "", 0
	w.WriteHeader(http.StatusOK)
	for {
		w.(http.Flusher).Flush()
		s.mu.Lock()
		lines, change := s.lines[next-1:], s.change
		s.mu.Unlock()
		for _, line := range lines {
			fmt.Fprint(w, s.fault(next, line, &held))
			next++
			if sent++; s.cutEvery > 0 && sent == s.cutEvery {
				w.(http.Flusher).Flush()
				panic(http.ErrAbortHandler)
			}
		}
		if len(lines) > 0 {
			continue
		}
		select {
		case <-change:
		case <-r.Context().Done():
			return
		}
	}
}
