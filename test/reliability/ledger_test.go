package reliability

import (
	"fmt"
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

	mu         sync.Mutex
	violations map[violation]int // guarded by mu
	texts      []string          // guarded by mu
}

// channelLedger is a ledger's part about one channel.
type channelLedger struct {
	begun atomic.Int32 // publishes that were begun: no number can be higher
	done  atomic.Int32 // publishes that were answered

	mu       sync.Mutex
	settled  int32    // guarded by mu; the number of the last message that everybody has
	contents []string // guarded by mu; of the messages behind settled, as first seen
}

func newLedger(historySize int, channels []string) *ledger {
	l := &ledger{historySize: historySize, channels: map[string]*channelLedger{}, violations: map[violation]int{}}
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
	t.Logf("%d deliveries, %d connections and reconnects, %d announced gaps", l.deliveries.Load(), l.visits.Load(), l.gaps.Load())
	if len(l.violations) > 0 {
		t.Errorf("%v\n%s", l.violations, strings.Join(l.texts, "\n"))
	}
}

// saw notes a message that a subscriber has got, and tells whether others got the same under its number.
func (c *channelLedger) saw(m *message) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := int(m.seq-c.settled) - 1
	if i < 0 {
		return true // checked when it was settled
	}
	for len(c.contents) <= i {
		c.contents = append(c.contents, "")
	}
	if c.contents[i] == "" {
		c.contents[i] = m.kind + " " + m.content
	}
	return c.contents[i] == m.kind+" "+m.content
}

// mayBeGone tells whether number seq may have left the history of a channel by now: a history keeps at
// least so many of the newest messages.
func (l *ledger) mayBeGone(c *channelLedger, seq int32) bool {
	return int(seq) <= int(c.begun.Load())-l.historySize
}

// settle is called when everybody has everything. It checks that each publish has got one number, in the
// order in which each publisher has made them, and forgets them.
func (l *ledger) settle() {
	for name, c := range l.channels {
		c.mu.Lock()
		last := map[string]int{} // by publisher
		for i, content := range c.contents {
			var kind, publisher string
			var n int
			if _, err := fmt.Sscanf(content, "%s %s %d", &kind, &publisher, &n); err != nil {
				// With a short history nobody may have seen it.
				if content != "" || !l.mayBeGone(c, c.settled+int32(i)+1) {
					l.violate(lost, "%s: nobody has got number %d: %q", name, c.settled+int32(i)+1, content)
				}
				continue
			}
			if n <= last[publisher] {
				l.violate(doubled, "%s: %q has number %d, after %d", name, content, c.settled+int32(i)+1, last[publisher])
			}
			last[publisher] = n
		}
		if begun := c.begun.Load(); c.settled+int32(len(c.contents)) != begun {
			l.violate(lost, "%s: %d publishes, %d numbers", name, begun, int(c.settled)+len(c.contents))
		}
		c.settled, c.contents = c.begun.Load(), nil
		c.mu.Unlock()
	}
}
