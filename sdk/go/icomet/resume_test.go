package icomet_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/icomet/icomet/sdk/go/icomet"
)

// ledger checks that of each channel every message comes once and in order, or is announced as missing.
type ledger struct {
	t         *testing.T
	at        map[string]icomet.Position
	got, gaps int
}

func (l *ledger) take(e icomet.Event) {
	l.t.Helper()
	switch e := e.(type) {
	case *icomet.Subscribed:
		if _, known := l.at[e.Channel]; !known {
			l.at[e.Channel] = e.Position
		}
	case *icomet.Message:
		if want := (icomet.Position{Epoch: e.Epoch, Seq: e.Seq}); l.at[e.Channel] != want {
			l.t.Fatalf("channel %s: got %v, want %v", e.Channel, want, l.at[e.Channel])
		}
		if want := fmt.Sprintf("%s %s %d", e.Channel, e.Epoch, e.Seq); e.Content != want {
			l.t.Fatalf("got %q, want %q", e.Content, want)
		}
		l.at[e.Channel] = e.After()
		l.got++
	case *icomet.Gap:
		if was := l.at[e.Channel]; e.Epoch == was.Epoch && e.From != was.Seq || e.Epoch != was.Epoch && e.Reason != icomet.Restarted {
			l.t.Fatalf("%v at %v", e, was)
		}
		l.at[e.Channel] = icomet.Position{Epoch: e.Epoch, Seq: e.To + 1}
		l.gaps++
	}
}

// publishLabelled publishes a message that says what it is.
func (f *fake) publishLabelled(name string) {
	f.mu.Lock()
	c := f.channel(name)
	label := fmt.Sprintf("%s %s %d", name, c.epoch, c.next)
	f.mu.Unlock()
	f.publish(name, label)
}

// reached tells that all was taken that was published.
func (f *fake) reached(l *ledger, names []string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, name := range names {
		if c := f.channel(name); l.at[name] != (icomet.Position{Epoch: c.epoch, Seq: c.next}) {
			return false
		}
	}
	return true
}

func TestNothingIsLostUnannouncedUnderRandomCuts(t *testing.T) {
	overEach(t, func(t *testing.T, transport icomet.Transport) {
		random := seeded(t)
		f := newScene(t, func(f *fake, m *memory) {
			f.historyMax = 20
			m.cut = func() int { return 200 + random.IntN(3000) }
		})
		names := []string{"a", "b", "c"}
		c := f.client(t, over(transport), func(o *icomet.Options) { o.QueueEvents = 5 })
		s := subscribe(t, c, icomet.Channel{Name: "a"}, icomet.Channel{Name: "b"}, icomet.Channel{Name: "c"})
		l := &ledger{t: t, at: map[string]icomet.Position{}}
		stop := publishRandomly(t, f, names, random)
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		for !stop.over() || !f.reached(l, names) {
			e, err := s.Next(ctx)
			if err != nil {
				t.Fatalf("%v at %v", err, l.at)
			}
			l.take(e)
			for name, p := range s.Positions() {
				if p != l.at[name] {
					t.Fatalf("Position of %s is %v, want %v", name, p, l.at[name])
				}
			}
		}
		if cuts := len(f.asked("")); l.got < 200 || cuts < 5 {
			t.Errorf("%d messages, %d gaps, %d requests: too few to tell", l.got, l.gaps, cuts)
		}
	})
}

// publishing is under way until its channel is closed.
type publishing chan struct{}

func (p publishing) over() bool {
	select {
	case <-p:
		return true
	default:
		return false
	}
}

// publishRandomly publishes and restarts channels, with pauses.
func publishRandomly(t *testing.T, f *scene, names []string, random *rand.Rand) publishing {
	t.Helper()
	own := rand.New(rand.NewPCG(random.Uint64(), 0))
	done := make(publishing)
	go func() {
		defer close(done)
		for range 800 {
			name := names[own.IntN(len(names))]
			if own.IntN(200) == 0 {
				f.restart(name)
			}
			f.publishLabelled(name)
			<-time.After(time.Duration(own.IntN(int(time.Second))))
		}
	}()
	t.Cleanup(func() { <-done })
	return done
}

func TestPositionKeptAsJSONResumesInAnotherClient(t *testing.T) {
	overEach(t, func(t *testing.T, transport icomet.Transport) {
		f := newScene(t)
		first := f.client(t, over(transport))
		s := subscribe(t, first, icomet.Channel{Name: "a"})
		for i := range 6 {
			f.publish("a", fmt.Sprint(i+1))
		}
		wantTexts(t, s, "1", "2", "3")
		p, ok := s.Position("a")
		kept, err := json.Marshal(p)
		if !ok || err != nil || string(kept) != `{"epoch":"epoch-1","seq":4}` {
			t.Fatalf("kept %s, %v, %v", kept, ok, err)
		}
		first.Close()

		var back icomet.Position
		if err := json.Unmarshal(kept, &back); err != nil {
			t.Fatal(err)
		}
		s = subscribe(t, f.client(t, over(transport)), icomet.Channel{Name: "a", From: icomet.At(back)})
		if p, ok := s.Position("a"); !ok || p != back {
			t.Errorf("Position at the beginning is %v, %v", p, ok)
		}
		wantTexts(t, s, "4", "5", "6")
	})
}

func TestRestartedChannelIsToldAsGap(t *testing.T) {
	overEach(t, func(t *testing.T, transport icomet.Transport) {
		f := newScene(t)
		s := subscribe(t, f.client(t, over(transport)), icomet.Channel{Name: "a"})
		f.publish("a", "old")
		wantTexts(t, s, "old")
		f.restart("a", "new")
		want := &icomet.Gap{Channel: "a", Epoch: "epoch-2", From: 1, To: 0, Reason: icomet.Restarted}
		if diff := cmp.Diff(want, next[*icomet.Gap](t, s)); diff != "" {
			t.Error(diff)
		}
		wantTexts(t, s, "new")
	})
}

// The connection breaks between "subscribed" with the new epoch and the gap.
func TestRestartIsToldThoughTheGapGotLostOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gaps := 0
		f := newScene(t)
		f.tamper = func(_, message string) []string {
			if strings.Contains(message, `"gap"`) {
				if gaps++; gaps == 1 {
					return []string{"{"}
				}
			}
			return []string{message}
		}
		p := icomet.Position{Epoch: "of old", Seq: 9}
		f.publish("a", "new")
		s := subscribe(t, f.client(t), icomet.Channel{Name: "a", From: icomet.At(p)})
		if g := next[*icomet.Gap](t, s); g.Reason != icomet.Restarted || g.Epoch != "epoch-1" || gaps != 2 {
			t.Errorf("got %v, after %d", g, gaps)
		}
		wantTexts(t, s, "new")
	})
}

func TestDuplicateIsDropped(t *testing.T) {
	overEach(t, func(t *testing.T, transport icomet.Transport) {
		f := newScene(t)
		var sent []string
		f.tamper = func(_, message string) []string {
			if !strings.Contains(message, `"data"`) {
				return []string{message}
			}
			sent = append(sent, message)
			return sent
		}
		s := subscribe(t, f.client(t, over(transport)), icomet.Channel{Name: "a"})
		for i := range 5 {
			f.publish("a", fmt.Sprint(i))
		}
		wantTexts(t, s, "0", "1", "2", "3", "4")
		if requests := len(f.asked("")); transport != icomet.Poll && requests != 1 {
			t.Errorf("%d requests", requests)
		}
	})
}

func TestMessageLeftOutIsToldAndTheConnectionMadeAnew(t *testing.T) {
	overEach(t, func(t *testing.T, transport icomet.Transport) {
		f := newScene(t)
		f.tamper = func(_, message string) []string {
			if strings.Contains(message, `"content":"lost`) {
				return nil
			}
			return []string{message}
		}
		states := make(chan icomet.State, 100)
		s := subscribe(t, f.client(t, over(transport), func(o *icomet.Options) {
			o.OnState = func(s icomet.State) { states <- s }
		}), icomet.Channel{Name: "a"})
		for _, text := range []string{"1", "lost", "lost", "4", "5"} {
			f.publish("a", text)
		}
		wantTexts(t, s, "1")
		want := &icomet.Gap{Channel: "a", Epoch: "epoch-1", From: 2, To: 3, Reason: icomet.Unknown}
		if diff := cmp.Diff(want, next[*icomet.Gap](t, s)); diff != "" {
			t.Error(diff)
		}
		wantTexts(t, s, "4", "5")
		<-states
		if s := <-states; s.Online || s.Err == nil {
			t.Errorf("got %+v", s)
		}
	})
}

// tampered subscribes a channel of which the server says these things, each {E} being the epoch.
func tampered(t *testing.T, says ...string) (*scene, *icomet.Subscription) {
	t.Helper()
	f := newScene(t)
	said := false
	f.tamper = func(_, message string) []string {
		if said || !strings.Contains(message, `"content":"cue"`) {
			return []string{message}
		}
		said = true
		return says
	}
	s := subscribe(t, f.client(t), icomet.Channel{Name: "a"})
	f.publish("a", "cue")
	return f, s
}

func TestContiguityIsChecked(t *testing.T) {
	for _, c := range []struct {
		name, says string
		want       icomet.Event
	}{
		{"message of another life", `{"type":"data","cname":"a","seq":5,"epoch":"x","content":""}`,
			&icomet.Gap{Channel: "a", Epoch: "x", From: 1, To: 4, Reason: icomet.Unknown}},
		{"gap beyond the next number", `{"type":"gap","cname":"a","epoch":"epoch-1","from":4,"to":9,"reason":"slow"}`,
			&icomet.Gap{Channel: "a", Epoch: "epoch-1", From: 1, To: 3, Reason: icomet.Unknown}},
		{"gap", `{"type":"gap","cname":"a","epoch":"epoch-1","from":1,"to":9,"reason":"slow"}`,
			&icomet.Gap{Channel: "a", Epoch: "epoch-1", From: 1, To: 9, Reason: icomet.Slow}},
		{"gap that begins earlier", `{"type":"gap","cname":"a","epoch":"epoch-1","from":0,"to":2,"reason":"expired"}`,
			&icomet.Gap{Channel: "a", Epoch: "epoch-1", From: 1, To: 2, Reason: icomet.Expired}},
		{"close after what is missing", `{"type":"close","cname":"a","seq":3,"epoch":"epoch-1"}`,
			&icomet.Gap{Channel: "a", Epoch: "epoch-1", From: 1, To: 2, Reason: icomet.Unknown}},
		{"subscribed further on", `{"type":"subscribed","id":1,"cname":"a","seq":3,"epoch":"epoch-1"}`,
			&icomet.Gap{Channel: "a", Epoch: "epoch-1", From: 1, To: 2, Reason: icomet.Unknown}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, s := tampered(t, c.says)
				if diff := cmp.Diff(c.want, icomet.Event(next[*icomet.Gap](t, s))); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestUnknownThingsAreIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := tampered(t,
			`{"type":"future","cname":"a","x":{}}`,
			`{"type":"gap","cname":"a","epoch":"epoch-1","from":0,"to":0,"reason":"trimmed"}`,
			`{"type":"data","cname":"other","seq":1,"epoch":"epoch-1","content":"not asked for"}`,
			`{"type":"subscribed","id":77,"cname":"a","seq":9,"epoch":"epoch-1"}`,
			`{"type":"error","id":77,"code":404,"text":"nobody waits for this"}`,
			`{"type":"data","cname":"a","seq":1,"epoch":"epoch-1","content":"cue"}`)
		wantTexts(t, s, "cue")
	})
}

func TestSlowReaderHoldsUpTheServerAndLosesNothingUnannounced(t *testing.T) {
	overEach(t, func(t *testing.T, transport icomet.Transport) {
		sent := 0
		f := newScene(t, func(f *fake, _ *memory) { f.historyMax = 50 })
		f.tamper = func(_, message string) []string {
			sent++
			return []string{message}
		}
		s := subscribe(t, f.client(t, over(transport), func(o *icomet.Options) { o.QueueEvents, o.QueueBytes = 10, 1000 }), icomet.Channel{Name: "a"})
		for range 1000 {
			f.publishLabelled("a")
		}
		// Long enough for the watchdog, if it did not know that the client itself is waiting.
		<-time.After(time.Hour)
		synctest.Wait()
		f.mu.Lock()
		if sent > 100 {
			t.Errorf("%d messages were sent to a client that takes none", sent)
		}
		f.mu.Unlock()
		if requests := len(f.asked("")); requests > 2 {
			t.Errorf("%d requests", requests)
		}
		l := &ledger{t: t, at: map[string]icomet.Position{}}
		for !f.reached(l, []string{"a"}) {
			e, err := s.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			l.take(e)
		}
		if l.gaps == 0 {
			t.Error("no gap, though most messages were out of the history")
		}
	})
}

func TestSubscribeReturnsWhileAnotherQueueIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newScene(t, func(f *fake, _ *memory) {
			f.deny = func(channel, _ string) int {
				if channel == "c" {
					return 403
				}
				return 0
			}
		})
		c := f.client(t, func(o *icomet.Options) { o.QueueEvents = 2 })
		a := subscribe(t, c, icomet.Channel{Name: "a"})
		for i := range 10 {
			f.publish("a", fmt.Sprint(i))
		}
		synctest.Wait()
		f.publish("b", "old")
		b := subscribe(t, c, icomet.Channel{Name: "b", From: icomet.Last(1)})
		refused := subscribe(t, c, icomet.Channel{Name: "c"})
		wantTexts(t, a, "0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
		wantTexts(t, b, "old")
		var e *icomet.Error
		if closed := next[*icomet.Closed](t, refused); !errors.As(closed.Err, &e) || e.Code != 403 {
			t.Errorf("got %+v", closed)
		}
	})
}
