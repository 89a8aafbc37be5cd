package reactor

import (
	"errors"
	"fmt"
	"net/netip"
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
	// InputBytesMax bounds what is received of a connection ahead of its handler.
	InputBytesMax int
	// OutputBytesMax bounds what waits for a connection. One reply alone may be larger; a second
	// that does not fit closes the connection with ReasonOutputFull.
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
	// ConnsMax bounds the connections of doors that are not reserved. By default it is ConnsWanted, or
	// what one descriptor table holds if that is more.
	ConnsMax, ConnsWanted int
	// Timeouts are the lengths of the handlers' deadline classes, the first for FirstClass.
	Timeouts []time.Duration
	// SendTimeout is how long a peer may take nothing of the output that waits for it.
	SendTimeout time.Duration
	// Doors are what the loops serve.
	Doors []Door
	// BeforeStart is called when all handlers have been made and no loop runs yet.
	BeforeStart func()
	// Log is told of failures that an operator should know of. It is called from loops, so it must
	// follow the rules of the package comment.
	Log func(text string)
}

// descriptorsReserved are kept free in each table for reserved doors and for the process itself.
const descriptorsReserved = 64

// Group is a number of loops that serve the same doors. Its methods are safe for concurrent use.
type Group struct {
	options Options
	loops   []*Loop
	addrs   [][]netip.AddrPort // by door
	start   time.Time
	private bool

	conns      atomic.Int64 // of doors that are not reserved
	tableConns atomic.Int64 // of all loops that share the process's descriptor table
	ended      chan struct{}
	alive      atomic.Int64
}

// New binds all doors and starts the loops.
func New(o Options) (*Group, error) {
	if len(o.Timeouts) > classesMax-int(FirstClass) {
		return nil, errors.New("reactor: too many deadline classes")
	}
	if o.Log == nil {
		o.Log = func(string) {}
	}
	g := &Group{options: o, start: time.Now(), ended: make(chan struct{})}
	descriptors, err := descriptorLimit()
	if err != nil {
		return nil, err
	}
	g.plan(descriptors)
	if err := g.reserveAddrs(); err != nil {
		return nil, err
	}
	return g, g.startLoops(descriptors)
}

// plan decides how many loops there are and whether their tables are private.
func (g *Group) plan(descriptors int) {
	perTable := descriptors - descriptorsReserved - g.listenerCount()
	if g.options.ConnsMax == 0 {
		g.options.ConnsMax = max(perTable, g.options.ConnsWanted)
	}
	if g.options.Loops == 0 {
		g.options.Loops = defaultLoops()
	}
	if g.options.PrivateTables && canPrivateTables && g.options.ConnsMax > perTable {
		g.private = true
		// The kernel spreads connections by a hash, so that some loops get more than the average.
		g.options.Loops = max(g.options.Loops, g.options.ConnsMax/(perTable-perTable/spareShare)+1)
	}
}

// spareShare is the part of a private table, one in so many, that is left for the unevenness with
// which the kernel spreads connections over loops.
const spareShare = 20

func (g *Group) listenerCount() (n int) {
	for _, d := range g.options.Doors {
		n += len(d.Listen)
	}
	return n
}

// reserveAddrs finds out the port of each address, and whether another process listens there: the
// sockets of the loops share their ports (SO_REUSEPORT), and would do so with a stranger's too.
func (g *Group) reserveAddrs() error {
	for _, d := range g.options.Doors {
		var addrs []netip.AddrPort
		for _, a := range d.Listen {
			free, err := probeAddr(a)
			if err != nil {
				return fmt.Errorf("%s: listen %v: %w", d.Name, a, err)
			}
			addrs = append(addrs, free)
		}
		g.addrs = append(g.addrs, addrs)
	}
	return nil
}

func (g *Group) startLoops(descriptors int) error {
	for i := range g.options.Loops {
		l, err := newLoop(g, i, descriptors)
		if err != nil {
			return errors.Join(err, g.abort())
		}
		g.loops = append(g.loops, l)
	}
	if g.options.BeforeStart != nil {
		g.options.BeforeStart()
	}
	keep := inheritedDescriptors()
	for _, l := range g.loops {
		g.alive.Add(1)
		ready := make(chan error)
		goLocked(func() { l.run(keep, ready) })
		if err := <-ready; err != nil {
			return errors.Join(err, g.abort())
		}
	}
	return nil
}

// abort ends what startLoops has started.
func (g *Group) abort() error {
	if g.alive.Load() == 0 {
		for _, l := range g.loops {
			l.poller.closeWake()
		}
		return nil
	}
	g.Stop()
	return nil
}

// Addrs are the addresses of a door, with the ports that were taken for port 0.
func (g *Group) Addrs(door int) []netip.AddrPort { return g.addrs[door] }

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

// Stop closes all connections and ends the loops, and waits for that. It may be called more than once.
func (g *Group) Stop() {
	for _, l := range g.loops {
		l.post(Mail{door: doorLoop, Value: stopLoop})
	}
	<-g.ended
}

// loopEnded is called by each loop last. The wake-up descriptors of all loops live in the process's
// table and may be used until no loop is left.
func (g *Group) loopEnded() {
	if g.alive.Add(-1) != 0 {
		return
	}
	for _, l := range g.loops {
		l.poller.closeWake()
	}
	close(g.ended)
}
