package hub

import (
	"hash/maphash"
	"math"
	"sync/atomic"
)

// Bounds of the hub that are not options.
const (
	// NameBytesMax is the longest name of a channel. A name is any bytes otherwise, also none at all.
	NameBytesMax = 1024
	// SinksMax is how many loops there can be.
	SinksMax = 4096

	shardBits = 6
	shards    = 1 << shardBits
	// holdMax is how many channels are worked on before a shard's lock is released, where many wait.
	holdMax = 128
)

// Options are the limits of a hub. They are fixed when it is made.
type Options struct {
	// MaxChannels is how many channels may exist; with 0 none can be created.
	MaxChannels int
	// MaxSubscribers is how many subscribers a channel may have; with 0 nobody can subscribe.
	MaxSubscribers int
	// HistorySize is how many messages a channel keeps at least, once it had as many. It keeps fewer
	// than one and a half times as many. With 0 there is no history.
	HistorySize int
	// ChannelTimeout is the life in seconds of a channel without subscribers, at least 1.
	ChannelTimeout int64
	// MembersMax is how many members of a channel are listed; further ones are only counted.
	MembersMax int
	// MemberGrace is for how many seconds a member without a connection is still there, at least 0.
	MemberGrace int64
	// FirstSeq is the number of a channel's first message; 0 stands for 1.
	FirstSeq int64
}

func (o Options) normal() Options {
	o.MaxSubscribers = min(max(o.MaxSubscribers, 0), math.MaxInt32)
	o.HistorySize = max(o.HistorySize, 0)
	o.ChannelTimeout = min(max(o.ChannelTimeout, 1), lifeMax)
	o.MemberGrace = min(max(o.MemberGrace, 0), lifeMax)
	if o.FirstSeq == 0 {
		o.FirstSeq = 1
	}
	return o
}

// Hub holds all channels. Its methods are safe for concurrent use unless they say otherwise, and
// never block but for the short lock of a shard.
//
// Every now is the time in whole seconds of one monotonic clock that starts at 0 or above. Callers may
// be a little behind each other.
type Hub struct {
	// Set before use, never changed.
	options   Options
	seed      maphash.Seed
	epochSeed uint64
	sinks     []Sink
	listener  Listener // nil for none

	channels atomic.Int64 // reserved by CAS, so that it never passes MaxChannels
	watchers watchers
	follows  follows
	ticking  ticking
	shards   [shards]shard
}

// New returns an empty hub. SetSinks must be called before the first subscription.
func New(o Options) *Hub {
	h := &Hub{options: o.normal(), seed: maphash.MakeSeed(), epochSeed: newEpochSeed()}
	for i := range h.shards {
		h.shards[i].init(h)
	}
	return h
}

// SetSinks names the loops: SubscribeRequest.Sink is a position in sinks. It must be called once and
// before the first subscription. It panics if there are more than SinksMax.
func (h *Hub) SetSinks(sinks []Sink) {
	if len(sinks) > SinksMax {
		panic("hub: more than SinksMax sinks")
	}
	h.sinks = sinks
}

// Free gives the memory outside of the Go heap back, without events. It is for a server that stops
// while its process goes on; the hub must not be used afterwards.
func (h *Hub) Free() {
	for i := range h.shards {
		h.shards[i].free()
	}
}

// CheckName returns ErrName for a name that no channel can have.
func (h *Hub) CheckName(name []byte) error {
	if len(name) > NameBytesMax {
		return ErrName
	}
	return nil
}

// Info counts the channels that exist, with subscribers or without, and all subscribers.
func (h *Hub) Info() (channels, subscribers int) {
	for i := range h.shards {
		subscribers += h.shards[i].countSubscribers()
	}
	return int(h.channels.Load()), subscribers
}

// Subscribers counts the subscribers of a channel; an unknown one has none. The channel's life is
// not touched.
func (h *Hub) Subscribers(name []byte) int {
	s, hash := h.locate(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if n, ok := s.find(hash, name); ok {
		return s.audience(s.channels.At(n))
	}
	return 0
}

// ID is the ID of a channel's present life; ok is false if there is no such channel. The channel's life is
// not touched.
func (h *Hub) ID(name []byte) (id ChannelID, ok bool) {
	s, hash := h.locate(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	n, ok := s.find(hash, name)
	if !ok {
		return 0, false
	}
	return s.channels.At(n).id(), true
}

// Exists tells whether there is such a channel. The channel's life is not touched.
func (h *Hub) Exists(name []byte) bool {
	_, ok := h.ID(name)
	return ok
}

// locate hashes a name. The upper bits of the hash choose the shard, the lower ones a slot of its
// index.
func (h *Hub) locate(name []byte) (*shard, uint32) {
	hash := uint32(maphash.Bytes(h.seed, name))
	return h.shardOf(hash), hash
}

func (h *Hub) shardOf(hash uint32) *shard { return &h.shards[hash>>(32-shardBits)] }

// full tells whether no channel can be created now.
func (h *Hub) full() bool { return h.channels.Load() >= int64(h.options.MaxChannels) }

// reserve counts one more channel, unless there are as many as may be.
func (h *Hub) reserve() bool {
	for {
		n := h.channels.Load()
		if n >= int64(h.options.MaxChannels) {
			return false
		}
		if h.channels.CompareAndSwap(n, n+1) {
			return true
		}
	}
}
