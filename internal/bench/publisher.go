package bench

import (
	"context"
	"net/netip"
	"strconv"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/icomet/icomet/internal/reactor"
)

// publisher is one connection that publishes, one message at a time. Each channel belongs to one
// publisher, so that its messages are sent in order.
type publisher struct {
	conn    reactor.Conn
	ready   bool          // connected
	waiting bool          // for an answer
	failed  bool          // the answer says that the message was not taken
	sent    time.Duration // when the message that waits was sent
	channel uint32        // of the next message
	sentTo  uint32        // channel of the message that waits
	reply   reply
}

// publishers are those of a crowd that live on one loop. It is the handler of their door.
type publishers struct {
	crowd  *Crowd
	loop   *reactor.Loop
	counts counts
	list   []publisher
	idle   []uint32 // numbers of those that can send
	due    []batch
	flood  bool

	latency *hdrhistogram.Histogram // request to answer, in microseconds
	content []byte                  // scratch
	body    []byte                  // scratch
	request []byte                  // scratch
}

// batch is a number of publishes that became due together.
type batch struct {
	count int
	at    time.Duration
}

// batchesMax bounds what is due and finds no free connection. It is about two seconds of ticks.
const batchesMax = 1000

func newPublishers(c *Crowd, l *reactor.Loop) *publishers {
	return &publishers{crowd: c, loop: l, latency: newHistogram()}
}

// Mail implements reactor.Handler.
func (h *publishers) Mail(m reactor.Mail) {
	switch v := m.Value.(type) {
	case order:
		h.obey(v, int(m.Key))
	case chan<- *hdrhistogram.Histogram:
		v <- h.latency
		h.latency = newHistogram()
	}
}

func (h *publishers) obey(o order, count int) {
	switch o {
	case orderConnect:
		h.connect()
	case orderPublish:
		h.fall(count)
	case orderFlood:
		h.flood = true
		h.sendDue()
	case orderHalt:
		h.flood = false
		h.due = nil
	}
}

// connect dials for all publishers of this loop.
func (h *publishers) connect() {
	for p := h.loop.Number(); p < h.crowd.options.Publishers; p += h.crowd.loopCount() {
		h.list = append(h.list, publisher{channel: uint32(p)})
		h.dial(uint32(len(h.list) - 1))
	}
}

func (h *publishers) dial(n uint32) {
	remotes := h.crowd.options.Target.publish.remotes
	c, err := h.loop.Dial(doorPublishers, netip.Addr{}, remotes[int(n)%len(remotes)])
	if err != nil {
		h.counts.publishFailed.Add(1)
		return
	}
	c.SetUser(n)
	p := &h.list[n]
	p.conn, p.ready, p.waiting, p.reply = c, false, false, reply{}
}

// fall takes a batch that has become due.
func (h *publishers) fall(count int) {
	if len(h.due) >= batchesMax {
		h.counts.skipped.Add(uint64(count))
		return
	}
	h.due = append(h.due, batch{count, h.crowd.since()})
	h.sendDue()
}

// sendDue sends what is due as far as there are free connections.
func (h *publishers) sendDue() {
	for len(h.idle) > 0 {
		at, ok := h.takeDue()
		if !ok {
			return
		}
		last := len(h.idle) - 1
		n := h.idle[last]
		h.idle = h.idle[:last]
		h.send(&h.list[n], at)
	}
}

func (h *publishers) takeDue() (at time.Duration, ok bool) {
	if h.flood {
		return h.crowd.since(), true
	}
	if len(h.due) == 0 {
		return 0, false
	}
	b := &h.due[0]
	at = b.at
	if b.count--; b.count == 0 {
		h.due = h.due[1:]
	}
	return at, true
}

// send publishes the next message of p. It counts from the moment at which it was due, so that waiting for a free
// connection is part of its latency.
func (h *publishers) send(p *publisher, at time.Duration) {
	o := &h.crowd.options
	serial := h.crowd.serials[p.channel].Add(1)
	h.content = mark{serial: serial, sentNs: at.Nanoseconds()}.append(h.content[:0], o.Size)
	v := values{channel: nameOf(o.Seed, p.channel), content: h.content}
	h.request = h.appendRequest(h.request[:0], &v)
	p.waiting, p.failed, p.sent, p.sentTo = true, false, h.crowd.since(), p.channel
	h.counts.publishing.Add(1)
	if p.channel += uint32(o.Publishers); p.channel >= uint32(o.Channels) {
		p.channel %= uint32(o.Publishers)
	}
	p.conn.Write(h.request)
}

func (h *publishers) appendRequest(dst []byte, v *values) []byte {
	t := h.crowd.options.Target
	dst = append(dst, t.method...)
	dst = append(dst, ' ')
	dst = t.publish.path.append(dst, v)
	dst = append(dst, " HTTP/1.1\r\nHost: "...)
	dst = append(dst, t.publish.hosts[0]...)
	dst = append(dst, "\r\n"...)
	if len(t.body) == 0 {
		return append(dst, "\r\n"...)
	}
	h.body = t.body.append(h.body[:0], v)
	if t.form {
		dst = append(dst, "Content-Type: application/x-www-form-urlencoded\r\n"...)
	}
	dst = append(dst, "Content-Length: "...)
	dst = strconv.AppendInt(dst, int64(len(h.body)), 10)
	dst = append(dst, "\r\n\r\n"...)
	return append(dst, h.body...)
}

// Open implements reactor.Handler.
func (h *publishers) Open(c reactor.Conn, _ netip.AddrPort) {
	h.list[c.User()].ready = true
	h.idle = append(h.idle, c.User())
	h.sendDue()
}

// Data implements reactor.Handler.
func (h *publishers) Data(c reactor.Conn, in []byte) (used int) {
	p := &h.list[c.User()]
	for !c.Dead() {
		last := p.reply.close
		event, piece, n, err := p.reply.next(in[used:])
		used += n
		switch {
		case err != nil:
			c.Close(reactor.ReasonBadRequest)
		case event == replyWants:
			return used
		case event == replyHasHead:
			p.failed = piece[len("HTTP/1.1 ")] != '2'
		case event == replyComplete:
			h.takeBack(p)
			h.answered(c, p, last)
		}
	}
	return used
}

// answered takes the end of an answer.
func (h *publishers) answered(c reactor.Conn, p *publisher, last bool) {
	h.settle(p)
	if last {
		c.Close(reactor.ReasonDone)
		return
	}
	h.idle = append(h.idle, c.User())
	h.sendDue()
}

// takeBack frees the serial of a message that the server has refused, so that nobody waits for it.
func (h *publishers) takeBack(p *publisher) {
	if p.waiting && p.failed {
		h.crowd.serials[p.sentTo].Add(^uint32(0))
	}
}

// settle counts the publish of p that had no answer yet.
func (h *publishers) settle(p *publisher) {
	if !p.waiting {
		return
	}
	p.waiting = false
	h.counts.publishing.Add(-1)
	if p.failed {
		h.counts.publishFailed.Add(1)
		return
	}
	h.counts.published.Add(1)
	h.latency.RecordValue(max(1, (h.crowd.since() - p.sent).Microseconds()))
}

// EOF implements reactor.Handler.
func (h *publishers) EOF(c reactor.Conn) {
	p := &h.list[c.User()]
	if p.reply.stage == replyUntilClose {
		h.settle(p)
	}
	c.Close(reactor.ReasonPeerClosed)
}

// Closed implements reactor.Handler. A connection that the server has closed is made again, unless it never
// stood.
func (h *publishers) Closed(c reactor.Conn, reason reactor.Reason) {
	n := c.User()
	p := &h.list[n]
	p.failed = true
	h.settle(p)
	for i, idle := range h.idle {
		if idle == n {
			h.idle = append(h.idle[:i], h.idle[i+1:]...)
			break
		}
	}
	switch {
	case reason == reactor.ReasonShutdown:
	case !p.ready:
		h.counts.publishFailed.Add(1)
	default:
		h.dial(n)
	}
}

// Drained implements reactor.Handler: a publisher waits for its answer anyway.
func (h *publishers) Drained(reactor.Conn) {}

// Expired implements reactor.Handler: the door has no deadlines.
func (h *publishers) Expired(reactor.Conn, reactor.Class) {}

// Turn implements reactor.Handler.
func (h *publishers) Turn() {}

// publishTick is how often due publishes are handed out.
const publishTick = 2 * time.Millisecond

// Publish publishes at rate, spread over all channels, until duration has passed and every publish
// is answered. It calls watch now and then.
func (c *Crowd) Publish(ctx context.Context, rate Rate, duration time.Duration, watch func(Tally)) error {
	c.join()
	ctx, cancel := context.WithTimeout(ctx, duration+stallLimit)
	defer cancel()
	if rate == RateMax {
		c.orderPublishers(orderFlood)
	}
	tick := time.NewTicker(publishTick)
	defer tick.Stop()
	p := pace{rate: float64(rate), start: time.Now()}
	for turn := 0; time.Since(p.start) < duration; turn++ {
		if rate > 0 {
			c.postDue(turn, p.take(int(rate)+1))
		}
		t := c.Tally()
		c.mend(&t)
		watch(t)
		select {
		case <-ctx.Done():
			c.orderPublishers(orderHalt)
			return ctx.Err()
		case <-tick.C:
		}
	}
	if rate == RateMax {
		c.orderPublishers(orderHalt)
	}
	return c.until(ctx, func() bool { t := c.Tally(); return t.publishing == 0 })
}

// join lets the publishers connect, once.
func (c *Crowd) join() {
	if !c.joined {
		c.joined = true
		c.orderPublishers(orderConnect)
	}
}

// publishingLoops are the loops that have publishers.
func (c *Crowd) publishingLoops() []*reactor.Loop {
	loops := c.group.Loops()
	return loops[:min(len(loops), c.options.Publishers)]
}

func (c *Crowd) orderPublishers(o order) {
	for _, l := range c.publishingLoops() {
		l.Post(doorPublishers, 0, o)
	}
}

// postDue spreads n publishes over the loops that have publishers.
func (c *Crowd) postDue(turn, n int) {
	loops := c.publishingLoops()
	for i := range loops {
		share := n*(i+1)/len(loops) - n*i/len(loops)
		if share > 0 {
			loops[(turn+i)%len(loops)].Post(doorPublishers, uint64(share), orderPublish)
		}
	}
}

// PublishLatency takes the times from request to answer of publishing that were measured since the last
// call, in microseconds.
func (c *Crowd) PublishLatency() *hdrhistogram.Histogram { return c.collect(doorPublishers) }
