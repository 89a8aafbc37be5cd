package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/icomet/icomet/internal/reactor"
)

// The doors of a crowd's loops. Both are for dialling.
const (
	doorSubscribers = iota
	doorPublishers
)

// order is what a crowd asks of its loops; the mail's key says how many.
type order uint8

const (
	orderOpen order = iota
	orderLeave
	orderConnect // publishers
	orderPublish // one batch of due publishes
	orderFlood   // publish as fast as the connections allow, until orderHalt
	orderHalt
)

// Bounds of a crowd.
const (
	inFlightMax    = 2000 // subscribers that are on their way, so that no accept queue runs over
	inputBytesMax  = 128 << 10
	outputBytesMax = 1 << 20
	connsSpare     = 1000 // descriptors for connections that are closed and not released yet
	paceTick       = 5 * time.Millisecond
	stallLimit     = 30 * time.Second // without any progress a crowd gives up
	failuresMin    = 100              // that are tried again before a crowd gives up
	mendMax        = 100              // subscribers that are opened again in a tick
)

// CrowdOptions say what a crowd is made of. All but Target and Max may be zero.
type CrowdOptions struct {
	Target    *Target
	Transport Transport
	Max       int // subscribers
	// Channels is how many channels the subscribers share; 0 gives each one of its own.
	Channels int
	// Sources is how many source addresses are used on the loopback network; 0 is as many as needed.
	Sources    int
	Publishers int    // connections
	Size       int    // bytes of a message
	Seed       uint64 // of the names of channels; 0 is random
}

// Crowd is the clients of one target. Its methods may be used by one goroutine at a time, but for Tally.
type Crowd struct {
	// Set before the loops start, never changed.
	options CrowdOptions
	greets  bool
	sources []netip.Addr
	start   time.Time
	serials []atomic.Uint32 // of the last message, by channel; each written by one publisher
	loops   int

	group       *reactor.Group
	subscribers []*subscribers // by loop
	publishers  []*publishers  // by loop

	// Owned by the goroutine that uses the crowd.
	asked  uint64 // orders to open that were posted
	turn   int    // of the loop that gets the next order
	joined bool   // the publishers have been asked to connect
	wanted int    // subscribers that should stand
}

// NewCrowd makes a crowd without any subscriber yet. It must be closed.
func NewCrowd(o CrowdOptions) (*Crowd, error) {
	if o.Channels == 0 || o.Channels > o.Max {
		o.Channels = o.Max
	}
	if o.Seed == 0 {
		o.Seed = rand.Uint64()
	}
	o.Size = max(o.Size, markBytesMin)
	o.Publishers = min(o.Publishers, o.Channels)
	c := &Crowd{
		options: o,
		greets:  o.Target.greets(o.Transport),
		sources: sources(o.Target, o.Sources, o.Max),
		start:   time.Now(),
	}
	if o.Publishers > 0 {
		c.serials = make([]atomic.Uint32, o.Channels)
	}
	var err error
	c.group, err = reactor.New(reactor.Options{
		PrivateTables: true,
		ConnsMax:      o.Max + o.Max/spareShare + o.Publishers + connsSpare,
		SendTimeout:   stallLimit,
		BeforeStart:   func(*reactor.Group) { c.loops = len(c.subscribers) },
		Doors: []reactor.Door{
			doorSubscribers: {
				Name: "subscribers", InputBytesMax: inputBytesMax, OutputBytesMax: outputBytesMax,
				NewHandler: c.addSubscribers,
			},
			doorPublishers: {
				Name: "publishers", InputBytesMax: inputBytesMax, OutputBytesMax: outputBytesMax,
				NewHandler: c.addPublishers,
			},
		},
	})
	return c, err
}

// spareShare is the part of the descriptors, one in so many, that is left for connections that
// overlap with those that take their place.
const spareShare = 20

func (c *Crowd) addSubscribers(l *reactor.Loop) reactor.Handler {
	h := newSubscribers(c, l)
	c.subscribers = append(c.subscribers, h)
	return h
}

func (c *Crowd) addPublishers(l *reactor.Loop) reactor.Handler {
	h := newPublishers(c, l)
	c.publishers = append(c.publishers, h)
	return h
}

// Close ends all connections and loops.
func (c *Crowd) Close() {
	c.group.Stop()
	for _, h := range c.subscribers {
		h.table.Free()
	}
}

func (c *Crowd) loopCount() int { return c.loops }

// since is the time since the crowd was made, which messages carry.
func (c *Crowd) since() time.Duration { return time.Since(c.start) }

// path is the way of subscriber i to the server. The source is the zero value where the system chooses.
func (c *Crowd) path(i uint32) (local netip.Addr, remote netip.AddrPort) {
	remotes := c.options.Target.subscribe.remotes
	if len(c.sources) > 0 {
		local = c.sources[int(i)/len(remotes)%len(c.sources)]
	}
	return local, remotes[int(i)%len(remotes)]
}

// channel is the number of the channel of subscriber i.
func (c *Crowd) channel(i uint32) uint32 { return i % uint32(c.options.Channels) }

// firstCursor is where a new subscriber begins: at the first message of its channel.
func (c *Crowd) firstCursor() uint64 {
	if c.options.Target.icomet {
		return 1
	}
	return 0
}

// lastSerial is the number of messages that were published to the channel of subscriber i.
func (c *Crowd) lastSerial(i uint32) uint32 {
	if c.serials == nil {
		return 0
	}
	return c.serials[c.channel(i)].Load()
}

// chance is true in want of total cases.
func (c *Crowd) chance(want, total int) bool { return rand.IntN(total) < want }

// appendSubscribe appends the request of subscriber i.
func (c *Crowd) appendSubscribe(dst []byte, i uint32, s *subscriber) []byte {
	e := &c.options.Target.subscribe
	v := values{channel: nameOf(c.options.Seed, c.channel(i)), seq: int32(s.cursor), noop: s.noop}
	dst = append(dst, "GET "...)
	dst = e.path.append(dst, &v)
	dst = append(dst, " HTTP/1.1\r\nHost: "...)
	dst = append(dst, e.hosts[int(i)%len(e.hosts)]...)
	dst = append(dst, "\r\n"...)
	if c.options.Transport == SSE {
		dst = append(dst, "Accept: text/event-stream\r\n"...)
	}
	if !c.options.Target.icomet {
		dst = stamp(s.cursor).appendTo(dst)
	}
	return append(dst, "\r\n"...)
}

// Tally sums up what has happened so far. Safe for concurrent use.
func (c *Crowd) Tally() Tally {
	var t Tally
	for i := range c.subscribers {
		t.add(&c.subscribers[i].counts)
		t.add(&c.publishers[i].counts)
	}
	return t
}

// inFlight is how many orders to open have not led to anything yet.
func (c *Crowd) inFlight(t *Tally) int {
	return int(c.asked - t.settled - t.Failed - t.unneeded)
}

// ErrStalled is returned when nothing happens any more, ErrTooManyFailures when too much of what happens
// are failures.
var (
	ErrStalled         = errors.New("bench: the server takes no more subscribers")
	ErrTooManyFailures = errors.New("bench: too many subscriptions have failed")
)

// Grow opens subscribers until target of them stand, at most rate a second; 0 is as fast as they can.
// It calls watch now and then. Subscriptions that fail are tried again, within bounds.
func (c *Crowd) Grow(ctx context.Context, target int, rate float64, watch func(Tally)) error {
	tick := time.NewTicker(paceTick)
	defer tick.Stop()
	p := pace{rate: rate, start: time.Now()}
	before := c.Tally()
	stall := stallWatch{last: time.Now()}
	c.wanted = target
	for {
		t := c.Tally()
		watch(t)
		if t.Standing >= int64(target) {
			return nil
		}
		if failures := t.Failed + t.Dropped - before.Failed - before.Dropped; failures > uint64(failuresMin+target/10) {
			return fmt.Errorf("%w: %d of %d stand", ErrTooManyFailures, t.Standing, target)
		}
		if stall.stalled(t.settled) {
			return fmt.Errorf("%w: %d of %d stand", ErrStalled, t.Standing, target)
		}
		flying := c.inFlight(&t)
		c.openMore(p.take(min(inFlightMax-flying, target-int(t.Standing)-flying)))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// mend opens those that were broken again, some at a time.
func (c *Crowd) mend(t *Tally) {
	c.openMore(min(c.wanted-int(t.Standing)-c.inFlight(t), mendMax))
}

// openMore spreads n orders over the loops.
func (c *Crowd) openMore(n int) {
	if n <= 0 {
		return
	}
	c.asked += uint64(n)
	loops := c.group.Loops()
	share, rest := n/len(loops), n%len(loops)
	for i := range loops {
		count := share
		if i < rest {
			count++
		}
		if count > 0 {
			loops[(c.turn+i)%len(loops)].Post(doorSubscribers, uint64(count), orderOpen)
		}
	}
	c.turn = (c.turn + rest) % len(loops)
}

// Leave closes the connections of count subscribers at random, and waits until they are closed.
func (c *Crowd) Leave(ctx context.Context, count int) error {
	t := c.Tally()
	want := t.Standing - int64(count)
	c.wanted = int(want)
	loops := c.group.Loops()
	for i, l := range loops {
		share := count*(i+1)/len(loops) - count*i/len(loops)
		l.Post(doorSubscribers, uint64(share), orderLeave)
	}
	return c.until(ctx, func() bool { t := c.Tally(); return t.Standing <= want })
}

// until waits for a condition, which is looked at every few milliseconds.
func (c *Crowd) until(ctx context.Context, done func() bool) error {
	tick := time.NewTicker(paceTick)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

// Missing is how many messages that were published have not been received yet.
func (c *Crowd) Missing() (n uint64) {
	for _, l := range c.group.Loops() {
		answer := make(chan uint64, 1)
		l.Post(doorSubscribers, 0, (chan<- uint64)(answer))
		n += <-answer
	}
	return n
}

// forfeit counts messages that will not come as lost.
func (c *Crowd) forfeit(missing uint64) { c.publishers[0].counts.lost.Add(int64(missing)) }

// Latency takes the times from publish to receive that were measured since the last call, in
// microseconds.
func (c *Crowd) Latency() *hdrhistogram.Histogram { return c.collect(doorSubscribers) }

func (c *Crowd) collect(door int) *hdrhistogram.Histogram {
	sum := newHistogram()
	for _, l := range c.group.Loops() {
		answer := make(chan *hdrhistogram.Histogram, 1)
		l.Post(door, 0, (chan<- *hdrhistogram.Histogram)(answer))
		sum.Merge(<-answer)
	}
	return sum
}

// longestMicros is the longest time that is told apart: a minute.
const longestMicros = 60_000_000

// newHistogram holds times in microseconds.
func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, longestMicros, 3) }

// record takes a time into a histogram. Those outside of its bounds count as the bound.
func record(h *hdrhistogram.Histogram, d time.Duration) {
	if err := h.RecordValue(min(max(d.Microseconds(), 1), longestMicros)); err != nil {
		panic("bench: histogram: " + err.Error())
	}
}
