package hub_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/icomet/icomet/internal/hub"
)

// counter is a watcher that counts what it hears of every channel.
type counter map[string]int

func (c *counter) Presence(_ bool, channel string) { (*c)[channel]++ }

func TestPresenceIsRepeatedOnceInEachTimeout(t *testing.T) {
	const channels, timeout = 2000, 7
	h, loops := newHub(t, hub.Options{MaxChannels: channels, MaxSubscribers: 1, ChannelTimeout: timeout}, 1)
	for i := range channels {
		if _, _, err := loops[0].subscribe(1, &client{}, hub.SubscribeRequest{Name: fmt.Append(nil, i)}); err != nil {
			t.Fatal(err)
		}
	}
	now := int64(1)
	h.Tick(now, 1)
	heard := counter{}
	if err := h.Watch(&heard); err != nil {
		t.Fatal(err)
	}
	for period := range 3 {
		most := 0
		for range timeout {
			now++
			before := sum(heard)
			for h.Tick(now, 10) {
			}
			most = max(most, sum(heard)-before)
		}
		if most > 2*channels/timeout {
			t.Errorf("period %d: %d events in one second are not spread", period, most)
		}
		for i := range channels {
			if n := heard[fmt.Sprint(i)]; n != period+1 {
				t.Fatalf("channel %d was heard of %d times after %d periods", i, n, period+1)
			}
		}
	}
}

// TestPresenceCatchesUpAfterPause also goes on from channel to channel when a second is too short for all.
func TestPresenceCatchesUpAfterPause(t *testing.T) {
	const channels = 1000
	h, loops := newHub(t, hub.Options{MaxChannels: 2 * channels, MaxSubscribers: 1, ChannelTimeout: 1}, 1)
	names := h.SameShard("c", channels)
	for i := range channels {
		names = append(names, fmt.Sprint(i))
	}
	for _, name := range names {
		if _, _, err := loops[0].subscribe(1, &client{}, hub.SubscribeRequest{Name: []byte(name)}); err != nil {
			t.Fatal(err)
		}
	}
	heard := counter{}
	if err := h.Watch(&heard); err != nil {
		t.Fatal(err)
	}
	for h.Tick(500, 10) {
	}
	for _, name := range names {
		if heard[name] != 1 {
			t.Fatalf("%s was heard of %d times after a pause", name, heard[name])
		}
	}
	for now := int64(501); now < 1500; now++ {
		h.Tick(now, 1)
	}
	for _, name := range names {
		if heard[name] < 2 {
			t.Fatalf("%s was not heard of again when there was little time", name)
		}
	}
}

func sum(c counter) (n int) {
	for _, times := range c {
		n += times
	}
	return n
}

// TestPresenceSweepSkipsNoneWhileChannelsGo closes channels between the steps of a sweep: those that
// stay must all be heard of.
func TestPresenceSweepSkipsNoneWhileChannelsGo(t *testing.T) {
	const channels = 2000
	h, loops := newHub(t, hub.Options{MaxChannels: channels, MaxSubscribers: 1, ChannelTimeout: 1}, 1)
	names := h.SameShard("c", channels)
	for _, name := range names {
		if _, _, err := loops[0].subscribe(1, &client{}, hub.SubscribeRequest{Name: []byte(name)}); err != nil {
			t.Fatal(err)
		}
	}
	h.Tick(1, 1)
	heard := counter{}
	if err := h.Watch(&heard); err != nil {
		t.Fatal(err)
	}
	gone := 0
	for ; h.Tick(2, 1); gone++ { // from the first ones, which are swept last, and from the middle
		h.Close([]byte(names[gone]))
		h.Close([]byte(names[channels/2+gone]))
	}
	if gone < 3 {
		t.Fatalf("only %d steps", gone)
	}
	for i, name := range names {
		if heard[name] == 0 {
			t.Errorf("channel %d was not heard of", i)
		}
	}
}

func TestWatchersBound(t *testing.T) {
	h, _ := newHub(t, hub.Options{MaxChannels: 1}, 0)
	watchers := make([]counter, hub.WatchersMax)
	for i := range watchers {
		watchers[i] = counter{}
		if err := h.Watch(&watchers[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Watch(&counter{}); !errors.Is(err, hub.ErrTooManyWatchers) {
		t.Errorf("one too many: %v", err)
	}
	h.Unwatch(&watchers[7])
	h.Unwatch(&watchers[7])
	if _, err := h.Publish(1, nil, hub.Publication{}); err != nil {
		t.Fatal(err)
	}
	for i, w := range watchers {
		if want := map[bool]int{true: 1}[i != 7]; w[""] != want {
			t.Errorf("watcher %d heard %d events, want %d", i, w[""], want)
		}
	}
}

// slowWatcher stays in its first event until it is released.
type slowWatcher struct {
	entered, release chan struct{}
	calls            int // not guarded
}

func (w *slowWatcher) Presence(bool, string) {
	close(w.entered)
	<-w.release
	w.calls++
}

// TestUnwatchWaitsForEventUnderWay needs the race detector to see that the event comes before the end
// of Unwatch.
func TestUnwatchWaitsForEventUnderWay(t *testing.T) {
	h, _ := newHub(t, hub.Options{MaxChannels: 2}, 0)
	w := &slowWatcher{entered: make(chan struct{}), release: make(chan struct{})}
	if err := h.Watch(w); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	wait.Go(func() {
		if _, err := h.Publish(1, []byte("a"), hub.Publication{}); err != nil {
			t.Error(err)
		}
	})
	<-w.entered
	wait.Go(func() {
		h.Unwatch(w)
		w.calls++
	})
	close(w.release)
	wait.Wait()
	if _, err := h.Publish(1, []byte("b"), hub.Publication{}); err != nil {
		t.Fatal(err)
	}
	if w.calls != 2 {
		t.Errorf("%d calls, want 2: the event and the end of Unwatch", w.calls)
	}
}
