package server_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/config"
	"github.com/icomet/icomet/internal/hub"
	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/server"
)

// receiveEvents starts a receiver of webhooks, which passes on what the events say.
func receiveEvents(t *testing.T) (url string, events <-chan string) {
	t.Helper()
	all := make(chan string, 1000)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body struct {
			Events []struct{ Event, Channel, Client string }
		}
		text, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(text, &body)
		}
		if err != nil || !strings.HasPrefix(r.Header.Get("Icomet-Signature"), "t=") {
			t.Errorf("%v in %q", err, text)
		}
		for _, e := range body.Events {
			all <- strings.TrimSpace(e.Event + " " + e.Channel + " " + e.Client)
		}
	}))
	t.Cleanup(receiver.Close)
	return receiver.URL, all
}

// secret signs the events of a test.
var secret, _ = config.ParseSecret("of at least thirty-two bytes for a test", "")

func withWebhook(url string, graceSeconds int) func(o *server.Options) {
	return func(o *server.Options) {
		c := &o.Config
		c.Webhook.URL, c.Webhook.Secret = url, secret
		c.Front.Presence, c.Front.ClientIDs = []string{"*"}, true
		c.Front.MemberGrace = time.Duration(graceSeconds) * time.Second
	}
}

func expectEvents(t *testing.T, events <-chan string, want ...string) {
	t.Helper()
	for _, w := range want {
		select {
		case got := <-events:
			if got != w {
				t.Fatalf("got %q, want %q", got, w)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("%q does not come", w)
		}
	}
}

func TestEventsArePosted(t *testing.T) {
	url, events := receiveEvents(t)
	s := icomettest.Start(t, withWebhook(url, 0))
	c := s.DialFront(t)
	c.Get("/stream?v=1&cname=a&client=ann")
	expectEvents(t, events, "channel_occupied a", "member_joined a ann")
	c.Close()
	expectEvents(t, events, "channel_vacated a", "member_left a ann")
	c = s.DialFront(t)
	c.Get("/stream?v=1&cname=b&client=bob")
	expectEvents(t, events, "channel_occupied b", "member_joined b bob")
	admin := s.DialAdmin(t)
	admin.Get("/close?cname=b")
	admin.Answer()
	expectEvents(t, events, "member_left b bob", "channel_vacated b")
}

// A client that polls is there all the time.
func TestPollsPostNoEvents(t *testing.T) {
	url, events := receiveEvents(t)
	s := icomettest.Start(t, withWebhook(url, 100))
	poll := s.DialFront(t)
	for n := 1; n <= 5; n++ {
		poll.Get(fmt.Sprintf("/sub?v=1&cname=a&seq=%d&client=ann", n))
		s.AwaitSubscribers(t, 1)
		s.Push(t, "a", "x")
		poll.Answer()
		s.AwaitSubscribers(t, 0)
	}
	expectEvents(t, events, "channel_occupied a", "member_joined a ann")
	poll.Get("/sub?v=1&cname=b&seq=1&client=bob")
	expectEvents(t, events, "channel_occupied b", "member_joined b bob")
}

// A server that stops says what it knew before, and nothing of those whom it sends away.
func TestStopPostsWhatWasHeard(t *testing.T) {
	url, events := receiveEvents(t)
	s := icomettest.Start(t, withWebhook(url, 100))
	gone, stays := s.DialFront(t), s.DialFront(t)
	gone.Get("/stream?v=1&cname=a")
	s.AwaitSubscribers(t, 1)
	gone.Close()
	s.AwaitSubscribers(t, 0)
	stays.Get("/stream?v=1&cname=b&client=ann")
	s.AwaitSubscribers(t, 1)
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for len(events) > 0 {
		got[<-events] = true
	}
	for _, want := range []string{"channel_occupied a", "channel_vacated a", "channel_occupied b", "member_joined b ann"} {
		if !got[want] {
			t.Errorf("%s is missing", want)
		}
	}
	if len(got) != 4 {
		t.Errorf("got %v", got)
	}
}

func TestSecretInAFile(t *testing.T) {
	url, events := receiveEvents(t)
	for content, says := range map[string]string{
		"of at least thirty-two bytes, in a file\n": "",
		"too short\n": "webhook.secret: ",
	} {
		name := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		o := options(func(c *config.Config) { c.Webhook.URL = url })
		o.Config.Webhook.Secret, _ = config.ParseSecret("file:"+name, "")
		s, err := server.Start(o)
		if says != "" {
			if err == nil || !strings.HasPrefix(err.Error(), says) {
				t.Errorf("%q: got %v", content, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		c := icomettest.Dial(t, s.FrontAddrs()[0])
		c.Get("/stream?cname=a")
		expectEvents(t, events, "channel_occupied a")
		if err := s.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestEveryEventCanBeConfigured(t *testing.T) {
	var names []string
	for k := range hub.EventKinds {
		names = append(names, k.String())
	}
	if got := strings.Join(config.Default().Webhook.Events, " "); got != strings.Join(names, " ") {
		t.Errorf("configured by default: %s; there are %v", got, names)
	}
}
