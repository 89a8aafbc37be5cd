package hub

import (
	"sync"

	"github.com/icomet/icomet/internal/slab"
)

// shard is a part of the channels with a lock of its own.
type shard struct {
	// Set before use, never changed.
	hub *Hub

	// Guarded by mu.
	mu          sync.Mutex
	now         int64 // the latest time that the shard was told
	channels    *slab.Array[channel]
	index       slab.Index
	extras      []*extra
	expiry      wheel
	keys        keys
	leaving     leaving
	births      uint32 // creations so far
	subscribers int
	members     int      // listed ones
	sweep       uint32   // channels below this number are still to be announced in this period
	told        []uint16 // while followers are told
}

func (s *shard) init(h *Hub) {
	s.hub = h
	s.channels = slab.NewArray[channel]()
	s.expiry.channels = s.channels
}

func (s *shard) free() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channels.Free()
	s.index.Free()
	s.extras, s.leaving = nil, leaving{}
}

// lock locks the shard at a time, and returns that time, or a later one that the shard was told before:
// loops may be a little behind each other, but a channel's life must not be counted from the future.
func (s *shard) lock(now int64) int64 {
	s.mu.Lock()
	s.now = max(s.now, now)
	return s.now
}

func (s *shard) countSubscribers() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.subscribers
}

func (s *shard) hashOf(n uint32) uint32 { return s.channels.At(n).hash }

// find returns the number of the channel with this name.
func (s *shard) find(hash uint32, name []byte) (uint32, bool) {
	return s.index.Find(hash, func(n uint32) bool {
		c := s.channels.At(n)
		return c.hash == hash && s.isNamed(c, name)
	})
}

// findID returns the number of the channel in the life that id names.
func (s *shard) findID(id ChannelID) (uint32, bool) {
	return s.index.Find(id.hash(), func(n uint32) bool {
		c := s.channels.At(n)
		return c.hash == id.hash() && c.birth == id.birth()
	})
}

// findOrCreate returns the number of the channel with this name, which it creates if need be.
func (s *shard) findOrCreate(now int64, hash uint32, name []byte) (uint32, error) {
	if n, ok := s.find(hash, name); ok {
		return n, nil
	}
	return s.create(now, hash, name)
}

// create makes a channel that is known not to exist, with a full life ahead.
func (s *shard) create(now int64, hash uint32, name []byte) (uint32, error) {
	if err := s.hub.CheckName(name); err != nil {
		return 0, err
	}
	if !s.hub.reserve() {
		return 0, ErrTooManyChannels
	}
	n := s.channels.Append()
	c := s.channels.At(n)
	c.hash, c.birth = hash, s.nextBirth()
	c.next = s.hub.options.FirstSeq
	s.setName(n, name)
	s.index.Insert(hash, n, s.hashOf)
	s.setLife(now, n, s.hub.options.ChannelTimeout)
	s.announce(true, c)
	s.tellFollowers(c, name)
	return n, nil
}

// nextBirth numbers the creations of the shard and leaves 0 out, so that no ChannelID is 0.
func (s *shard) nextBirth() uint32 {
	s.births++
	if s.births == 0 {
		s.births = 1
	}
	return s.births
}

// end sends the subscribers of channel n, if there are any, the end of it, and removes it.
func (s *shard) end(n uint32) {
	c := s.channels.At(n)
	if c.sink != 0 {
		s.deliver(c, &Message{Type: Close, Channel: s.nameOf(c), Seq: c.next, Epoch: s.hub.Epoch(c.id())})
	}
	s.remove(n)
}

// remove forgets channel n and sets right what refers to the record that moves into its place.
func (s *shard) remove(n uint32) {
	c := s.channels.At(n)
	s.announce(false, c)
	s.closeMembers(c)
	if c.subscribers > 0 {
		s.hear(ChannelVacated, c, Member{})
	}
	s.subscribers -= s.audience(c)
	s.hub.channels.Add(-1)
	s.expiry.unfile(n)
	s.dropExtra(c)
	s.index.Delete(c.hash, n, s.hashOf)
	if s.channels.Remove(n) {
		s.moved(uint32(s.channels.Len()), n)
	}
}

// moved sets right what refers to the channel that was old and is now n.
func (s *shard) moved(old, n uint32) {
	c := s.channels.At(n)
	s.index.Replace(c.hash, old, n)
	s.expiry.moved(n)
	if e := s.extraOf(c); e != nil {
		e.owner = n
	}
}
