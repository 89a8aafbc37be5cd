package reactor

import (
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/icomet/icomet/internal/slab"
)

// What a loop does in one turn is bounded, so that one busy peer, one crowd of new ones or one great
// expiry cannot keep the others waiting.
const (
	eventsPerTurn   = 512
	acceptsPerTurn  = 64  // of one listening socket
	readsPerTurn    = 4   // of one connection
	expiriesPerTurn = 512 // of one class
	againPerTurn    = 512 // connections with input left from before
	mailPerTurn     = 2048
	scratchBytes    = 64 << 10
)

// What a loop keeps between turns.
const (
	deadKeep  = 1024 // room in its list of closed connections
	trimEvery = 1000 // milliseconds for which memory of closed connections is kept
)

// doorLoop marks mail for the loop itself, not for a handler.
const doorLoop = 255

// What mail for the loop itself can ask for.
type order uint8

const (
	stopAccepting order = iota
	stopLoop
)

// Loop is one event loop. But for Post and Number, its methods and those of its connections may only
// be called on its own goroutine, which is where handlers run.
type Loop struct {
	// Set before the loop starts, never changed.
	group    *Group
	number   int
	handlers []Handler
	poller   *poller

	// Owned by the loop.
	listeners     []*listener
	records       *slab.Array[record]
	table         *slab.Array[uint32] // descriptor → number of its record + 1
	busy          []*busy             // what record.busy counts from 1; one for each busy connection
	busyFree      []*busy             // at most busyFreeMax
	deadlines     []deadlines
	again         []ID    // connections with input left to handle in a later turn, each once
	dead          []int32 // closed in this turn, released at its end
	serial        uint32  // of the latest connection
	scratch       []byte
	mail          []Mail // taken from the mailbox
	mailDone      int    // pieces of mail that have been handed out
	nowMs         uint32
	now           time.Time
	acceptRetryMs uint32 // when paused listeners are tried again; 0 if none is paused
	trimMs        uint32 // when memory of closed connections is given back; 0 if there is none
	loggedMs      uint32 // when a failure to accept was last logged
	hot           bool   // the last wait had events
	stopping      bool
	mailDoors     [doorsMax]bool // doors that had mail in this turn
	tableOwn      atomic.Int64   // connections in the loop's private table

	// Shared.
	mailbox  mailbox
	counters counters
}

func newLoop(g *Group, number int) (*Loop, error) {
	p, err := newPoller()
	if err != nil {
		return nil, err
	}
	l := &Loop{
		group:     g,
		number:    number,
		poller:    p,
		records:   slab.NewArray[record](),
		table:     slab.NewArray[uint32](),
		deadlines: make([]deadlines, int(FirstClass)+len(g.options.Timeouts)),
	}
	for i := range l.deadlines {
		l.deadlines[i] = deadlines{first: noConn, last: noConn}
	}
	l.deadlines[classStalled].lengthMs = deadlineMs(g.options.SendTimeout)
	l.deadlines[classLinger].lengthMs = deadlineMs(lingerTimeout)
	for i, t := range g.options.Timeouts {
		l.deadlines[int(FirstClass)+i].lengthMs = deadlineMs(t)
	}
	l.tick()
	for _, d := range g.options.Doors {
		l.handlers = append(l.handlers, d.NewHandler(l))
	}
	return l, nil
}

// Number is the loop's place in its group, from 0.
func (l *Loop) Number() int { return l.number }

// Now is the time at which the current turn began.
func (l *Loop) Now() time.Time { return l.now }

// Seconds is the time at which the current turn began, in whole seconds since the group started.
func (l *Loop) Seconds() int64 { return int64(l.now.Sub(l.group.start) / time.Second) }

// Post sends mail to a door's handler on this loop. Safe for concurrent use; it never waits. Whoever
// posts much must look at MailWaiting, since mail is never dropped before the loop has ended.
func (l *Loop) Post(door int, key uint64, value any) {
	l.post(Mail{Key: key, Value: value, door: uint8(door)})
}

func (l *Loop) post(m Mail) { l.mailbox.post(m, l.poller.wake) }

// MailWaiting is how many pieces of mail wait for the loop. Safe for concurrent use.
func (l *Loop) MailWaiting() int { return int(l.mailbox.length.Load()) }

// run is the loop's goroutine, locked to its thread. It reports on ready when it serves, or why it
// cannot. The thread ends with the goroutine, and a private table with the thread.
func (l *Loop) run(keep []int, ready chan<- error) {
	defer l.group.loopEnded()
	defer l.mailbox.close()
	err := l.open(keep)
	ready <- err
	for err == nil && !l.stopping {
		l.turn()
	}
	l.closeAll()
}

// open makes what the loop needs on its own thread.
func (l *Loop) open(keep []int) error {
	if l.group.private {
		if err := takePrivateTable(keep); err != nil {
			return fmt.Errorf("reactor: loop %d: %w", l.number, err)
		}
	}
	l.scratch = make([]byte, scratchBytes)
	if err := l.poller.open(); err != nil {
		return fmt.Errorf("reactor: loop %d: poller: %w", l.number, err)
	}
	for door, addrs := range l.group.bound {
		for _, a := range addrs {
			if err := l.listen(door, a); err != nil {
				return fmt.Errorf("reactor: loop %d: %s: listen %v: %w", l.number, l.group.options.Doors[door].Name, a.addr, err)
			}
		}
	}
	return nil
}

func (l *Loop) turn() {
	n := l.wait()
	l.tick()
	l.counters.turns.add(1)
	for i := range n {
		l.ready(l.poller.event(i))
	}
	l.goOn()
	l.readMail()
	if l.expire() {
		l.hot = true
	}
	l.retryAccept()
	l.bury()
	if isDue(l.trimMs, l.nowMs) {
		l.trim()
	}
}

func (l *Loop) tick() {
	l.now = time.Now()
	l.nowMs = uint32(l.now.Sub(l.group.start) / time.Millisecond)
}

// wait returns the number of events. A loop that had events just now looks for more without giving
// up its place in the Go scheduler; only when there are none does it go to sleep.
func (l *Loop) wait() int {
	busy := len(l.again) > 0 || l.hot
	l.hot = false
	if busy {
		if n := l.poller.wait(0); n > 0 || len(l.again) > 0 {
			l.hot = n > 0
			return n
		}
	}
	if !l.mailbox.sleep() {
		return 0
	}
	l.tick()
	n := l.poller.wait(l.waitMs())
	l.mailbox.awake()
	l.hot = n > 0
	return n
}

// ready handles one event.
func (l *Loop) ready(e event) {
	switch {
	case e.fd == eventWake:
		l.poller.drainWake()
	case e.fd < 0:
		if i := int(eventListener(e.fd)); i < len(l.listeners) {
			l.accept(l.listeners[i])
		}
	default:
		if c, ok := l.Find(ID{e.fd, e.serial}); ok {
			l.connReady(c, e)
		}
	}
}

// goOn handles the connections that were left with input, at most againPerTurn; the rest keeps its
// order, and those that are added meanwhile come behind it.
func (l *Loop) goOn() {
	n := min(len(l.again), againPerTurn)
	if n == 0 {
		return
	}
	for i := range n {
		if c, ok := l.Find(l.again[i]); ok {
			c.goOn()
		}
	}
	l.again = slices.Delete(l.again, 0, n)
	if len(l.again) == 0 && cap(l.again) > againPerTurn {
		l.again = nil
	}
}

// readMail hands out the mail that has come, at most mailPerTurn pieces; what is left keeps its order.
func (l *Loop) readMail() {
	if l.mailDone == len(l.mail) {
		l.mail, l.mailDone = l.mailbox.take(l.mail), 0
	}
	n := min(len(l.mail)-l.mailDone, mailPerTurn)
	if n == 0 {
		return
	}
	for i := range l.mail[l.mailDone : l.mailDone+n] {
		m := &l.mail[l.mailDone+i]
		l.deliverMail(*m)
		*m = Mail{}
	}
	l.mailDone += n
	l.mailbox.length.Add(int64(-n))
	l.endMail()
}

// endMail tells the handlers that had mail that it was all for this turn.
func (l *Loop) endMail() {
	for door, h := range l.handlers {
		if l.mailDoors[door] {
			l.mailDoors[door] = false
			h.Turn()
		}
	}
}

func (l *Loop) deliverMail(m Mail) {
	if m.door != doorLoop {
		l.mailDoors[m.door] = true
		l.handlers[m.door].Mail(m)
		return
	}
	switch m.Value {
	case stopAccepting:
		l.closeListeners()
	case stopLoop:
		l.stopping = true
	}
}

// bury releases the connections that were closed in this turn. Until then their descriptors are not
// used again, so that nobody who still holds one meets a stranger.
func (l *Loop) bury() {
	if len(l.dead) == 0 {
		return
	}
	for _, fd := range l.dead {
		l.release(fd)
	}
	if cap(l.dead) > deadKeep {
		l.dead = nil
	}
	l.dead = l.dead[:0]
	if l.trimMs == 0 {
		l.trimMs = l.after(trimEvery)
	}
	l.resumeAccept()
}

// closeAll is the end of the loop.
func (l *Loop) closeAll() {
	l.stopping = true
	for i := range l.records.Len() {
		Conn{l, l.records.At(uint32(i)).fd}.Close(ReasonShutdown)
	}
	l.bury()
	l.closeListeners()
	l.records.Free()
	l.table.Free()
	l.countMemory()
	l.poller.close()
}
