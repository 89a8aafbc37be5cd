package admin_test

import (
	"net/netip"
	"slices"
	"sync"
	"testing"

	"github.com/icomet/icomet/internal/admin"
	"github.com/icomet/icomet/internal/http1"
	"github.com/icomet/icomet/internal/httploop"
	"github.com/icomet/icomet/internal/hub"
	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/reactor"
)

// house is a private door on one loop, and a hub whose only sink is the test.
type house struct {
	t     *testing.T
	addr  netip.AddrPort
	group *reactor.Group
	hub   *hub.Hub
	door  *admin.Door

	mu         sync.Mutex
	delivered  []*hub.Message              // guarded by mu
	onDeliver  func(n int, m *hub.Message) // guarded by mu; called on the loop with each delivery, from number 1
	overloaded int                         // guarded by mu; how often the sink is asked until it is overloaded
}

// newHouse starts a door whose clients may have so many bytes of output waiting.
func newHouse(t *testing.T, outputBytesMax int) *house {
	t.Helper()
	h := &house{t: t, onDeliver: func(int, *hub.Message) {}}
	h.hub = hub.New(hub.Options{MaxChannels: 100_000, MaxSubscribers: 10, HistorySize: 10, ChannelTimeout: 60})
	h.hub.SetSinks([]hub.Sink{h})
	limits := http1.DefaultLimits()
	bridges := &httploop.Bridges{Max: 1}
	var err error
	h.group, err = reactor.New(reactor.Options{
		Loops: 1, ConnsMax: 100, SendTimeout: patience,
		Timeouts: httploop.Timeouts{Idle: patience, Head: patience, Body: patience}.Classes(),
		Doors: []reactor.Door{{
			Name: "admin", Listen: []netip.AddrPort{netip.AddrPortFrom(netip.MustParseAddr(icomettest.Host()), 0)}, WantPeer: true,
			NewHandler: func(l *reactor.Loop) reactor.Handler {
				handler := httploop.New(l, 0, &limits, bridges)
				h.door = admin.New(l, 0, handler, admin.Options{
					Hub: h.hub, Allowed: func(netip.Addr) bool { return true }, Log: func(string) {},
				})
				handler.Start(h.door)
				return handler
			},
			InputBytesMax: httploop.InputBytesMax(&limits), OutputBytesMax: outputBytesMax,
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.group.Stop(); bridges.Wait(); h.hub.Free() })
	h.addr = h.group.Addrs(0)[0]
	return h
}

func (h *house) dial() *icomettest.Client { h.t.Helper(); return icomettest.Dial(h.t, h.addr) }

// subscribe lets the test be a subscriber of a channel.
func (h *house) subscribe(channel string) {
	h.t.Helper()
	if _, _, err := h.hub.Subscribe(0, hub.SubscribeRequest{Name: []byte(channel)}, nil); err != nil {
		h.t.Fatal(err)
	}
}

// onEach lets f be called on the loop with each delivery, from number 1.
func (h *house) onEach(f func(n int, m *hub.Message)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.onDeliver = f
}

// messages are what the subscribers have got.
func (h *house) messages() []*hub.Message {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.delivered)
}

// Created implements hub.Sink. Nobody follows here.
func (h *house) Created(hub.ChannelID, string) {}

// Deliver implements hub.Sink.
func (h *house) Deliver(_ hub.ChannelID, m *hub.Message) {
	m.Done()
	h.mu.Lock()
	h.delivered = append(h.delivered, m)
	n, f := len(h.delivered), h.onDeliver
	h.mu.Unlock()
	f(n, m)
}

// overloadAt lets the sink be overloaded when it is asked for the nth time.
func (h *house) overloadAt(n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.overloaded = n
}

// Overloaded implements hub.Sink.
func (h *house) Overloaded() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.overloaded--
	return h.overloaded == 0
}

// checkTurns checks that a batch of n publications or refused items took a turn of the loop for each step.
func (h *house) checkTurns(before uint64, n int) {
	h.t.Helper()
	const step = 256
	if turns := h.group.Stats().Turns - before; turns < uint64(n/step) {
		h.t.Errorf("%d messages took %d turns of the loop, want one for each %d", n, turns, step)
	}
}
