package reliability

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// violation is what a checker has found.
type violation string

const (
	lost    violation = "lost"    // a number was left out
	doubled violation = "doubled" // a number came again, or too late
	wrong   violation = "wrong"   // what came is not what was published, or breaks the protocol
	late    violation = "late"    // a message did not come at all
)

// violationsShown bounds how many violations are printed.
const violationsShown = 20

// ledger is what was published, and what anybody has seen of it. Safe for concurrent use.
type ledger struct {
	historySize int
	channels    map[string]*channelLedger // never changed

	deliveries, visits, gaps atomic.Int64
	restarts, slow           atomic.Int64 // gaps of that reason, which are among gaps
	cuts                     atomic.Int64 // connections that the server had no other way but to end
	progress                 progress
	rounds                   atomic.Int64 // odd while there are publishers
	over                     atomic.Bool  // everybody is to stop

	mu         sync.Mutex
	violations map[violation]int // guarded by mu
	texts      []string          // guarded by mu
}

// channelLedger is a ledger's part about one channel.
type channelLedger struct {
	begun  atomic.Int32 // publishes that were begun: no number can be higher
	done   atomic.Int32 // publishes that were answered
	closes atomic.Int32 // ends that were begun: there cannot be more than one life more
	// Numbers of marks, see marker: of the last that was begun, and of the last that was answered.
	markBegun, mark atomic.Int32

	mu    sync.Mutex
	lives []*life // guarded by mu; in the order in which they were met
}

// life is a channel between two ends of it.
type life struct {
	epoch   string  // empty while only clients of the original know it
	settled int64   // the number of the last message that everybody has
	labels  []label // of the messages behind settled, as first seen
}

func newLedger(historySize int, channels []string) *ledger {
	l := &ledger{historySize: historySize, channels: map[string]*channelLedger{}, violations: map[violation]int{}}
	l.progress.changed.L = &l.progress.mu
	for _, name := range channels {
		l.channels[name] = &channelLedger{}
	}
	return l
}

func (l *ledger) violate(v violation, format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.violations[v]++
	if len(l.texts) < violationsShown {
		l.texts = append(l.texts, string(v)+": "+fmt.Sprintf(format, args...))
	}
}

// found counts the violations of a kind.
func (l *ledger) found(v violation) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.violations[v]
}

// report fails the test if there were violations.
func (l *ledger) report(t testing.TB) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	t.Logf("%d deliveries, %d connections and reconnects, %d announced gaps (%d of them restarts, %d slow), %d cuts",
		l.deliveries.Load(), l.visits.Load(), l.gaps.Load(), l.restarts.Load(), l.slow.Load(), l.cuts.Load())
	if len(l.violations) > 0 {
		t.Errorf("%v\n%s", l.violations, strings.Join(l.texts, "\n"))
	}
}

// life returns that of an epoch, empty for the only one. It is nil if there cannot be so many.
func (c *channelLedger) life(epoch string) *life {
	for _, v := range c.lives {
		if v.epoch == "" {
			v.epoch = epoch
		}
		if v.epoch == epoch || epoch == "" {
			return v
		}
	}
	if len(c.lives) > int(c.closes.Load()) {
		return nil
	}
	v := &life{epoch: epoch}
	c.lives = append(c.lives, v)
	return v
}

// knows tells whether a life may have that epoch.
func (c *channelLedger) knows(epoch string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.life(epoch) != nil
}

// saw notes a message that somebody has got, and tells whether others got the same under its number.
func (c *channelLedger) saw(epoch string, seq int64, what label) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.life(epoch)
	if v == nil || seq > int64(c.begun.Load()) {
		return false
	}
	i := int(seq-v.settled) - 1
	if i < 0 {
		return true // checked when it was settled
	}
	for len(v.labels) <= i {
		v.labels = append(v.labels, label{})
	}
	if v.labels[i] == (label{}) {
		v.labels[i] = what
	}
	return v.labels[i] == what
}

// mayBeGone tells whether number seq may have left the history of a channel by now: a history keeps at
// least so many of the newest messages.
func (l *ledger) mayBeGone(c *channelLedger, seq int64) bool {
	return seq <= int64(c.begun.Load())-int64(l.historySize)
}

// settle is called when everybody has everything. It checks that each publish has got one number of one life,
// in the order in which each publisher has made them, and forgets them.
func (l *ledger) settle() {
	for name, c := range l.channels {
		c.mu.Lock()
		for _, v := range c.lives {
			l.settleLife(name, c, v)
		}
		l.settleOrder(name, c)
		for _, v := range c.lives {
			v.settled, v.labels = v.settled+int64(len(v.labels)), nil
		}
		c.mu.Unlock()
	}
}

// settleLife checks the numbers of a life. What nobody has seen must be lost, or of a life that was over before
// anybody came.
func (l *ledger) settleLife(name string, c *channelLedger, v *life) {
	restarted := c.closes.Load() > 0
	for i, what := range v.labels {
		if what == (label{}) && !restarted && !l.mayBeGone(c, v.settled+int64(i)+1) {
			l.violate(lost, "%s: nobody has got number %d", name, v.settled+int64(i)+1)
		}
	}
	if begun := int64(c.begun.Load()); !restarted && v.settled+int64(len(v.labels)) != begun {
		l.violate(lost, "%s: %d publishes, %d numbers", name, begun, v.settled+int64(len(v.labels)))
	}
}

// settleOrder checks that what a publisher has made comes in its order, in one life and from one to the next.
func (l *ledger) settleOrder(name string, c *channelLedger) {
	type span struct{ first, last int }
	spans := map[int][]span{} // by publisher; a life each
	for _, v := range c.lives {
		mine := map[int]span{}
		for i, what := range v.labels {
			if what == (label{}) {
				continue
			}
			s, ok := mine[what.publisher]
			if !ok {
				s.first = what.n
			} else if what.n <= s.last {
				l.violate(doubled, "%s: %+v has number %d, after %d", name, what, v.settled+int64(i)+1, s.last)
			}
			s.last = what.n
			mine[what.publisher] = s
		}
		for publisher, s := range mine {
			spans[publisher] = append(spans[publisher], s)
		}
	}
	for publisher, list := range spans {
		slices.SortFunc(list, func(a, b span) int { return a.first - b.first })
		for i := 1; i < len(list); i++ {
			if list[i].first <= list[i-1].last {
				l.violate(doubled, "%s: numbers of publisher %d are in two lives: %v", name, publisher, list)
			}
		}
	}
}

// progress lets those wait who want something to happen first.
type progress struct {
	mu      sync.Mutex
	changed sync.Cond
}

// tell is called when something has happened.
func (p *progress) tell() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.changed.Broadcast()
}

// await waits until holds, which is asked again each time that something has happened.
func (p *progress) await(holds func() bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !holds() {
		p.changed.Wait()
	}
}
