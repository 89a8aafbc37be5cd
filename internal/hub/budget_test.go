//go:build linux && !race

package hub_test

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/icomet/icomet/internal/hub"
)

const (
	// idleChannelBytesMax is what a channel with one subscriber and no message may cost, its part of
	// the index and of half-empty memory included.
	idleChannelBytesMax = 110
	// oneMessageBytesMax is the same for a channel that has had one short message, of a common text. A kept
	// message takes 32 bytes: its text by reference, when and in which form it was published.
	oneMessageBytesMax = 224
	// oneMemberBytesMax is the same for a channel with one member of a short client ID, and info of the same
	// text as others. Info of its own costs its length, and the garbage collector as much again.
	oneMemberBytesMax = 480
	// goneMemberBytesMax is what may be left when a channel has a member no more: holes in the heap.
	goneMemberBytesMax = 60

	budgetChannels = 200_000
)

// residentBytes is what the process has of real memory.
func residentBytes(t *testing.T) int {
	t.Helper()
	runtime.GC()
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	var total, resident int
	if _, err := fmt.Sscan(string(text), &total, &resident); err != nil {
		t.Fatal(err)
	}
	return resident * os.Getpagesize()
}

// randomName is like those of a real server: 32 hexadecimal digits.
func randomName(r *rand.Rand, name []byte) []byte {
	var raw [16]byte
	for i := range raw {
		raw[i] = byte(r.Uint32())
	}
	return hex.AppendEncode(name[:0], raw[:])
}

// idleHub has budgetChannels channels with one subscriber each, whose IDs it returns.
func idleHub(t testing.TB, history int) (*hub.Hub, []hub.ChannelID) {
	h := hub.New(hub.Options{
		MaxChannels: budgetChannels, MaxSubscribers: 16, HistorySize: history, ChannelTimeout: 30,
		MembersMax: 10,
	})
	t.Cleanup(h.Free)
	h.SetSinks([]hub.Sink{ignore{}})
	ids := make([]hub.ChannelID, budgetChannels)
	r := rand.New(rand.NewPCG(3, 4))
	var name []byte
	for i := range ids {
		name = randomName(r, name)
		sub, _, err := h.Subscribe(1, hub.SubscribeRequest{Name: name}, nil)
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = sub.ID
	}
	return h, ids
}

func TestMemoryOfIdleChannels(t *testing.T) {
	const slack = 8 * budgetChannels // the IDs
	before := residentBytes(t)
	h, ids := idleHub(t, 10)
	idle := float64(residentBytes(t)-before-slack) / budgetChannels
	f := h.Broadcast("hello")
	for f.Step(1, 1000) {
		<-f.Drained()
	}
	used := float64(residentBytes(t)-before-slack) / budgetChannels
	t.Logf("%.0f bytes for an idle channel, %.0f with one message", idle, used)
	if idle > idleChannelBytesMax {
		t.Errorf("an idle channel takes %.0f bytes, more than %d", idle, idleChannelBytesMax)
	}
	if used > oneMessageBytesMax {
		t.Errorf("a channel with a message takes %.0f bytes, more than %d", used, oneMessageBytesMax)
	}
	checkMemoryComesBack(t, h, ids, before+slack)
}

// checkMemoryComesBack lets nine of ten subscribers leave and their channels expire, then the rest.
func checkMemoryComesBack(t *testing.T, h *hub.Hub, ids []hub.ChannelID, empty int) {
	t.Helper()
	full := residentBytes(t) - empty
	leave := func(now int64, ids []hub.ChannelID) int {
		for _, id := range ids {
			h.Leave(now, id, 0, true)
		}
		for h.Tick(now+31, 10_000) {
		}
		return residentBytes(t) - empty
	}
	some := leave(100, ids[:len(ids)*9/10])
	none := leave(200, ids[len(ids)*9/10:])
	t.Logf("resident: %d KB full, %d KB with a tenth left, %d KB empty", full>>10, some>>10, none>>10)
	if channels, subscribers := h.Info(); channels != 0 || subscribers != 0 {
		t.Fatalf("%d channels and %d subscribers are left", channels, subscribers)
	}
	if some > full/4 {
		t.Errorf("%d of %d bytes are resident with a tenth of the channels", some, full)
	}
	if none > full/10 {
		t.Errorf("%d of %d bytes are resident without channels", none, full)
	}
	if err := h.Check(); err != nil {
		t.Error(err)
	}
	const indexFloor = 64 * 4096
	if mapped := h.MappedBytes(); mapped > indexFloor {
		t.Errorf("%d bytes are mapped without channels", mapped)
	}
	runtime.KeepAlive(ids)
}

func TestPublishWithoutSubscriberDoesNotAllocate(t *testing.T) {
	h, _ := newHub(t, hub.Options{MaxChannels: 1, HistorySize: 10}, 1)
	name := []byte("a")
	publish := func() {
		if _, err := h.Publish(1, name, hub.Publication{Payload: hub.Payload{Content: "text"}}); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 {
		publish()
	}
	if n := testing.AllocsPerRun(1000, publish); n != 0 {
		t.Errorf("%v allocations for a publish", n)
	}
}

func TestSubscribeAndLeaveDoNotAllocate(t *testing.T) {
	h, _ := newHub(t, hub.Options{MaxChannels: 1, MaxSubscribers: 1}, 1)
	name := []byte("a")
	visit := func() {
		sub, _, err := h.Subscribe(1, hub.SubscribeRequest{Name: name}, nil)
		if err != nil {
			t.Fatal(err)
		}
		h.Leave(1, sub.ID, 0, true)
	}
	visit()
	if n := testing.AllocsPerRun(1000, visit); n != 0 {
		t.Errorf("%v allocations for a subscription", n)
	}
}

// TestMemoryOfMembers also looks at what is left when all have gone.
func TestMemoryOfMembers(t *testing.T) {
	before := residentBytes(t)
	h, ids := idleHub(t, 10)
	idle := residentBytes(t)
	clients := make([]string, len(ids))
	for i, id := range ids {
		clients[i] = fmt.Sprintf("client-%d", i)
		h.Join(1, id, hub.Member{Client: clients[i], Info: `{"name":"Ann"}`})
	}
	const slack = (16 + 16) * budgetChannels // clients, which are not counted twice
	each := float64(residentBytes(t)-before-slack) / budgetChannels
	t.Logf("%.0f bytes for a channel with a subscriber and a member", each)
	if each > oneMemberBytesMax {
		t.Errorf("a channel with a member takes %.0f bytes, more than %d", each, oneMemberBytesMax)
	}
	for i, id := range ids {
		h.Part(1, id, clients[i])
	}
	for h.Tick(2, 10_000) {
	}
	if left := h.MemberTotal(); left != 0 {
		t.Fatalf("%d members are left", left)
	}
	rest := float64(residentBytes(t)-idle-slack) / budgetChannels
	t.Logf("%.0f bytes are left of a member that has gone", rest)
	if rest > goneMemberBytesMax {
		t.Errorf("%.0f bytes are left of a member, more than %d", rest, goneMemberBytesMax)
	}
	runtime.KeepAlive(ids)
	runtime.KeepAlive(clients)
}
