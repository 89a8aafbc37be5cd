package reliability

import (
	"testing"
	"time"

	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/server"
)

// check publishes for a while, in rounds of random size, until something is late. It goes on for longer if there has
// been too little of what is to be checked.
func (c *checker) check(t *testing.T, seed uint64, limit time.Duration, most int, enough func() bool) {
	t.Helper()
	sizes := newRandom(seed, -1)
	begun := time.Now()
	for c.ledger.found(late) == 0 {
		if d := time.Since(begun); d > limit && enough() || d > limit+patience {
			break
		}
		if err := c.round(most/2+sizes.IntN(most/2), catchUpLimit); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%v", time.Since(begun).Round(time.Millisecond))
	c.ledger.report(t)
	if !enough() {
		t.Error("what is to be checked has not happened")
	}
}

// patience is how long a check waits for what is to be checked.
const patience = 30 * time.Second

// startServerOfV1 is startServer, where a subscriber may have so much waiting.
func startServerOfV1(t *testing.T, historySize, outputBytes int) *icomettest.Server {
	return icomettest.Start(t, func(o *server.Options) {
		f := &o.Config.Front
		f.ChannelBufferSize, f.OutputBytes = historySize, outputBytes
		f.PollingTimeout = 15 * time.Second
		f.ChannelTimeout = time.Hour
		f.Publish = []string{"*"}
	})
}

const outputBytesDefault = 256 << 10

// Clients of v1 and of the original are on the same channels.
func TestNoMessageOfV1IsLostDoubledOrReordered(t *testing.T) {
	seed := newSeed(t)
	s := startServerOfV1(t, allInReach, outputBytesDefault)
	c := newChecker(plan{
		seed: seed, channels: 20, subscribers: 30, followers: 120, channelsEach: 8, historySize: allInReach,
		front: s.Front, admin: s.Admin,
	})
	c.start(t)
	c.check(t, seed, *v1Flag, 1000, func() bool { return true })
}

// Every loss is announced, with the numbers that are really lost.
func TestLossesOfV1BeyondTheHistoryAreAnnounced(t *testing.T) {
	const historySize = 10
	seed := newSeed(t)
	s := startServerOfV1(t, historySize, outputBytesDefault)
	c := newChecker(plan{
		seed: seed, channels: 4, subscribers: 20, followers: 80, channelsEach: 4, historySize: historySize,
		front: s.Front, admin: s.Admin,
	})
	c.start(t)
	c.check(t, seed, *v1Flag/2, 1000, func() bool { return c.ledger.gaps.Load() > 0 })
}

// A browser cannot go on where it was in so many channels, and is told so.
func TestEventStreamsOfTooManyChannelsBeginAgain(t *testing.T) {
	const historySize = 10
	seed := newSeed(t)
	s := startServerOfV1(t, historySize, outputBytesDefault)
	c := newChecker(plan{
		seed: seed, channels: idChannelsMax + 6, followers: 12, channelsEach: idChannelsMax + 6, historySize: historySize,
		front: s.Front, admin: s.Admin, only: transportNamed(t, "v1 sse resumed"), stay: 300 * time.Millisecond,
	})
	c.start(t)
	c.check(t, seed, *v1Flag/3, 1000, func() bool { return c.ledger.restarts.Load() > 0 })
}

// Channels end and begin again under those who follow them.
func TestRestartsOfChannelsAreAnnounced(t *testing.T) {
	seed := newSeed(t)
	s := startServerOfV1(t, allInReach, outputBytesDefault)
	c := newChecker(plan{
		seed: seed, channels: 8, followers: 100, channelsEach: 6, historySize: allInReach,
		front: s.Front, admin: s.Admin, closeShare: 20,
	})
	c.start(t)
	c.check(t, seed, *v1Flag/2, 500, func() bool { return c.ledger.restarts.Load() > 0 })
}

// Readers that are too slow for their output are told what they have missed.
func TestSlowReadersOfV1AreToldWhatTheyHaveMissed(t *testing.T) {
	checkSlow(t, plan{})
}

// So are they when the channel has ended meanwhile.
func TestSlowReadersOfV1AreToldWhatTheyHaveMissedAtTheEnd(t *testing.T) {
	checkSlow(t, plan{closeShare: 50})
}

func checkSlow(t *testing.T, p plan) {
	const historySize = 10
	s := startServerOfV1(t, historySize, 16<<10)
	p.seed, p.historySize, p.front, p.admin = newSeed(t), historySize, s.Front, s.Admin
	p.channels, p.followers, p.channelsEach = 3, 24, 3
	p.lags, p.pad, p.stay = 150, 16<<10, time.Second
	c := newChecker(p)
	c.start(t)
	c.check(t, p.seed, *v1Flag/2, 600, func() bool { return c.ledger.slow.Load() > 0 })
}
