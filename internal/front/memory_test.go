//go:build linux && !race

package front_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/icomet/icomet/internal/icomettest"
)

// What idle subscribers of v1 may cost in user space, their part of half-empty tables included. Raising a figure
// needs a reason in the same change.
const (
	// subscriberBytesMax is for one with a channel of its own, which is included.
	subscriberBytesMax = 320
	// webSocketBytesMax is how much more than a stream of the original a WebSocket may cost.
	webSocketBytesMax = 64
	// secondChannelBytesMax is for one more channel of the same connection, besides what the channel costs by itself,
	// channelBytesMax, which is the hub's budget.
	secondChannelBytesMax = 96
	channelBytesMax       = 110

	memorySubscribers = 100_000
)

// idleBytes measures what each of many idle subscribers costs a server of its own. The request of one begins with
// target, and asks for so many channels of its own.
func idleBytes(t *testing.T, target string, channels int, headers ...string) int64 {
	t.Helper()
	s := icomettest.StartProcess(t, fmt.Sprint("max_connections: ", memorySubscribers),
		fmt.Sprint("max_channels: ", memorySubscribers*channels))
	empty := s.Resident(t)
	crowd, err := icomettest.NewCrowd(s.Front, memorySubscribers, func(n int) []byte {
		own := rand.New(rand.NewPCG(1, uint64(n)))
		request := "GET " + target
		for range channels {
			request += fmt.Sprintf("&cname=%016x%016x", own.Uint64(), own.Uint64())
		}
		return []byte(request + " HTTP/1.1\r\nHost: test\r\n" + strings.Join(append(headers, "\r\n"), "\r\n"))
	})
	if err != nil {
		t.Fatal(err)
	}
	defer crowd.Stop()
	if err := crowd.Open(t.Context(), memorySubscribers); err != nil {
		t.Fatal(err)
	}
	each := (s.Resident(t) - empty) / memorySubscribers
	t.Logf("%s with %d channels: %d bytes each", target, channels, each)
	s.Stop(t)
	return each
}

func TestMemoryOfIdleSubscribersOfV1(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short")
	}
	original := idleBytes(t, "/stream?seq=1", 1)
	events := idleBytes(t, "/sse?v=1", 1)
	socket := idleBytes(t, "/ws?v=1", 1, icomettest.UpgradeHeaders()...)
	two := idleBytes(t, "/ws?v=1", 2, icomettest.UpgradeHeaders()...)
	for name, each := range map[string]int64{"an event stream": events, "a WebSocket": socket} {
		if each > subscriberBytesMax {
			t.Errorf("%s costs %d bytes, at most %d are allowed", name, each, subscriberBytesMax)
		}
	}
	if more := socket - original; more > webSocketBytesMax {
		t.Errorf("a WebSocket costs %d bytes more than a stream of the original, at most %d are allowed", more, webSocketBytesMax)
	}
	if more := two - socket; more > secondChannelBytesMax+channelBytesMax {
		t.Errorf("a second channel costs %d bytes, at most %d and %d for the channel are allowed", more, secondChannelBytesMax, channelBytesMax)
	}
}
