package server

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// tickBudget bounds how many channels the hub looks at in one go; the housekeeper pauses between.
	tickBudget = 4096
	// freeBytesMin is how much memory the Go heap may hold for nothing before it is given back, whether
	// anybody has left or not.
	freeBytesMin = 8 << 20
	// leftMin and leftShare tell that a crowd has left: so many connections fewer than at the peak,
	// and one in so many of them.
	leftMin, leftShare = 1000, 4
	// freeInterval is the shortest time between two times that memory is given back by force, which
	// costs a garbage collection.
	freeInterval = 20 * time.Second
)

// keepHouse lets the hub's time pass and gives memory back, until ctx ends.
func (s *Server) keepHouse(ctx context.Context) {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	var freed time.Time
	var peak int64
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-second.C:
			for s.hub.Tick(s.seconds(), tickBudget) && ctx.Err() == nil {
			}
			for _, d := range s.fronts {
				d.Expire()
			}
			conns := s.group.Stats().Conns
			peak = max(peak, conns)
			left := peak-conns >= max(leftMin, peak/leftShare)
			if now.Sub(freed) > freeInterval && (left || idleHeap() > freeBytesMin) {
				freed, peak = now, conns
				debug.FreeOSMemory()
			}
		}
	}
}

// idleHeap is the memory that the Go heap holds without need: what it will collect in the next cycle
// is not known, but what lies free is.
func idleHeap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/free:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
