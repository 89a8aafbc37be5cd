package hub_test

import (
	"fmt"
	"testing"

	"github.com/icomet/icomet/internal/hub"
)

const benchChannels = 10_000

// benchHub has benchChannels channels, with a subscriber each if need be.
func benchHub(b *testing.B, subscribers bool) (*hub.Hub, [][]byte) {
	h := hub.New(hub.Options{MaxChannels: 1 << 20, MaxSubscribers: 16, HistorySize: 10, ChannelTimeout: 30})
	b.Cleanup(h.Free)
	h.SetSinks([]hub.Sink{ignore{}})
	names := make([][]byte, benchChannels)
	for i := range names {
		names[i] = fmt.Appendf(nil, "a channel's name %d", i)
		r := hub.SubscribeRequest{Name: names[i], Once: !subscribers}
		if _, _, err := h.Subscribe(1, r, nil); err != nil {
			b.Fatal(err)
		}
	}
	return h, names
}

func BenchmarkPublish(b *testing.B) {
	for _, subscribers := range []bool{false, true} {
		b.Run(map[bool]string{false: "nobody", true: "one"}[subscribers], func(b *testing.B) {
			h, names := benchHub(b, subscribers)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := h.Publish(1, names[i%benchChannels], hub.Publication{Payload: hub.Payload{Content: "text"}}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSubscribeLeave(b *testing.B) {
	h, names := benchHub(b, false)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		sub, _, err := h.Subscribe(1, hub.SubscribeRequest{Name: names[i%benchChannels]}, nil)
		if err != nil {
			b.Fatal(err)
		}
		h.Leave(1, sub.ID, 0, true)
	}
}

// BenchmarkCreateClose is a channel's whole life, among others.
func BenchmarkCreateClose(b *testing.B) {
	h, _ := benchHub(b, false)
	b.ReportAllocs()
	var name []byte
	for i := 0; b.Loop(); i++ {
		name = fmt.Append(name[:0], i)
		if _, _, err := h.Subscribe(1, hub.SubscribeRequest{Name: name}, nil); err != nil {
			b.Fatal(err)
		}
		h.Close(name)
	}
}

func BenchmarkBroadcastPerChannel(b *testing.B) {
	h, _ := benchHub(b, true)
	b.ReportAllocs()
	for b.Loop() {
		f := h.Broadcast("text")
		for f.Step(1, 1000) {
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*benchChannels), "ns/channel")
}
