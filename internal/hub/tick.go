package hub

import "sync"

// ticking is where Tick goes on.
type ticking struct {
	mu    sync.Mutex
	shard int   // the next to be looked after, also by the next Tick
	swept int64 // number of the last sweep that was begun, see beginSweeps
}

// Tick frees channels whose life is over, lets members leave, and repeats presence to watchers. It is to be called every
// second. It looks at not many more channels and members than budget, no lock is held for more than a part
// of that, and it tells whether there may be more to do, in which case it should be called again soon:
//
//	for h.Tick(now(), 10_000) {
//		// let others go ahead
//	}
func (h *Hub) Tick(now int64, budget int) (more bool) {
	t := &h.ticking
	t.mu.Lock()
	defer t.mu.Unlock()
	h.beginSweeps(now)
	for idle := 0; idle < shards; { // until all in a row have nothing to do
		done := h.shards[t.shard].tick(now, holdMax)
		t.shard = (t.shard + 1) % shards // also when there is more, so that all get their turn
		if done == 0 {
			idle++
			continue
		}
		idle = 0
		if budget -= done; budget <= 0 {
			return true
		}
	}
	return false
}

// tick does a part of the shard's work and returns how many channels and members it looked at: none when it is
// through.
func (s *shard) tick(now int64, budget int) (done int) {
	now = s.lock(now)
	defer s.mu.Unlock()
	done = s.endGraces(now, budget)
	done += s.expire(now, budget-done)
	done += s.repeat(budget - done)
	if done == 0 {
		s.channels.Trim()
		s.keys.expire(now)
	}
	return done
}

// beginSweeps begins to repeat the presence of the channels of those shards whose turn has come.
//
// The shards take turns evenly over the channel timeout, and each is announced as a whole: the time
// between two announcements of a channel is one timeout, wherever its record has moved meanwhile.
func (h *Hub) beginSweeps(now int64) {
	t := &h.ticking
	current := now * shards / h.options.ChannelTimeout
	for t.swept = max(t.swept, current-shards); t.swept < current; t.swept++ {
		h.shards[t.swept%shards].beginSweep()
	}
}
