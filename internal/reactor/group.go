package reactor

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Door is one way into a group: some listening addresses and the handler of what comes in there.
type Door struct {
	// Name is used in errors.
	Name string
	// Listen are the addresses to listen on. Port 0 takes a free port; see Group.Addrs. A door
	// without addresses is for dialling.
	Listen []netip.AddrPort
	// NewHandler makes the handler for one loop, on the goroutine that calls New.
	NewHandler func(l *Loop) Handler
	// WantPeer asks for the peer's address in Handler.Open.
	WantPeer bool
	// Reserved lets the door use the descriptors that are set aside, and is not counted against
	// Options.ConnsMax, so that it stays open when the other doors are full.
	Reserved bool
	// InputBytesMax bounds what is received of a connection ahead of its handler: while so much waits
	// no more is read, and one read takes at most 64 KB. 64 KB by default.
	InputBytesMax int
	// OutputBytesMax bounds what waits for a connection. One reply alone may be larger; a second
	// that does not fit closes the connection with ReasonOutputFull. 256 KB by default.
	OutputBytesMax int
}

// Options say how to build a group. The zero value of a field takes its default.
type Options struct {
	// Loops is the number of loops; by default one for each processor, and more where private
	// tables need them.
	Loops int
	// PrivateTables lets loops have descriptor tables of their own when ConnsMax does not fit into
	// one table. Linux only.
	PrivateTables bool
	// ConnsMax bounds the connections that are accepted by doors that are not reserved. By default it is
	// ConnsWanted, or what one descriptor table holds if that is more.
	ConnsMax, ConnsWanted int
	// Timeouts are the lengths of the handlers' deadline classes, the first for FirstClass. They hold to
	// the millisecond. A class of length 0 has no deadline.
	Timeouts []time.Duration
	// SendTimeout is how long a peer may take nothing of the output that waits for it. 30 s by
	// default.
	SendTimeout time.Duration
	// Doors are what the loops serve.
	Doors []Door
	// BeforeStart is called when all handlers have been made and no loop runs yet, so that what it
	// sets is there for them. New returns the same group later, when they serve already.
	BeforeStart func(g *Group)
	// Log is told of failures that an operator should know of. It is called from loops, so it must
	// follow the rules of the package comment.
	Log func(text string)
}

// What a table of descriptors holds besides connections, the loops' pollers, wake-ups and listening
// sockets: the standard streams, the Go runtime's poller, log files; and what is kept free for reserved
// doors and for the process itself.
const (
	descriptorsOwn      = 16
	descriptorsReserved = 64
)

// doorsMax bounds the number of doors of a group, and loopsMax that of its loops.
const (
	doorsMax = 16
	loopsMax = 4096
)

// Defaults of fields that are zero.
const (
	sendTimeout    = 30 * time.Second
	inputBytesMax  = 64 << 10
	outputBytesMax = 256 << 10
)

// Group is a number of loops that serve the same doors. Its methods are safe for concurrent use.
type Group struct {
	// Set before the loops start, never changed.
	options  Options
	loops    []*Loop
	bound    [][]*boundAddr // by door
	start    time.Time
	private  bool
	tableMax int64 // connections that a descriptor table has room for, with those of reserved doors

	conns      atomic.Int64 // of doors that are not reserved
	tableConns atomic.Int64 // of all loops that share the process's descriptor table
	alive      atomic.Int64 // loops that run
	ended      chan struct{}
	wakes      sync.Once // closes the wake-ups
}

// New binds all doors and starts the loops. When it fails nothing is left running or open.
func New(o Options) (*Group, error) {
	if len(o.Timeouts) > classesMax-int(FirstClass) {
		return nil, errors.New("reactor: too many deadline classes")
	}
	if len(o.Doors) > doorsMax {
		return nil, errors.New("reactor: too many doors")
	}
	g := &Group{options: o.withDefaults(), start: time.Now(), ended: make(chan struct{})}
	readyRuntime()
	descriptors, err := descriptorLimit()
	if err != nil {
		return nil, err
	}
	if err := g.plan(descriptors); err != nil {
		return nil, err
	}
	defer g.releaseAddrs()
	if err := g.bindAddrs(); err != nil {
		return nil, err
	}
	if err := g.makeLoops(); err != nil {
		return nil, err
	}
	if err := g.startLoops(); err != nil {
		return nil, err
	}
	return g, nil
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = func(string) {}
	}
	o.Loops = cmp.Or(o.Loops, defaultLoops())
	o.SendTimeout = cmp.Or(o.SendTimeout, sendTimeout)
	o.Doors = slices.Clone(o.Doors)
	for i := range o.Doors {
		d := &o.Doors[i]
		d.InputBytesMax = cmp.Or(d.InputBytesMax, inputBytesMax)
		d.OutputBytesMax = cmp.Or(d.OutputBytesMax, outputBytesMax)
	}
	return o
}

// plan decides how many loops there are, whether their tables are private, and how many connections
// there may be.
func (g *Group) plan(descriptors int) error {
	o := &g.options
	loops, wanted := o.Loops, o.ConnsMax == 0
	g.tableMax = g.connsPerTable(descriptors)
	perTable := int(g.tableMax - descriptorsReserved)
	if wanted {
		o.ConnsMax = max(perTable, o.ConnsWanted)
	}
	if o.PrivateTables && canPrivateTables && o.ConnsMax > perTable {
		g.private = g.addLoops(descriptors)
		if !g.private && wanted && perTable > 0 {
			o.Log(fmt.Sprintf("a limit of %d open files is too low for %d connections: at most %d will be accepted",
				descriptors, o.ConnsMax, perTable))
			o.Loops, o.ConnsMax = loops, perTable
			g.tableMax = g.connsPerTable(descriptors)
			return nil
		}
	}
	if o.Loops > loopsMax || g.tableMax <= descriptorsReserved {
		return fmt.Errorf("reactor: a limit of %d open files is too low for %d connections", descriptors, o.ConnsMax)
	}
	return nil
}

// addLoops takes as many loops as it needs to hold ConnsMax connections in private tables, and tells whether
// that is possible. Each loop takes a descriptor, its wake-up, in the tables of all.
func (g *Group) addLoops(descriptors int) bool {
	g.private = true // connsPerTable depends on it
	for o := &g.options; o.Loops <= loopsMax; o.Loops++ {
		g.tableMax = g.connsPerTable(descriptors)
		perTable := int(g.tableMax - descriptorsReserved)
		if perTable > 0 && o.Loops*(perTable-spare(perTable)) >= o.ConnsMax {
			return true
		}
	}
	g.private = false
	return false
}

// spare is the part of a private table that is left for the unevenness with which the kernel spreads
// connections over loops, by a hash: five times the standard deviation of a loop's share.
func spare(perTable int) int { return int(5 * math.Sqrt(float64(perTable))) }

// connsPerTable is how many connections fit into one table.
func (g *Group) connsPerTable(descriptors int) int64 {
	listening := 0
	for _, d := range g.options.Doors {
		listening += len(d.Listen)
	}
	pollers := 1
	if !g.private {
		pollers = g.options.Loops
	}
	return int64(descriptors - descriptorsOwn - g.options.Loops - pollers*(1+listening))
}

// bindAddrs takes the addresses of all doors.
func (g *Group) bindAddrs() error {
	for _, d := range g.options.Doors {
		var bound []*boundAddr
		for _, a := range d.Listen {
			b, err := bindAddr(a)
			if err != nil {
				g.bound = append(g.bound, bound)
				return fmt.Errorf("reactor: %s: listen %v: %w", d.Name, a, err)
			}
			bound = append(bound, b)
		}
		g.bound = append(g.bound, bound)
	}
	return nil
}

// releaseAddrs leaves the addresses to the loops that listen on them.
func (g *Group) releaseAddrs() {
	for _, door := range g.bound {
		for _, b := range door {
			b.release()
		}
	}
}

// makeLoops makes the loops, and with them all handlers.
func (g *Group) makeLoops() error {
	for i := range g.options.Loops {
		l, err := newLoop(g, i)
		if err != nil {
			g.closeWakes()
			return fmt.Errorf("reactor: loop %d: %w", i, err)
		}
		g.loops = append(g.loops, l)
	}
	if g.options.BeforeStart != nil {
		g.options.BeforeStart(g)
	}
	return nil
}

// startLoops starts the loops one after the other. If one cannot start, it ends those that have.
func (g *Group) startLoops() error {
	var keep []int
	if g.private {
		keep = inheritedDescriptors()
	}
	ready := make(chan error)
	g.alive.Store(1) // for this goroutine, until all have started
	for i, l := range g.loops {
		g.alive.Add(1)
		goLocked(func() { l.run(keep, ready) })
		if err := <-ready; err != nil {
			g.stopLoops(g.loops[:i])
			g.loopEnded()
			g.awaitEnd()
			return err
		}
	}
	g.loopEnded()
	return nil
}

// stopLoops asks loops to end.
func (g *Group) stopLoops(loops []*Loop) {
	for _, l := range loops {
		l.post(Mail{door: doorLoop, Value: stopLoop})
	}
}

// Addrs are the addresses of a door, with the ports that were taken for port 0.
func (g *Group) Addrs(door int) (addrs []netip.AddrPort) {
	for _, b := range g.bound[door] {
		addrs = append(addrs, b.addr)
	}
	return addrs
}

// Seconds is the time since the group started in whole seconds.
func (g *Group) Seconds() int64 { return int64(time.Since(g.start) / time.Second) }

// Loops are the loops, in the order of Loop.Number.
func (g *Group) Loops() []*Loop { return g.loops }

// PrivateTables tells whether each loop has a descriptor table of its own.
func (g *Group) PrivateTables() bool { return g.private }

// ConnsMax is the bound on connections that is in force.
func (g *Group) ConnsMax() int { return g.options.ConnsMax }

// StopAccepting closes the listening sockets of all loops. It does not wait.
func (g *Group) StopAccepting() {
	for _, l := range g.loops {
		l.post(Mail{door: doorLoop, Value: stopAccepting})
	}
}

// Stop closes all connections and ends the loops, and waits for that. Mail that was posted before is
// handed out first. It may be called more than once, and not on a loop.
func (g *Group) Stop() {
	g.stopLoops(g.loops)
	g.awaitEnd()
}

// loopEnded is called by each loop last.
func (g *Group) loopEnded() {
	if g.alive.Add(-1) == 0 {
		close(g.ended)
	}
}

// awaitEnd waits until no loop is left, and closes their wake-ups, which may be used until then. These live in
// the process's table, so that a loop with a table of its own cannot close them.
func (g *Group) awaitEnd() {
	<-g.ended
	g.wakes.Do(g.closeWakes)
}

func (g *Group) closeWakes() {
	for _, l := range g.loops {
		l.poller.closeWake()
	}
}
