package hub

import (
	"slices"
	"sync"
	"sync/atomic"
)

// WatchersMax is how many can watch presence at a time.
const WatchersMax = 1024

// Watcher hears which channels exist.
type Watcher interface {
	// Presence tells that a channel has come into being, or still exists (online), or is gone. It is
	// called with a shard locked: it must not block and must not call the hub.
	//
	// A watcher hears the events of one channel in their order. What exists is repeated once in every
	// channel timeout, so a watcher that knows nothing at first knows everything after that time.
	Presence(online bool, channel string)
}

// watchers is a set that is replaced, never changed, so that an event reads it without a lock.
type watchers struct {
	mu  sync.Mutex // held to replace the set
	set atomic.Pointer[[]Watcher]
}

func (w *watchers) load() []Watcher {
	if set := w.set.Load(); set != nil {
		return *set
	}
	return nil
}

// Watch makes w, which must be comparable, hear every event from now on. It returns ErrTooManyWatchers
// when there are WatchersMax.
func (h *Hub) Watch(w Watcher) error {
	h.watchers.mu.Lock()
	defer h.watchers.mu.Unlock()
	old := h.watchers.load()
	if len(old) >= WatchersMax {
		return ErrTooManyWatchers
	}
	set := append(slices.Clone(old), w)
	h.watchers.set.Store(&set)
	return nil
}

// Unwatch ends Watch. After it has returned, w is not called any more.
func (h *Hub) Unwatch(w Watcher) {
	h.watchers.mu.Lock()
	defer h.watchers.mu.Unlock()
	old := h.watchers.load()
	i := slices.Index(old, w)
	if i < 0 {
		return
	}
	set := slices.Delete(slices.Clone(old), i, i+1)
	h.watchers.set.Store(&set)
	for i := range h.shards {
		h.shards[i].passBy()
	}
}

// passBy waits until whatever holds the shard's lock has let it go.
func (s *shard) passBy() {
	s.mu.Lock()
	defer s.mu.Unlock()
}

// announce tells all watchers about channel c.
func (s *shard) announce(online bool, c *channel) {
	set := s.hub.watchers.load()
	if len(set) == 0 {
		return
	}
	name := s.nameOf(c)
	for _, w := range set {
		w.Presence(online, name)
	}
}

// beginSweep makes all channels of the shard be announced again. If those of the last period are not
// through yet, they go on instead.
func (s *shard) beginSweep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sweep == 0 && len(s.hub.watchers.load()) > 0 {
		s.sweep = uint32(s.channels.Len())
	}
}

// repeat announces channels of the sweep, at most so many, and returns how many it did.
//
// It goes from the last record to the first, with the lock released in between. When a record is
// removed, the last one takes its place; that was announced already or is still below the mark, so
// none is left out, though one may be announced twice.
func (s *shard) repeat(budget int) (done int) {
	s.sweep = min(s.sweep, uint32(s.channels.Len()))
	for s.sweep > 0 && done < budget {
		s.sweep--
		s.announce(true, s.channels.At(s.sweep))
		done++
	}
	return done
}
