package hub_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/icomet/icomet/internal/hub"
)

func TestNameBound(t *testing.T) {
	h, _ := newHub(t, hub.Options{MaxChannels: 1, MaxSubscribers: 1}, 1)
	if err := h.CheckName(name("toolong")); !errors.Is(err, hub.ErrName) {
		t.Errorf("CheckName: %v", err)
	}
	if err := h.CheckName(make([]byte, hub.NameBytesMax)); err != nil {
		t.Errorf("CheckName of the longest name: %v", err)
	}
}

// TestNamesOfEveryLength finds channels again by names around the length that fits into a record.
func TestNamesOfEveryLength(t *testing.T) {
	h, _ := newHub(t, hub.Options{MaxChannels: hub.NameBytesMax + 1, MaxSubscribers: 1}, 1)
	long := make([]byte, hub.NameBytesMax)
	for n := range hub.NameBytesMax + 1 {
		if _, err := h.Publish(1, long[:n], hub.Publication{}); err != nil {
			t.Fatal(err)
		}
	}
	for n := range hub.NameBytesMax + 1 {
		if done, err := h.Publish(1, long[:n], hub.Publication{}); done.Seq != 2 || err != nil {
			t.Errorf("name of %d bytes: message %d, %v", n, done.Seq, err)
		}
	}
	if err := h.Check(); err != nil {
		t.Error(err)
	}
}

func TestChannelIDNamesOneLife(t *testing.T) {
	h, loops := newHub(t, hub.Options{MaxChannels: 1, MaxSubscribers: 1}, 1)
	h.SkipBirths(math.MaxUint32 - 2)
	lives := map[hub.ChannelID]bool{}
	for range 5 { // over the end of the numbers
		sub, _, err := loops[0].subscribe(1, &client{}, hub.SubscribeRequest{Name: []byte("a")})
		if err != nil {
			t.Fatal(err)
		}
		if lives[sub.ID] || uint32(sub.ID) == 0 {
			t.Errorf("ID %x is 0 or of an earlier life", sub.ID)
		}
		for earlier := range lives {
			h.Leave(1, earlier, 0, true)
		}
		if n := h.Subscribers([]byte("a")); n != 1 {
			t.Fatalf("%d subscribers after those of earlier lives left", n)
		}
		lives[sub.ID] = true
		h.Close([]byte("a"))
	}
}

// TestLongPauseFreesAll lets more time pass between two ticks than the wheel spans.
func TestLongPauseFreesAll(t *testing.T) {
	const lives = 600
	h, _ := newHub(t, hub.Options{MaxChannels: lives, MaxSubscribers: 1}, 1)
	for life, name := range h.SameShard("c", lives) {
		if _, err := h.Sign(1, []byte(name), int64(life+1)); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct{ now, left int64 }{{302, lives - 300}, {10_000, 0}} {
		for h.Tick(step.now, 10) {
		}
		if channels, _ := h.Info(); channels != int(step.left) {
			t.Errorf("%d channels are left at %d, want %d", channels, step.now, step.left)
		}
	}
}

// TestLateCallerDoesNotProlong: a loop whose clock is behind must not make lives longer.
func TestLateCallerDoesNotProlong(t *testing.T) {
	h, loops := newHub(t, hub.Options{MaxChannels: 1, MaxSubscribers: 1, ChannelTimeout: 3}, 1)
	for range 10 {
		if _, err := h.Publish(100, []byte("a"), hub.Publication{}); err != nil {
			t.Fatal(err)
		}
		c := &client{}
		if _, _, err := loops[0].subscribe(98, c, hub.SubscribeRequest{Name: []byte("a")}); err != nil {
			t.Fatal(err)
		}
		loops[0].leave(100, c)
	}
	for _, step := range []struct {
		now    int64
		exists bool
	}{{103, true}, {104, false}} {
		h.Tick(step.now, 10)
		if h.Exists([]byte("a")) != step.exists {
			t.Errorf("at %d the channel exists: %v", step.now, !step.exists)
		}
	}
}

func TestTokensDiffer(t *testing.T) {
	const channels = 1000
	h, _ := newHub(t, hub.Options{MaxChannels: channels}, 1)
	seen := map[string]bool{}
	for i := range channels {
		signed, err := h.Sign(1, fmt.Append(nil, i), 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(signed.Token) != 32 || seen[signed.Token] {
			t.Fatalf("token %q is not 32 digits or was given before", signed.Token)
		}
		for _, c := range signed.Token {
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				t.Fatalf("token %q is not lower-case hexadecimal", signed.Token)
			}
		}
		seen[signed.Token] = true
	}
}

func TestOurOwnBugsPanic(t *testing.T) {
	h, _ := newHub(t, hub.Options{MaxChannels: 1, MaxSubscribers: 1}, 1)
	sub, _, err := h.Subscribe(1, hub.SubscribeRequest{Name: []byte("a")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	h.Leave(1, sub.ID, 0, true)
	for what, f := range map[string]func(){
		"too many sinks":      func() { hub.New(hub.Options{}).SetSinks(make([]hub.Sink, hub.SinksMax+1)) },
		"leave twice":         func() { h.Leave(1, sub.ID, 0, true) },
		"a frame slot over":   func() { new(hub.Message).Frame(hub.FrameSlotsMax, nil) },
		"a frame slot below":  func() { new(hub.Message).Frame(-1, nil) },
		"a sink out of range": func() { _, _, _ = h.Subscribe(1, hub.SubscribeRequest{Name: []byte("a"), Sink: 1}, nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", what)
				}
			}()
			f()
		}()
	}
}
