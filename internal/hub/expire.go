package hub

import (
	"math"

	"github.com/icomet/icomet/internal/slab"
)

// A channel without subscribers is freed when its life of T seconds is over. Time has a resolution of
// one second, so it ends at the first Tick that is T + 1 seconds or more after what began it: when
// more than T and at most T + 1 s have passed. With subscribers, life does not run down; weak ones do not
// count, and are sent the end of the channel.

// lifeMax is the longest life in seconds.
const lifeMax = math.MaxInt32

// setLife gives channel n, which has no subscribers, life seconds from now on.
func (s *shard) setLife(now int64, n uint32, life int64) {
	s.channels.At(n).due = now + life + 1
	s.expiry.unfile(n)
	s.expiry.file(n)
}

// prolong raises the remaining life of channel n to the channel timeout. The wheel is not told: it
// finds out when the channel's old time comes, so that a publish touches nothing but its channel.
func (s *shard) prolong(now int64, n uint32) {
	c := s.channels.At(n)
	life := s.hub.options.ChannelTimeout
	if c.subscribers > 0 {
		c.due = max(c.due, life)
		return
	}
	c.due = max(c.due, now+life+1)
}

// pauseLife makes channel n, which is about to get its first subscriber, keep the life it has left.
func (s *shard) pauseLife(now int64, n uint32) {
	s.channels.At(n).due -= now + 1
	s.expiry.unfile(n)
}

// expire frees channels whose life is over, looking at most at so many. It returns at how many it
// has looked: fewer than budget when it is through.
func (s *shard) expire(now int64, budget int) (done int) {
	for done < budget {
		n, ok := s.expiry.take(now)
		if !ok {
			return done
		}
		done++
		if s.channels.At(n).due > now || s.holdsMembers(now, n) {
			s.expiry.file(n)
		} else {
			s.end(n)
		}
	}
	return done
}

const (
	// wheelSlots is how many seconds the wheel spans; a channel with a longer life is looked at, and
	// filed again, every time round. A power of two.
	wheelSlots = 256
	// wheelReady is the list of those whose slot has been reached.
	wheelReady = wheelSlots
	// wheelHead marks a wheelPrev that is not a channel but the list that the channel is first in.
	wheelHead = 1 << 31
)

// wheel files the channels without subscribers of a shard by the second in which they are due: a ring
// of doubly linked lists, whose links are in the records.
//
//	heads[slot] ──► record ──wheelNext──► record ──► 0        links are record number + 1
//	    ▲             │  ◄──wheelPrev──┘
//	    └─wheelHead|slot
//
// A channel whose due time was put off since it was filed is found too early, and filed again.
type wheel struct {
	channels *slab.Array[channel]
	heads    [wheelSlots + 1]uint32
	time     int64 // the last second whose slot was emptied into heads[wheelReady]
}

// file puts channel n, which is in no list and due later than now, where it is due.
func (w *wheel) file(n uint32) {
	c := w.channels.At(n)
	slot := uint32(c.due) % wheelSlots
	c.wheelPrev, c.wheelNext = wheelHead|slot, w.heads[slot]
	w.heads[slot] = n + 1
	w.fixNext(n)
}

// unfile takes channel n out of its list, if it is in one.
func (w *wheel) unfile(n uint32) {
	c := w.channels.At(n)
	if c.wheelPrev == 0 {
		return
	}
	w.setPrevious(c.wheelPrev, c.wheelNext)
	if c.wheelNext != 0 {
		w.channels.At(c.wheelNext - 1).wheelPrev = c.wheelPrev
	}
	c.wheelPrev, c.wheelNext = 0, 0
}

// moved sets right the links to a channel whose number is n now.
func (w *wheel) moved(n uint32) {
	c := w.channels.At(n)
	if c.wheelPrev == 0 {
		return
	}
	w.setPrevious(c.wheelPrev, n+1)
	w.fixNext(n)
}

// setPrevious makes link follow prev, a record or the head of a list.
func (w *wheel) setPrevious(prev, link uint32) {
	if prev&wheelHead != 0 {
		w.heads[prev&^wheelHead] = link
	} else {
		w.channels.At(prev - 1).wheelNext = link
	}
}

// fixNext makes the channel after n point back at it.
func (w *wheel) fixNext(n uint32) {
	if next := w.channels.At(n).wheelNext; next != 0 {
		w.channels.At(next - 1).wheelPrev = n + 1
	}
}

// take takes out a channel whose slot has come by now.
func (w *wheel) take(now int64) (n uint32, ok bool) {
	w.turn(now)
	if w.heads[wheelReady] == 0 {
		return 0, false
	}
	n = w.heads[wheelReady] - 1
	w.unfile(n)
	return n, true
}

// turn goes on until there are ready channels or the time is reached. After a long pause each slot
// is visited once.
func (w *wheel) turn(now int64) {
	w.time = max(w.time, now-wheelSlots)
	for w.heads[wheelReady] == 0 && w.time < now {
		w.time++
		w.ready(uint32(w.time) % wheelSlots)
	}
}

// ready makes the list of a slot the ready list, which is empty.
func (w *wheel) ready(slot uint32) {
	first := w.heads[slot]
	if first == 0 {
		return
	}
	w.heads[slot], w.heads[wheelReady] = 0, first
	w.channels.At(first - 1).wheelPrev = wheelHead | wheelReady
}
