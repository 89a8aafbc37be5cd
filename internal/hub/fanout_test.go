package hub_test

import (
	"fmt"
	"testing"

	"github.com/icomet/icomet/internal/hub"
)

// drained tells whether the signal is there.
func drained(f *hub.Fanout) bool {
	select {
	case <-f.Drained():
		return true
	default:
		return false
	}
}

func TestBroadcastIsPacedByDone(t *testing.T) {
	const channels, step = 1000, 64
	h, loops := newHub(t, hub.Options{MaxChannels: channels, MaxSubscribers: 2}, 2)
	clients := make(map[*client]int)
	for i := range channels {
		for _, l := range loops {
			c := &client{}
			if _, _, err := l.subscribe(1, c, hub.SubscribeRequest{Name: fmt.Append(nil, i)}); err != nil {
				t.Fatal(err)
			}
			clients[c] = 0
		}
	}
	got := func(c *client, m *hub.Message, _ bool) { clients[c]++ }
	f := h.Broadcast("hi")
	steps := 1
	for ; f.Step(2, step); steps++ {
		if f.Pending() != 2*step || len(loops[0].queue) != step || drained(f) {
			t.Fatalf("step %d: %d are pending, %d in one loop", steps, f.Pending(), len(loops[0].queue))
		}
		loops[0].drain(2, got)
		if f.Pending() != step || drained(f) {
			t.Fatalf("step %d: %d are pending after the first loop", steps, f.Pending())
		}
		loops[1].drain(2, got)
		if f.Pending() != 0 || !drained(f) || drained(f) {
			t.Fatalf("step %d: %d are pending, or not one signal", steps, f.Pending())
		}
	}
	if want := (channels + step - 1) / step; steps != want {
		t.Errorf("%d steps, want %d", steps, want)
	}
	for _, l := range loops {
		l.drain(2, got)
	}
	for _, times := range clients {
		if times != 1 {
			t.Fatalf("a client got the broadcast %d times", times)
		}
	}
}

func TestBroadcastToNobodyDrainsAtOnce(t *testing.T) {
	h, _ := newHub(t, hub.Options{MaxChannels: 10}, 1)
	for i := range 10 {
		if _, err := h.Publish(1, fmt.Append(nil, i), hub.Publication{}); err != nil {
			t.Fatal(err)
		}
	}
	f := h.Broadcast("hi")
	if !f.Step(1, 5) || !drained(f) {
		t.Error("no signal after the first half")
	}
	if f.Step(1, 5) || !drained(f) {
		t.Error("no signal, or no end, after the second half")
	}
	if f.Step(1, 5) || f.Pending() != 0 {
		t.Error("a step after the end did something")
	}
}

func TestBroadcastSkipsChannelsThatCameOrWent(t *testing.T) {
	h, loops := newHub(t, hub.Options{MaxChannels: 100, MaxSubscribers: 1}, 1)
	names := h.SameShard("c", 6)
	subscribe := func(name string) {
		if _, _, err := loops[0].subscribe(1, &client{name: name}, hub.SubscribeRequest{Name: []byte(name)}); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range names[:5] {
		subscribe(name)
	}
	f := h.Broadcast("hi")
	f.Step(1, 2)              // 0 and 1
	h.Close([]byte(names[0])) // had it
	h.Close([]byte(names[3])) // is closed before
	subscribe(names[3])
	subscribe(names[5])
	for f.Step(1, 2) {
	}
	got := map[string]int{}
	loops[0].drain(1, func(c *client, m *hub.Message, _ bool) {
		if m.Type == hub.Broadcast {
			got[c.name]++
		}
	})
	for i, want := range []int{1, 1, 1, 0, 1, 0} {
		if got[names[i]] != want {
			t.Errorf("channel %d got %d, want %d", i, got[names[i]], want)
		}
	}
}
