//go:build !race

package ws

import "testing"

// The pools keep compressors and decompressors only without the race detector, which drops things at random.
func TestCompressionAllocatesNothing(t *testing.T) {
	payload, out := benchmarkMessage(4<<10), make([]byte, 0, 8<<10)
	o := Options{MessageBytesMax: 4 << 10, Deflate: true, Client: true}
	var r Reader
	allocs := testing.AllocsPerRun(100, func() {
		out = AppendTextDeflated(out[:0], payload)
		if _, e, err := r.Next(out, o); err != nil || len(e.Payload) != len(payload) {
			t.Fatal(e.Kind, err)
		}
	})
	if allocs > allocsPerFrameMax {
		t.Errorf("%v allocations", allocs)
	}
}
