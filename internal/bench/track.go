package bench

import "sync/atomic"

// track is what a subscriber has seen of its channel.
type track struct {
	last uint32 // highest serial seen
	seen uint32 // bit i: serial last-i has been seen
}

// sight is what a message is to a subscriber.
type sight uint8

const (
	sightNext    sight = iota // the one that was due
	sightGap                  // some before it are missing
	sightLate                 // it had been counted as missing
	sightDoubled              // it has been seen before
)

// trackWindow is how far back a late message is told from a doubled one. Older ones count as doubled.
const trackWindow = 32

// see takes the message with that serial. missing is how many serials were skipped with it.
func (t *track) see(serial uint32) (s sight, missing uint32) {
	if serial > t.last {
		step := serial - t.last
		t.seen = t.seen<<min(step, trackWindow) | 1
		t.last = serial
		if step == 1 {
			return sightNext, 0
		}
		return sightGap, step - 1
	}
	back := t.last - serial
	if back >= trackWindow || t.seen>>back&1 == 1 {
		return sightDoubled, 0
	}
	t.seen |= 1 << back
	return sightLate, 0
}

// counts are the figures of one loop, written by it and read by anybody.
type counts struct {
	standing  atomic.Int64  // subscribers that are subscribed now
	settled   atomic.Uint64 // orders to open that led to a subscriber
	unneeded  atomic.Uint64 // orders to open that found nobody left
	connected atomic.Uint64 // connections made
	failed    atomic.Uint64 // subscriptions that did not come about
	dropped   atomic.Uint64 // subscriptions that the server broke
	refused   atomic.Uint64 // subscriptions that the server refused
	malformed atomic.Uint64 // answers and messages that break the protocol
	damaged   atomic.Uint64 // messages with changed content
	delivered atomic.Uint64 // messages of ours received, doubled ones too
	noops     atomic.Uint64
	lost      atomic.Int64
	doubled   atomic.Uint64
	reordered atomic.Uint64

	published     atomic.Uint64 // publishes that were answered
	publishFailed atomic.Uint64
	publishing    atomic.Int64  // publishes without an answer yet
	skipped       atomic.Uint64 // publishes that were due and did not find a free connection in time
}

// Tally are the sums over all loops of a [Crowd].
type Tally struct {
	Standing      int64
	Connected     uint64
	Failed        uint64
	Dropped       uint64
	Refused       uint64
	Malformed     uint64
	Damaged       uint64
	Delivered     uint64
	Noops         uint64
	Lost          int64
	Doubled       uint64
	Reordered     uint64
	Published     uint64
	PublishFailed uint64
	Skipped       uint64

	settled, unneeded uint64
	publishing        int64
}

// Clean tells whether every subscriber has got everything, once and in order, and no connection broke.
func (t *Tally) Clean() bool {
	return t.Lost == 0 && t.Doubled == 0 && t.Reordered == 0 && t.Damaged == 0 && t.Malformed == 0 &&
		t.Dropped == 0 && t.Failed == 0 && t.Refused == 0 && t.PublishFailed == 0
}

func (t *Tally) add(c *counts) {
	t.Standing += c.standing.Load()
	t.Connected += c.connected.Load()
	t.Failed += c.failed.Load()
	t.Dropped += c.dropped.Load()
	t.Refused += c.refused.Load()
	t.Malformed += c.malformed.Load()
	t.Damaged += c.damaged.Load()
	t.Delivered += c.delivered.Load()
	t.Noops += c.noops.Load()
	t.Lost += c.lost.Load()
	t.Doubled += c.doubled.Load()
	t.Reordered += c.reordered.Load()
	t.Published += c.published.Load()
	t.PublishFailed += c.publishFailed.Load()
	t.Skipped += c.skipped.Load()
	t.settled += c.settled.Load()
	t.unneeded += c.unneeded.Load()
	t.publishing += c.publishing.Load()
}
