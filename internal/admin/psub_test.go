package admin_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/server"
)

func checkJSON(t *testing.T, text string) {
	t.Helper()
	if !json.Valid([]byte(text)) {
		t.Errorf("%q is not JSON", text)
	}
}

func channelTimeout(d time.Duration) func(o *server.Options) {
	return func(o *server.Options) { o.Config.Front.ChannelTimeout = d }
}

// What exists is repeated once in every channel timeout, so that a late watcher learns all.
func TestPresenceIsRepeated(t *testing.T) {
	t.Parallel()
	s := icomettest.Start(t, channelTimeout(2*time.Second))
	const channels = 20
	for n := range channels {
		c := s.DialFront(t)
		c.Get(fmt.Sprintf("/stream?cname=c%d&seq=1", n))
	}
	s.AwaitSubscribers(t, channels)
	watchers := []*icomettest.Client{s.DialAdmin(t), s.DialAdmin(t)}
	watchers[0].Get("/psub")
	watchers[1].Send("GET /psub HTTP/1.0\r\n\r\n")
	for i, w := range watchers {
		w.Head()
		seen := map[string]int{}
		for start := time.Now(); len(seen) < channels || seen["1 c0\n"] < 2; {
			line := ""
			if i == 0 {
				line = w.Chunk()
			} else {
				line = w.Line()
			}
			if !strings.HasPrefix(line, "1 c") {
				t.Fatalf("line %q", line)
			}
			seen[line]++
			if time.Since(start) > patience {
				t.Fatalf("after %v only %v", patience, seen)
			}
		}
	}
}

// A channel that nobody uses is gone after more than its timeout, and at most one second later.
func TestPresenceTellsWhenAChannelExpires(t *testing.T) {
	t.Parallel()
	const timeout = time.Second
	s := icomettest.Start(t, channelTimeout(timeout))
	w := s.DialAdmin(t)
	w.Get("/psub")
	w.Head()
	start := time.Now()
	s.Push(t, "c", "x")
	for w.Chunk() != "0 c\n" {
	}
	if took := time.Since(start); took <= timeout || took > 2*timeout+900*time.Millisecond {
		t.Errorf("it took %v, want more than %v and at most %v", took, timeout, 2*timeout)
	}
}

// Sign sets the life of a channel up or down; while it has subscribers it does not run down.
func TestSignSetsTheLifeOfAChannel(t *testing.T) {
	t.Parallel()
	s := icomettest.Start(t, channelTimeout(time.Hour))
	w, admin := s.DialAdmin(t), s.DialAdmin(t)
	w.Get("/psub")
	w.Head()
	front := s.DialFront(t)
	front.Get("/stream?cname=used&seq=1")
	s.AwaitSubscribers(t, 1)
	for _, name := range []string{"used", "unused"} {
		admin.Get("/sign?expires=1&cname=" + name)
		admin.Answer()
	}
	for w.Chunk() != "0 unused\n" {
	}
	admin.Get("/check?cname=used")
	if got := admin.Answer().Body; got != "{\"used\": 1}\n" {
		t.Errorf("the channel with a subscriber: %q", got)
	}
	front.Close()
	if line := w.Chunk(); line != "0 used\n" {
		t.Errorf("then %q", line)
	}
}

func TestAWatcherThatGoesIsForgotten(t *testing.T) {
	t.Parallel()
	s := icomettest.Start(t)
	stays := s.DialAdmin(t)
	stays.Get("/psub")
	stays.Head()
	for n := range 20 {
		w := s.DialAdmin(t)
		w.Get("/psub")
		w.Head()
		switch n % 3 {
		case 0:
			w.Half()
			w.AwaitEnd()
		case 1:
			w.Reset()
		default:
			w.Close()
		}
		name := fmt.Sprint("c", n)
		s.Push(t, name, "x")
		if line := stays.Chunk(); line != "1 "+name+"\n" {
			t.Fatalf("the other one got %q", line)
		}
	}
	if !icomettest.Within(patience, func() bool { return watchers(t, s) == "1" }) {
		t.Errorf("%s watchers are counted, want 1", watchers(t, s))
	}
}

// watchers is what the metrics say.
func watchers(t *testing.T, s *icomettest.Server) string {
	admin := s.DialAdmin(t)
	defer admin.Close()
	admin.Get("/metrics")
	_, rest, _ := strings.Cut(admin.Answer().Body, "\nicomet_presence_watchers ")
	count, _, _ := strings.Cut(rest, "\n")
	return count
}

func TestStopEndsWatchers(t *testing.T) {
	t.Parallel()
	s := icomettest.Start(t)
	chunked, old := s.DialAdmin(t), s.DialAdmin(t)
	chunked.Get("/psub")
	old.Send("GET /psub HTTP/1.0\r\n\r\n")
	chunked.Head()
	old.Head()
	s.Push(t, "c", "x")
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if line, end := chunked.Chunk(), chunked.Chunk(); line != "1 c\n" || end != "" {
		t.Errorf("%q, then %q", line, end)
	}
	if rest := old.Rest(); rest != "1 c\n" {
		t.Errorf("HTTP/1.0: %q", rest)
	}
}
