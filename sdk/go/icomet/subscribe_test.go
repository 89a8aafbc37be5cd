package icomet_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/icomet/icomet/sdk/go/icomet"
)

var allTransports = []icomet.Transport{icomet.WebSocket, icomet.Stream, icomet.Poll}

// overEach runs a test over each transport, on a clock and a network of its own.
func overEach(t *testing.T, test func(t *testing.T, transport icomet.Transport)) {
	for _, transport := range allTransports {
		t.Run(string(transport), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, transport) })
		})
	}
}

// subscribe fails the test if that is not possible.
func subscribe(t *testing.T, c *icomet.Client, channels ...icomet.Channel) *icomet.Subscription {
	t.Helper()
	s, err := c.Subscribe(t.Context(), channels...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// next waits for an event of a kind, and fails on any other but those that tell of a subscription.
func next[E icomet.Event](t *testing.T, s *icomet.Subscription) E {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	for {
		e, err := s.Next(ctx)
		if err != nil {
			t.Fatalf("got the error %v, want %T", err, *new(E))
		}
		if wanted, ok := e.(E); ok {
			return wanted
		}
		if _, ok := e.(*icomet.Subscribed); !ok {
			t.Fatalf("got %#v, want %T", e, *new(E))
		}
	}
}

// wantTexts waits for messages with these texts.
func wantTexts(t *testing.T, s *icomet.Subscription, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if m := next[*icomet.Message](t, s); m.Content != text {
			t.Fatalf("got %q, want %q", m.Content, text)
		}
	}
}

func TestPayloadsAndPresenceComeOverEachTransport(t *testing.T) {
	overEach(t, func(t *testing.T, transport icomet.Transport) {
		f := newScene(t)
		c := f.client(t, over(transport))
		s := subscribe(t, c, icomet.Channel{Name: "a", Presence: true}, icomet.Channel{Name: "b & ü", Token: "x y"})
		f.put("a", fakeMessage{Data: json.RawMessage(`{"n":1}`), Event: "price"})
		want := &icomet.Message{Channel: "a", Seq: 1, Epoch: "epoch-1", Event: "price", Data: json.RawMessage(`{"n":1}`)}
		if diff := cmp.Diff(want, next[*icomet.Message](t, s)); diff != "" {
			t.Error(diff)
		}
		bytes := []byte{0, '\n', 255}
		f.put("b & ü", fakeMessage{Base64: &bytes})
		want = &icomet.Message{Channel: "b & ü", Seq: 1, Epoch: "epoch-2", Bytes: bytes}
		if diff := cmp.Diff(want, next[*icomet.Message](t, s)); diff != "" {
			t.Error(diff)
		}
		text := "say \"hi\""
		f.put("a", fakeMessage{Type: "broadcast", Content: &text})
		want = &icomet.Message{Channel: "a", Seq: 2, Epoch: "epoch-1", Broadcast: true, Content: text}
		if diff := cmp.Diff(want, next[*icomet.Message](t, s)); diff != "" {
			t.Error(diff)
		}
		synctest.Wait()
		f.announce("join", "a", "ann", `{"name":"Ann"}`)
		if j := next[*icomet.Join](t, s); j.Channel != "a" || j.Client != "ann" || string(j.Info) != `{"name":"Ann"}` {
			t.Errorf("got %+v", j)
		}
		synctest.Wait()
		f.announce("leave", "a", "ann", `{}`)
		if l := next[*icomet.Leave](t, s); l.Channel != "a" || l.Client != "ann" {
			t.Errorf("got %+v", l)
		}
	})
}

func TestSubscriptionsBeginWhereAsked(t *testing.T) {
	overEach(t, func(t *testing.T, transport icomet.Transport) {
		f := newScene(t)
		for i := range 5 {
			f.publish("a", fmt.Sprint(i+1))
			<-time.After(time.Minute)
		}
		for _, c := range []struct {
			name  string
			from  icomet.Start
			first string
		}{
			{"last 2", icomet.Last(2), "4"},
			{"last of more than there are", icomet.Last(99), "1"},
			{"since", icomet.Since(time.Now().Add(-3 * time.Minute)), "3"},
			{"position", icomet.At(icomet.Position{Epoch: "epoch-1", Seq: 2}), "2"},
			{"position without epoch", icomet.At(icomet.Position{Seq: 5}), "5"},
			{"live", icomet.Live(), "new"},
			{"no position", icomet.At(icomet.Position{}), "new"},
		} {
			client := f.client(t, over(transport))
			s := subscribe(t, client, icomet.Channel{Name: "a", From: c.from})
			if c.first == "new" {
				f.publish("a", "new")
			}
			if m := next[*icomet.Message](t, s); m.Content != c.first {
				t.Errorf("%s: got %q first, want %q", c.name, m.Content, c.first)
			}
			client.Close()
		}
	})
}

func TestChannelsComeAndGoWhileOthersGoOn(t *testing.T) {
	overEach(t, func(t *testing.T, transport icomet.Transport) {
		f := newScene(t)
		c := f.client(t, over(transport))
		s := subscribe(t, c, icomet.Channel{Name: "a"})
		for round := range 20 {
			name := fmt.Sprint("b", round%2)
			if err := s.Add(t.Context(), icomet.Channel{Name: name}); err != nil {
				t.Fatal(err)
			}
			text := fmt.Sprint(round)
			f.publish("a", text)
			wantTexts(t, s, text)
			f.publish(name, text)
			wantTexts(t, s, text)
			s.Remove(name)
			f.publish(name, "unseen")
		}
		other := subscribe(t, c, icomet.Channel{Name: "b0"})
		f.publish("b0", "both")
		wantTexts(t, other, "both")
		other.Close()
		if _, err := other.Next(t.Context()); !errors.Is(err, icomet.ErrClosed) {
			t.Errorf("Next after Close: %v", err)
		}
		f.publish("a", "still")
		wantTexts(t, s, "still")
	})
}

func TestNothingComesAfterTheChannelWasSubscribedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newScene(t)
		c := f.client(t)
		s := subscribe(t, c, icomet.Channel{Name: "keep"}, icomet.Channel{Name: "a"})
		for i := range 50 {
			f.publish("a", fmt.Sprint("old ", i))
			s.Remove("a")
			again := subscribe(t, c, icomet.Channel{Name: "a"})
			f.publish("a", fmt.Sprint("new ", i))
			wantTexts(t, again, fmt.Sprint("new ", i))
			again.Close()
			if err := s.Add(t.Context(), icomet.Channel{Name: "a"}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestClosedChannelEndsItsSubscription(t *testing.T) {
	overEach(t, func(t *testing.T, transport icomet.Transport) {
		f := newScene(t)
		s := subscribe(t, f.client(t, over(transport)), icomet.Channel{Name: "a"}, icomet.Channel{Name: "b"})
		f.publish("a", "1")
		wantTexts(t, s, "1")
		synctest.Wait()
		f.closeChannel("a")
		if e := next[*icomet.Closed](t, s); e.Channel != "a" || e.Err != nil {
			t.Errorf("got %+v", e)
		}
		f.publish("b", "2")
		wantTexts(t, s, "2")
		synctest.Wait()
		f.closeChannel("b")
		for e, err := range s.Events(t.Context()) {
			if c, ok := e.(*icomet.Closed); !ok || c.Channel != "b" || err != nil {
				t.Errorf("got %#v, %v", e, err)
			}
		}
		if _, err := s.Next(t.Context()); err != io.EOF {
			t.Errorf("at the end: %v", err)
		}
		if err := s.Add(t.Context(), icomet.Channel{Name: "c"}); !errors.Is(err, icomet.ErrClosed) {
			t.Errorf("Add at the end: %v", err)
		}
	})
}

func TestRefusedChannelFailsSubscribeAndLeavesNone(t *testing.T) {
	overEach(t, func(t *testing.T, transport icomet.Transport) {
		f := newScene(t, func(f *fake, _ *memory) {
			f.deny = func(channel, _ string) int {
				if channel == "secret" {
					return 403
				}
				return 0
			}
		})
		c := f.client(t, over(transport))
		_, err := c.Subscribe(t.Context(), icomet.Channel{Name: "a"}, icomet.Channel{Name: "secret"})
		var refused *icomet.Error
		if !errors.As(err, &refused) || refused.Code != 403 || refused.Channel != "secret" || refused.Text != "denied" {
			t.Fatalf("got %v", err)
		}
		s := subscribe(t, c, icomet.Channel{Name: "a"})
		f.publish("a", "1")
		wantTexts(t, s, "1")
	})
}

func TestWrongCallsAreRefusedLocally(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newScene(t)
		c := f.client(t)
		subscribe(t, c, icomet.Channel{Name: "a"})
		for name, channels := range map[string][]icomet.Channel{
			"twice in a call":  {{Name: "b"}, {Name: "b"}},
			"subscribed":       {{Name: "b"}, {Name: "a"}},
			"none":             {},
			"without a name":   {{}},
			"name not UTF-8":   {{Name: "\xff"}},
			"nothing remained": {{Name: "b"}, {Name: ""}},
		} {
			_, err := c.Subscribe(t.Context(), channels...)
			var refused *icomet.Error
			if !errors.Is(err, icomet.ErrSubscribed) && !(errors.As(err, &refused) && refused.Code == 400) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, address := range []string{"", "fake", "ftp://fake", "http://", "http://[", "://"} {
			if _, err := icomet.NewClient(address, icomet.Options{}); err == nil {
				t.Errorf("address %q is taken", address)
			}
			if _, err := icomet.NewPublisher(address, icomet.PublisherOptions{}); err == nil {
				t.Errorf("address %q is taken", address)
			}
		}
		if _, err := icomet.NewClient("http://fake", icomet.Options{Transports: []icomet.Transport{"pigeon"}}); err == nil {
			t.Error("pigeons are taken")
		}
		if _, err := icomet.NewClient("http://fake", icomet.Options{Info: func() {}}); err == nil {
			t.Error("info that is no JSON is taken")
		}
	})
}

func TestMessagesYieldGapsAndRefusalsAsErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		denied := false
		f := newScene(t, func(f *fake, _ *memory) {
			f.historyMax = 2
			f.deny = func(string, string) int {
				if denied {
					return 403
				}
				return 0
			}
		})
		for i := range 5 {
			f.publish("a", fmt.Sprint(i+1))
		}
		s := subscribe(t, f.client(t), icomet.Channel{Name: "a", From: icomet.At(icomet.Position{Epoch: "epoch-1", Seq: 1})})
		var got []string
		for m, err := range s.Messages(t.Context()) {
			var gap *icomet.Gap
			switch {
			case errors.As(err, &gap):
				got = append(got, fmt.Sprintf("gap %d-%d %s", gap.From, gap.To, gap.Reason))
			case err != nil:
				got = append(got, err.Error())
			default:
				got = append(got, m.Content)
			}
			if len(got) == 3 {
				f.mu.Lock()
				denied = true
				f.mu.Unlock()
				f.closeSockets(1001)
			}
		}
		want := []string{"gap 1-3 trimmed", "4", "5", `icomet: error 403: denied (channel "a")`}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestLongListsOfChannelsGoIntoTheBody(t *testing.T) {
	for _, transport := range []icomet.Transport{icomet.Stream, icomet.Poll} {
		t.Run(string(transport), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newScene(t)
				s := subscribe(t, f.client(t, over(transport)), manyChannels(300)...)
				f.publish("channel-299", "1")
				wantTexts(t, s, "1")
				for _, r := range f.asked("") {
					if r.method != http.MethodPost {
						t.Errorf("%s %s", r.method, r.path)
					}
				}
			})
		})
	}
}

func manyChannels(n int) (all []icomet.Channel) {
	for i := range n {
		all = append(all, icomet.Channel{Name: fmt.Sprint("channel-", i)})
	}
	return all
}

func TestManyChannelsAreSubscribedInPartsOverWebSocketOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newScene(t)
		s := subscribe(t, f.client(t, func(o *icomet.Options) { o.QueueEvents = 10_000 }), manyChannels(4096)...)
		f.publish("channel-4095", "1")
		wantTexts(t, s, "1")

		states := make(chan icomet.State, 16)
		c := f.client(t, over(icomet.Stream), func(o *icomet.Options) { o.OnState = func(s icomet.State) { states <- s } })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Subscribe(ctx, manyChannels(4096)...); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if s := <-states; !errors.Is(s.Err, icomet.ErrTooManyChannels) {
			t.Errorf("got %+v", s)
		}
	})
}

func TestRequestsNameTheClientAndItsHeader(t *testing.T) {
	overEach(t, func(t *testing.T, transport icomet.Transport) {
		f := newScene(t, func(f *fake, _ *memory) {
			f.refuse = func(r *http.Request) int {
				if r.Header.Get("X-App") != "test" {
					return 403
				}
				return 0
			}
		})
		c := f.client(t, over(transport), func(o *icomet.Options) {
			o.ID, o.Info = "ann", map[string]string{"name": "Ann"}
			o.Header = http.Header{"x-app": {"test"}}
			o.Token = func(context.Context) (string, error) { return "jwt", nil }
		})
		subscribe(t, c, icomet.Channel{Name: "a", Token: "own"})
		r := f.asked("")[0]
		if r.token != "jwt" || !strings.Contains(r.form, "client=ann") || !strings.Contains(r.form, "info=%7B%22name%22%3A%22Ann%22%7D") {
			t.Errorf("got %+v", r)
		}
	})
}
