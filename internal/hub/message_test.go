package hub_test

import (
	"sync"
	"testing"

	"github.com/icomet/icomet/internal/hub"
)

func TestFrameIsEncodedOncePerSlot(t *testing.T) {
	m := &hub.Message{Type: hub.Data, Channel: "a", Seq: 1, Payload: hub.Payload{Content: "hi"}}
	encoded := [hub.FrameSlotsMax]int{}
	var got [8][hub.FrameSlotsMax]*byte
	var wait sync.WaitGroup
	for i := range got {
		wait.Go(func() {
			for slot := range hub.FrameSlotsMax {
				frame := m.Frame(slot, func(m *hub.Message) []byte {
					encoded[slot]++
					return append([]byte{byte(slot)}, m.Content...)
				})
				if string(frame) != string(byte(slot))+"hi" {
					t.Errorf("frame %d = %q", slot, frame)
				}
				got[i][slot] = &frame[0]
			}
		})
	}
	wait.Wait()
	for i := range got {
		if got[i] != got[0] {
			t.Errorf("goroutine %d got other bytes than the first", i)
		}
	}
	for slot, times := range encoded {
		if times != 1 {
			t.Errorf("slot %d was encoded %d times", slot, times)
		}
	}
}

func TestTypeNames(t *testing.T) {
	for kind, want := range map[hub.Type]string{
		hub.Data: "data", hub.Broadcast: "broadcast", hub.NextSeq: "next_seq", hub.Noop: "noop",
		hub.Close: "close", hub.TokenError: "401", hub.TooManySubscribers: "429", hub.TooManyChannels: "429",
	} {
		if kind.String() != want {
			t.Errorf("type %d is %q, want %q", kind, kind, want)
		}
	}
}
