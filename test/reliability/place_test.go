package reliability

import (
	"fmt"
	"sync/atomic"
)

// place is where a follower stands in a channel, as the protocol has it: the life of the channel, and the number
// that is next in it. Whatever comes is checked against that.
type place struct {
	name    string
	ledger  *ledger
	channel *channelLedger
	slow    bool // gaps of slow readers, and ends that come before all messages have, are expected

	epoch string
	next  int64 // 0 before it is known
	ended bool  // that life is over
	mark  atomic.Int32

	// Of the connection under way.
	phase   phase
	start   start
	floor   int64 // publishes that had been answered when it was asked for
	restart bool  // a gap that tells of another life is due
	moved   bool  // a message or a gap has come since the subscription began
	ending  bool  // a gap says that the end of the channel is due
}

type phase uint8

const (
	absent    phase = iota
	asked           // subscribed is due
	following       // messages are
	leaving         // unsubscribed is, and messages may be
)

// start is how a subscription begins whose position is not known.
type start uint8

const (
	fromPosition start = iota
	fromNow
	fromFirst
	fromLast
	fromTime
	starts
	fromNothing // all that is kept, behind a gap
)

// lastCount is how many messages fromLast asks for.
const lastCount = 7

// ask notes that the channel is about to be asked for.
func (p *place) ask(s start) {
	p.phase, p.start, p.restart, p.moved, p.ending = asked, s, false, false, false
	p.floor = int64(p.channel.done.Load())
}

// forget makes the next subscription begin anew.
func (p *place) forget() { p.epoch, p.next, p.ended = "", 0, false }

// isKnown tells whether there is a position to go on from.
func (p *place) isKnown() bool { return p.next > 0 }

// position is the position as it stands in the id of an event.
func (p *place) position() string { return fmt.Sprintf("%s.%d", p.epoch, p.next) }

// isAt tells whether an event is about the life that is known.
func (p *place) isAt(e *event) bool { return string(e.epoch) == p.epoch }

func (p *place) String() string {
	return fmt.Sprintf("%s at %s, phase %d, start %d", p.name, p.position(), p.phase, p.start)
}

// subscribed takes the acceptance of a subscription. In a poll it comes only to those who do not know where they
// stand.
func (p *place) subscribed(e *event, poll bool) error {
	same := p.isKnown() && p.start == fromPosition && p.isAt(e)
	switch {
	case p.phase != asked:
		return fmt.Errorf("subscribed without having been asked: %s", p)
	case same && (p.ended || poll):
		return fmt.Errorf("subscribed to the same life: %s", p)
	case same && e.seq != p.next:
		return fmt.Errorf("subscribed from %d: %s", e.seq, p)
	case !p.channel.knows(string(e.epoch)):
		return fmt.Errorf("epoch %s, but the channel was not closed: %s", e.epoch, p)
	}
	p.phase = following
	if same {
		return nil
	}
	if p.start == fromPosition || p.start == fromNothing {
		p.restart = true
		if e.seq != 1 {
			return fmt.Errorf("a new life that begins with %d: %s", e.seq, p)
		}
	} else if err := p.begins(e.seq); err != nil {
		return err
	}
	p.epoch, p.next, p.ended = string(e.epoch), e.seq, false
	if p.start == fromNow { // the mark may be before it
		p.mark.Store(p.channel.markBegun.Load())
	}
	return nil
}

// begins checks the number that a subscription without position begins with. In a channel that restarts
// nothing is known of it but that it is one.
func (p *place) begins(seq int64) error {
	if p.channel.closes.Load() > 0 && seq >= 1 {
		return nil
	}
	behind := int64(p.channel.begun.Load()) + 1 // the highest number that the next message can have had
	kept := max(1, behind-int64(p.ledger.historySize))
	low, high := int64(1), behind
	switch p.start {
	case fromNow:
		low = p.floor + 1
	case fromFirst:
		high = 1
	case fromLast:
		low, high = p.floor+1-lastCount, max(kept, behind-lastCount)
	case fromTime:
		high = kept
	}
	if seq < max(1, low) || seq > high {
		return fmt.Errorf("begins with %d, which is not from %d to %d: %s", seq, max(1, low), high, p)
	}
	return nil
}

// admit checks what any message and any gap has to be.
func (p *place) admit(e *event, poll bool) error {
	if p.phase == asked && poll { // a poll goes on without a word if its position is right
		switch {
		case p.start == fromPosition && !p.ended:
			p.phase = following
		case p.start == fromFirst && p.channel.knows(string(e.epoch)):
			p.phase, p.epoch, p.next, p.ended = following, string(e.epoch), 1, false
		}
	}
	if p.phase != following && p.phase != leaving {
		return fmt.Errorf("not subscribed: %s", p)
	}
	if !p.isAt(e) {
		return fmt.Errorf("epoch %s: %s", e.epoch, p)
	}
	if p.ending && string(e.kind) != "close" {
		return fmt.Errorf("%s behind a gap of what was not lost: %s", e.kind, p)
	}
	return nil
}

// gap takes an announced loss, which must be one.
func (p *place) gap(e *event, poll bool) error {
	if err := p.admit(e, poll); err != nil {
		return err
	}
	reason := string(e.reason)
	switch {
	case e.from != p.next:
		return fmt.Errorf("gap from %d: %s", e.from, p)
	case e.to < e.from && (reason != "restarted" || e.to != e.from-1):
		return fmt.Errorf("gap from %d to %d: %s", e.from, e.to, p)
	case p.restart != (reason == "restarted"):
		return fmt.Errorf("gap is %s, restart is due: %v, %s", reason, p.restart, p)
	case reason == "trimmed" && p.moved, reason == "slow" && (!p.slow || poll):
		return fmt.Errorf("gap is %s, %s", reason, p)
	case reason != "restarted" && reason != "trimmed" && reason != "slow":
		return fmt.Errorf("gap is %s, %s", reason, p)
	case e.to >= e.from && reason == "slow" && p.channel.closes.Load() > 0:
		p.ending = !p.ledger.mayBeGone(p.channel, e.to) // unless all is lost, since the channel has ended
	case e.to >= e.from && !p.ledger.mayBeGone(p.channel, e.to):
		return fmt.Errorf("gap from %d to %d, %s, when at most %d have been published, and the last %d are kept: %s",
			e.from, e.to, reason, p.channel.begun.Load(), p.ledger.historySize, p)
	}
	p.ledger.gaps.Add(1)
	switch reason {
	case "restarted":
		p.ledger.restarts.Add(1)
	case "slow":
		p.ledger.slow.Add(1)
	}
	p.restart, p.moved, p.next = false, true, e.to+1
	return nil
}

// message takes a message. What is wrong with its number goes to the ledger.
func (p *place) message(e *event, poll bool) error {
	if err := p.admit(e, poll); err != nil {
		return err
	}
	what, ok := parseLabel(string(e.kind), string(e.text))
	if !ok {
		return fmt.Errorf("content %.100q: %s", e.text, p)
	}
	if p.restart {
		p.ledger.violate(lost, "the restart was not announced: %d, %s", e.seq, p)
		p.restart = false
	}
	p.ledger.deliveries.Add(1)
	switch {
	case e.seq < p.next:
		p.ledger.violate(doubled, "%d came: %s", e.seq, p)
		return nil
	case e.seq > p.next:
		p.ledger.violate(lost, "%d came: %s", e.seq, p)
	}
	if !p.channel.saw(p.epoch, e.seq, what) {
		p.ledger.violate(wrong, "%d is %+v, others got something else: %s", e.seq, what, p)
	}
	p.moved, p.next = true, e.seq+1
	if what.publisher == marker {
		p.mark.Store(int32(what.n))
	}
	return nil
}

// close takes the end of the channel.
func (p *place) close(e *event, poll bool) error {
	if err := p.admit(e, poll); err != nil {
		return err
	}
	if p.channel.closes.Load() == 0 || p.restart || e.seq != p.next {
		return fmt.Errorf("closed at %d: %s", e.seq, p)
	}
	p.phase, p.ended = absent, true
	return nil
}

// unsubscribed takes the answer to the wish to leave.
func (p *place) unsubscribed() error {
	if p.phase != leaving {
		return fmt.Errorf("unsubscribed without having been asked: %s", p)
	}
	p.phase = absent
	return nil
}

// isBehind tells whether the last mark has not come.
func (p *place) isBehind() bool { return p.lag() > 0 }

// lag is how many marks have not come.
func (p *place) lag() int { return int(p.channel.mark.Load() - p.mark.Load()) }
