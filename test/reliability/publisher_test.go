package reliability

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"time"
)

// batchMax is how many publishes a publisher sends at most before it reads the answers.
const batchMax = 16

const (
	// marker is the publisher that ends a round with a mark in every channel.
	marker = 1_000_000
	// padShare is how seldom a message is long enough to be compressed: one in so many, by padBytes.
	padShare, padBytes = 5, 300
)

// publisher publishes over one connection that it keeps. What it publishes carries a number of its own.
type publisher struct {
	number int
	server netip.AddrPort
	ledger *ledger
	names  []string
	random *rand.Rand
	press  press // nil: by pushes
	// batch is how much it publishes at once at most.
	batch int
	// every is the time between two publishes at the average; 0 is as fast as it goes.
	every time.Duration
	// closeShare is how seldom a batch is followed by the end of a channel: one in so many; 0 is never.
	closeShare int
	// pad makes all messages so much longer.
	pad int

	link *link
	last int
}

// publish makes so many publishes, each to any of the channels, or to all by a broadcast.
func (p *publisher) publish(count int) error {
	begun, all := time.Now(), count
	for count > 0 {
		n := min(count, 1+p.random.IntN(p.batch))
		if err := p.publishBatch(n); err != nil {
			return err
		}
		count -= n
		if ahead := p.every*time.Duration(all-count) - time.Since(begun); ahead > 0 {
			<-time.After(ahead)
		}
	}
	return nil
}

// publishBatch makes n publishes at once.
func (p *publisher) publishBatch(n int) error {
	var batch []publication
	for range n {
		b := publication{what: p.newLabel()}
		if b.what.broadcast = p.random.IntN(max(200, 20*len(p.names))) == 0 && p.way().canBroadcast(); !b.what.broadcast {
			b.channel = p.names[p.random.IntN(len(p.names))]
		}
		batch = append(batch, b)
	}
	if err := p.print(batch); err != nil {
		return err
	}
	if p.closeShare == 0 || p.random.IntN(p.closeShare) > 0 {
		return nil
	}
	return p.end(p.names[p.random.IntN(len(p.names))])
}

// end closes a channel, if it is there.
func (p *publisher) end(channel string) (err error) {
	p.ledger.channels[channel].closes.Add(1)
	if p.link == nil {
		if p.link, err = dial(p.server); err != nil {
			return err
		}
	}
	status, body, err := p.link.request(get("/close?cname=" + channel))
	if err == nil && status != 200 && status != 404 {
		err = fmt.Errorf("close: status %d: %s", status, body)
	}
	return err
}

func (p *publisher) newLabel() label {
	p.last++
	what := label{publisher: p.number, n: p.last, pad: p.pad}
	if p.last%padShare == 0 {
		what.pad += padBytes
	}
	return what
}

// mark publishes a mark to every channel, which is the last message of a round.
func (p *publisher) mark() error {
	what := p.newLabel()
	var batch []publication
	for _, name := range p.names {
		batch = append(batch, publication{name, what})
		p.ledger.channels[name].markBegun.Store(int32(what.n))
	}
	if err := p.print(batch); err != nil {
		return err
	}
	for _, name := range p.names {
		p.ledger.channels[name].mark.Store(int32(what.n))
	}
	p.ledger.progress.tell()
	return nil
}

// print publishes a batch, and notes it in the ledger.
func (p *publisher) print(batch []publication) error {
	note := func(f func(*channelLedger)) {
		for _, b := range batch {
			if c := p.ledger.channels[b.channel]; c != nil {
				f(c)
				continue
			}
			for _, c := range p.ledger.channels {
				f(c)
			}
		}
	}
	note(func(c *channelLedger) { c.begun.Add(1) })
	if err := p.way().print(batch); err != nil {
		return err
	}
	note(func(c *channelLedger) { c.done.Add(1) })
	p.ledger.progress.tell()
	return nil
}

func (p *publisher) way() press {
	if p.press == nil {
		p.press = pushPress{p}
	}
	return p.press
}

// name is what its contents begin with.
func (p *publisher) name() string { return "p" + strconv.Itoa(p.number) }

// send sends n requests to the private door and reads n answers, which must all be 200.
func (p *publisher) send(requests string, n int) (err error) {
	if p.link == nil {
		if p.link, err = dial(p.server); err != nil {
			return err
		}
	}
	for range n {
		status, body, err := p.link.request(requests)
		if err != nil {
			return err
		}
		if status != 200 {
			return fmt.Errorf("publish: status %d: %s", status, body)
		}
		requests = "" // all of them are on their way
	}
	return nil
}

func (p *publisher) close() {
	if p.link != nil {
		p.link.close()
	}
	if p.press != nil {
		p.press.close()
	}
}
