package reactor

import (
	"fmt"
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
	mailPerTurn     = 2048
	scratchBytes    = 64 << 10
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
	tableMax int64 // descriptors that connections may take in the loop's table
	poller   *poller

	// Owned by the loop.
	listeners     []*listener
	records       *slab.Array[record]
	table         *slab.Array[uint32] // descriptor → number of its record + 1
	busy          []*busy             // what record.busy counts from 1
	busyFree      []uint32
	deadlines     []deadlines
	lingering     map[int32]*linger
	again         []ID    // connections with input left to handle in the next turn
	dead          []int32 // closed in this turn, released at its end
	serial        uint32
	scratch       []byte
	mail          []Mail
	nowMs         uint32
	now           time.Time
	acceptRetryMs uint32 // when paused listeners are tried again; 0 if none is paused
	loggedMs      uint32 // when a failure to accept was last logged
	hot           bool   // the last wait had events
	stopping      bool
	mailDoors     [classesMax]bool // doors that had mail in this turn

	// Shared.
	mailbox  mailbox
	counters counters
}

func newLoop(g *Group, number, descriptors int) (*Loop, error) {
	p, err := newPoller()
	if err != nil {
		return nil, err
	}
	l := &Loop{
		group:     g,
		number:    number,
		poller:    p,
		tableMax:  int64(descriptors - g.listenerCount() - g.options.Loops - descriptorsOwn),
		records:   slab.NewArray[record](),
		table:     slab.NewArray[uint32](),
		lingering: map[int32]*linger{},
		deadlines: make([]deadlines, int(FirstClass)+len(g.options.Timeouts)),
	}
	for i := range l.deadlines {
		l.deadlines[i] = deadlines{first: noConn, last: noConn}
	}
	l.deadlines[classStalled].lengthMs = uint32(g.options.SendTimeout.Milliseconds())
	l.deadlines[classLinger].lengthMs = uint32(lingerTimeout.Milliseconds())
	for i, t := range g.options.Timeouts {
		l.deadlines[int(FirstClass)+i].lengthMs = uint32(t.Milliseconds())
	}
	l.tick()
	for _, d := range g.options.Doors {
		l.handlers = append(l.handlers, d.NewHandler(l))
	}
	return l, nil
}

// descriptorsOwn is what a table holds besides connections, listening sockets and wake-ups: standard
// streams, the Go runtime's poller, the loop's own, and log files.
const descriptorsOwn = 16

// Number is the loop's place in its group, from 0.
func (l *Loop) Number() int { return l.number }

// Now is the time at which the current turn began.
func (l *Loop) Now() time.Time { return l.now }

// Seconds is the time at which the current turn began, in whole seconds since the group started.
func (l *Loop) Seconds() int64 { return int64(l.now.Sub(l.group.start) / time.Second) }

// Seconds is the time since the group started in whole seconds.
func (g *Group) Seconds() int64 { return int64(time.Since(g.start) / time.Second) }

// Post sends mail to a door's handler on this loop. Safe for concurrent use; it never waits. Whoever
// posts much must look at MailWaiting, since mail is never dropped before the loop has ended.
func (l *Loop) Post(door int, key uint64, value any) {
	l.post(Mail{Key: key, Value: value, door: uint8(door)})
}

func (l *Loop) post(m Mail) {
	if l.mailbox.post(m) {
		l.poller.wake()
	}
}

// MailWaiting is how many pieces of mail wait for the loop. Safe for concurrent use.
func (l *Loop) MailWaiting() int { return int(l.mailbox.length.Load()) }

// run is the loop's goroutine, locked to its thread. It reports on ready when it serves, or why it
// cannot.
func (l *Loop) run(keep []int, ready chan<- error) {
	defer l.group.loopEnded()
	defer l.mailbox.close()
	if err := l.open(keep); err != nil {
		l.poller.close()
		ready <- fmt.Errorf("reactor: loop %d: %w", l.number, err)
		return
	}
	ready <- nil
	for !l.stopping {
		l.turn()
	}
	l.closeAll()
}

// open makes what the loop needs on its own thread.
func (l *Loop) open(keep []int) error {
	if l.group.private {
		if err := takePrivateTable(keep); err != nil {
			return err
		}
	}
	l.scratch = make([]byte, scratchBytes)
	if err := l.poller.open(); err != nil {
		return err
	}
	for door, addrs := range l.group.addrs {
		for _, a := range addrs {
			if err := l.listen(door, a); err != nil {
				return fmt.Errorf("listen %v: %w", a, err)
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
	switch e.kind {
	case eventWake:
		l.poller.drainWake()
	case eventListener:
		if int(e.fd) < len(l.listeners) {
			l.accept(l.listeners[e.fd])
		}
	case eventConn:
		l.connReady(Conn{l, e.fd}, e)
	}
}

// goOn handles the connections that were left with input in the turn before.
func (l *Loop) goOn() {
	if len(l.again) == 0 {
		return
	}
	again := l.again
	l.again = nil
	for _, id := range again {
		if c, ok := l.Find(id); ok {
			c.goOn()
		}
	}
	if l.again == nil {
		l.again = again[:0]
	}
}

// readMail hands out the mail that has come, at most mailPerTurn pieces; what is left keeps its order.
func (l *Loop) readMail() {
	if len(l.mail) == 0 {
		l.mail = l.mailbox.take(l.mail)
	}
	n := min(len(l.mail), mailPerTurn)
	for i := range n {
		l.deliverMail(l.mail[i])
		l.mail[i] = Mail{}
	}
	if n == 0 {
		return
	}
	l.mail = l.mail[n:]
	l.mailbox.length.Add(int64(-n))
	for door, h := range l.handlers {
		if l.mailDoors[door] {
			l.mailDoors[door] = false
			h.Turn()
		}
	}
	if len(l.mail) > 0 {
		l.hot = true
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
	if cap(l.dead) > eventsPerTurn {
		l.dead = nil
	}
	l.dead = l.dead[:0]
	l.resumeAccept()
}

// closeAll is the end of the loop.
func (l *Loop) closeAll() {
	for i := range l.records.Len() {
		Conn{l, l.records.At(uint32(i)).fd}.Close(ReasonShutdown)
	}
	l.bury()
	l.closeListeners()
	l.records.Free()
	l.table.Free()
	l.poller.close()
}
