package reliability

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync/atomic"
)

// batchMax is how many publishes a publisher sends at most before it reads the answers.
const batchMax = 16

// publisher publishes over one connection that it keeps. What it publishes carries a number of its own.
type publisher struct {
	name   string
	server netip.AddrPort
	ledger *ledger
	names  []string
	random *rand.Rand

	link *link
	last int
}

// publish makes so many publishes, each to any of the channels, or to all by a broadcast.
func (p *publisher) publish(count int) error {
	for count > 0 {
		n := min(count, 1+p.random.IntN(batchMax))
		if err := p.batch(n); err != nil {
			return err
		}
		count -= n
	}
	return nil
}

// batch sends n publishes at once and reads their answers.
func (p *publisher) batch(n int) error {
	var requests strings.Builder
	var answered []*atomic.Int32
	for range n {
		p.last++
		if p.random.IntN(200) == 0 {
			for _, c := range p.ledger.channels {
				c.begun.Add(1)
				answered = append(answered, &c.done)
			}
			requests.WriteString(get(fmt.Sprintf("/broadcast?content=%s+%d", p.name, p.last)))
			continue
		}
		name := p.names[p.random.IntN(len(p.names))]
		c := p.ledger.channels[name]
		c.begun.Add(1)
		answered = append(answered, &c.done)
		requests.WriteString(get(fmt.Sprintf("/push?cname=%s&content=%s+%d", name, p.name, p.last)))
	}
	if err := p.send(requests.String(), n); err != nil {
		return err
	}
	for _, done := range answered {
		done.Add(1)
	}
	return nil
}

// send sends n requests and reads n answers, which must all be 200.
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
}
