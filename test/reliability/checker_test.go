package reliability

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/server"
)

const (
	// catchUpLimit is how long it may take until everybody has everything after the last publish.
	catchUpLimit = 20 * time.Second
	// allInReach is a history that no check outgrows.
	allInReach = 1 << 20
	publishers = 4
	calmShare  = 4 // one subscriber in so many is calm, so that a lost wake-up is not healed by a reconnect
)

// checker is a crowd of clients that check themselves, and publishers.
type checker struct {
	ledger      *ledger
	subscribers []*subscriber // of the original's protocol
	followers   []*follower   // of v1
	publishers  []*publisher
	marker      *publisher
	published   func() // called when the publishes of a round have been answered, if it is not nil
	cancel      context.CancelFunc
	running     sync.WaitGroup
}

// plan says how a checker is made.
type plan struct {
	seed                  uint64
	channels, subscribers int
	followers             int
	channelsEach          int // of every second follower; the others have one
	historySize           int
	front, admin          netip.AddrPort
	socketDoor            netip.AddrPort // the public door for publishers; front if there is none
	only                  *transport
	calm                  bool // all of them
	stay                  time.Duration
	lags, pad             int
	closeShare            int
	publishing            int           // how many publishers there are; publishers if 0
	batch                 int           // of publishes, at most; batchMax if 0
	every                 time.Duration // between two publishes of all together
}

// stayDefault is how long the visits of a follower last at the average.
const stayDefault = time.Second

func newChecker(p plan) *checker {
	var names []string
	for i := range p.channels {
		names = append(names, fmt.Sprintf("room-%d", i))
	}
	c := &checker{ledger: newLedger(p.historySize, names)}
	for i := range p.subscribers {
		c.subscribers = append(c.subscribers, &subscriber{
			channel: names[i%len(names)], server: p.front, ledger: c.ledger, random: newRandom(p.seed, i),
			calm: p.calm || i/len(names)%calmShare == 0, only: p.only,
		})
	}
	for i := range p.followers {
		c.followers = append(c.followers, c.newFollower(p, i, names))
	}
	count := cmp.Or(p.publishing, publishers)
	for i := range count {
		b := &publisher{
			number: i, server: p.admin, ledger: c.ledger, names: names, random: newRandom(p.seed, -2-i), batch: cmp.Or(p.batch, batchMax),
			closeShare: p.closeShare, every: p.every * time.Duration(count), pad: p.pad,
		}
		if p.followers > 0 && i%2 == 1 {
			b.press = &socketPress{server: cmp.Or(p.socketDoor, p.front), ledger: c.ledger}
		}
		c.publishers = append(c.publishers, b)
	}
	c.marker = &publisher{number: marker, server: p.admin, ledger: c.ledger, names: names}
	return c
}

// newFollower makes number i, with one channel or with some of them by chance.
func (c *checker) newFollower(p plan, i int, names []string) *follower {
	random := newRandom(p.seed, -1000-i)
	count := 1
	if i%2 == 1 {
		count = min(len(names), max(1, p.channelsEach))
	}
	f := &follower{
		server: p.front, ledger: c.ledger, random: random, byName: map[string]*place{},
		calm: p.calm || i/2%calmShare == 0, only: p.only, stay: p.stay, lags: p.lags,
		mayBeCut: p.lags > 0 && p.closeShare > 0,
	}
	if f.stay == 0 {
		f.stay = stayDefault
	}
	for _, n := range random.Perm(len(names))[:count] {
		place := &place{name: names[n], ledger: c.ledger, channel: c.ledger.channels[names[n]], slow: p.lags > 0}
		f.places = append(f.places, place)
		f.byName[place.name] = place
	}
	return f
}

// start makes the channels and lets the subscribers go.
func (c *checker) start(t *testing.T) {
	t.Helper()
	for name := range c.ledger.channels {
		if err := c.publishers[0].send(get("/sign?expires=100000&cname="+name), 1); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	for _, s := range c.subscribers {
		c.running.Go(func() { s.run(ctx) })
	}
	for _, f := range c.followers {
		c.running.Go(func() { f.run(ctx) })
	}
	t.Cleanup(c.stop)
}

func (c *checker) stop() {
	c.ledger.over.Store(true)
	c.ledger.progress.tell()
	c.cancel()
	c.running.Wait()
	for _, p := range append(c.publishers, c.marker) {
		p.close()
	}
}

// round publishes and waits until everybody has everything.
func (c *checker) round(publishes int, limit time.Duration) error {
	errs := make([]error, len(c.publishers))
	var running sync.WaitGroup
	c.ledger.rounds.Add(1)
	for i, p := range c.publishers {
		running.Go(func() { errs[i] = p.publish(publishes / len(c.publishers)) })
	}
	running.Wait()
	c.ledger.rounds.Add(1)
	c.ledger.progress.tell()
	if c.published != nil {
		c.published()
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if len(c.followers) > 0 {
		if err := c.marker.mark(); err != nil {
			return err
		}
	}
	if !icomettest.Within(limit, func() bool { return c.behind() == "" }) {
		if behind := c.behind(); behind != "" {
			c.ledger.violate(late, "%s", behind)
			return nil
		}
	}
	c.ledger.settle()
	return nil
}

// behind tells about a client that does not have everything, and is empty if there is none.
func (c *checker) behind() string {
	for _, s := range c.subscribers {
		if next, done := s.next.Load(), c.ledger.channels[s.channel].done.Load(); next <= done {
			return fmt.Sprintf("%s waits for %d of %d", s.channel, next, done)
		}
	}
	for i, f := range c.followers {
		if p := f.behind(); p != nil {
			return fmt.Sprintf("follower %d waits for mark %d in %s", i, p.channel.mark.Load(), p.name)
		}
	}
	return ""
}

// startServer starts a server with such a history in this process, where the race detector sees it.
func startServer(t *testing.T, historySize int) *icomettest.Server {
	return icomettest.Start(t, func(o *server.Options) {
		o.Config.Front.ChannelBufferSize = historySize
		o.Config.Front.PollingTimeout = 15 * time.Second
		o.Config.Front.Publish = []string{"*"}
	})
}

func TestNoMessageIsLostDoubledOrReordered(t *testing.T) {
	seed := newSeed(t)
	s := startServer(t, allInReach)
	c := newChecker(plan{seed: seed, channels: 20, subscribers: 200, historySize: allInReach, front: s.Front, admin: s.Admin})
	c.start(t)
	sizes := newRandom(seed, -1)
	begun := time.Now()
	for time.Since(begun) < *durationFlag && c.ledger.found(late) == 0 {
		if err := c.round(1+sizes.IntN(2000), catchUpLimit); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%v", time.Since(begun).Round(time.Millisecond))
	c.ledger.report(t)
}

func TestTwoHundredReconnectingSubscribersGetFiveThousandPushes(t *testing.T) {
	s := icomettest.StartProcess(t, fmt.Sprint("channel_buffer_size: ", allInReach))
	c := newChecker(plan{
		seed: newSeed(t), channels: 1, subscribers: 200, historySize: allInReach, front: s.Front, admin: s.Admin,
	})
	c.start(t)
	for range 10 { // so that nobody falls behind so far that a poll's answer takes seconds to read
		if err := c.round(500, catchUpLimit); err != nil {
			t.Fatal(err)
		}
	}
	c.ledger.report(t)
}

func TestOnlyMessagesBeyondTheHistoryAreMissed(t *testing.T) {
	const historySize = 10
	s := startServer(t, historySize)
	c := newChecker(plan{
		seed: newSeed(t), channels: 2, subscribers: 100, historySize: historySize, front: s.Front, admin: s.Admin,
	})
	c.start(t)
	if err := c.round(2000, catchUpLimit); err != nil {
		t.Fatal(err)
	}
	c.ledger.report(t)
	if c.ledger.gaps.Load() == 0 {
		t.Error("nobody was too late for the history: the check has not checked anything")
	}
}
