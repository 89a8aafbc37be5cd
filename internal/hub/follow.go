package hub

import (
	"slices"
	"sync"
	"sync/atomic"
)

// follows are the beginnings of names whose new channels sinks want to hear of. mu is taken with a shard
// locked, never the other way round.
type follows struct {
	prefixes atomic.Int64 // how many; where it is 0 nobody has to look

	mu    sync.RWMutex
	sinks Prefixes[[]uint16] // guarded by mu; the values are replaced, never changed
}

// Follow lets a sink hear of every channel that comes into being from now on and has a name that begins with
// prefix. A Scan that begins after Follow has returned finds all that have been before. Following twice is
// like following once.
func (h *Hub) Follow(sink int, prefix string) {
	_ = h.sinks[sink]
	f := &h.follows
	f.mu.Lock()
	defer f.mu.Unlock()
	sinks, _ := f.sinks.Get(prefix)
	if !slices.Contains(sinks, uint16(sink)) {
		f.sinks.Set(prefix, append(slices.Clone(sinks), uint16(sink)))
	}
	f.prefixes.Store(int64(f.sinks.Len()))
}

// Unfollow ends Follow. What was on its way still comes.
func (h *Hub) Unfollow(sink int, prefix string) {
	f := &h.follows
	f.mu.Lock()
	defer f.mu.Unlock()
	sinks, _ := f.sinks.Get(prefix)
	if rest := slices.DeleteFunc(slices.Clone(sinks), func(s uint16) bool { return int(s) == sink }); len(rest) > 0 {
		f.sinks.Set(prefix, rest)
	} else {
		f.sinks.Delete(prefix)
	}
	f.prefixes.Store(int64(f.sinks.Len()))
}

// tellFollowers tells each sink that follows the name of the new channel c, once.
func (s *shard) tellFollowers(c *channel, name []byte) {
	f := &s.hub.follows
	if f.prefixes.Load() == 0 {
		return
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	s.told = s.told[:0]
	for _, sinks := range f.sinks.Of(name) {
		for _, sink := range sinks {
			if !slices.Contains(s.told, sink) {
				s.told = append(s.told, sink)
				s.hub.sinks[sink].Created(c.id(), s.nameOf(c))
			}
		}
	}
}
