package auth

import (
	"crypto/sha256"
	"sync"
	"time"
)

// digest is the SHA-256 of what a verdict is about: verdicts can be looked up, and who reads our memory finds
// no token there.
type digest = [sha256.Size]byte

// cacheShards is a power of two; smaller caches than shardedMin have one shard, so that their bound is exact.
const cacheShards, shardedMin = 16, 1024

// cache keeps verdicts until their time is over, at most so many: a new one takes the place of the oldest. It
// is safe for concurrent use; a lock is held for one lookup. A cache of none is a valid one.
type cache[V any] struct {
	shards []shard[V]
}

type shard[V any] struct {
	mu    sync.Mutex
	index map[digest]uint32
	slots []slot[V] // grows up to its capacity's bound, then is a ring
	max   int
	next  uint32 // the oldest, once there are max
}

type slot[V any] struct {
	key   digest
	until int64 // nanoseconds since 1970
	value V
}

func newCache[V any](max int) *cache[V] {
	n := 1
	if max >= shardedMin {
		n = cacheShards
	}
	c := &cache[V]{shards: make([]shard[V], n)}
	for i := range c.shards {
		c.shards[i] = shard[V]{index: map[digest]uint32{}, max: max / n}
	}
	return c
}

func (c *cache[V]) shard(key *digest) *shard[V] { return &c.shards[int(key[0])&(len(c.shards)-1)] }

// get looks a verdict up.
func (c *cache[V]) get(key *digest, now time.Time) (value V, ok bool) {
	s := c.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.index[*key]
	if !ok || s.slots[i].until <= now.UnixNano() {
		return value, false
	}
	return s.slots[i].value, true
}

// put keeps a verdict until a time.
func (c *cache[V]) put(key *digest, value V, until time.Time) {
	s := c.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.max == 0 {
		return
	}
	i, ok := s.index[*key]
	if !ok {
		i = s.place()
		s.index[*key] = i
	}
	s.slots[i] = slot[V]{key: *key, until: until.UnixNano(), value: value}
}

// place finds a slot for one more verdict.
func (s *shard[V]) place() uint32 {
	if len(s.slots) < s.max {
		s.slots = append(s.slots, slot[V]{})
		return uint32(len(s.slots) - 1)
	}
	i := s.next
	s.next = (i + 1) % uint32(s.max)
	delete(s.index, s.slots[i].key)
	return i
}
