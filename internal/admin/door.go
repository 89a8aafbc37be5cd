package admin

import (
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"

	"github.com/icomet/icomet/internal/httploop"
	"github.com/icomet/icomet/internal/hub"
	"github.com/icomet/icomet/internal/reactor"
)

// Options are the same for all loops.
type Options struct {
	Hub *hub.Hub
	// Version is told in the Server header and by /info.
	Version string
	// Allowed tells whether a peer may use the door.
	Allowed func(netip.Addr) bool
	// PollingTimeout is told to clients by /sign, in seconds.
	PollingTimeout int
	// Broadcaster does the broadcasts of all loops.
	Broadcaster *Broadcaster
	// Mounts are other handlers by path; a path that ends with "/" stands for all below it.
	Mounts map[string]http.Handler
	// Log is told of refused addresses. It must not block.
	Log func(text string)
}

// Counters are counted on one loop and read by anybody.
type Counters struct {
	Published  atomic.Uint64 // messages that got a number
	Refused    atomic.Uint64 // requests from addresses that are not allowed
	Overloaded atomic.Uint64 // publishes refused with 503
	Watchers   atomic.Int64  // /psub connections now
	Missed     atomic.Uint64 // /psub connections closed since presence came faster than they read

	// Of /v1/publish.
	Items     atomic.Uint64          // items read
	Repeated  atomic.Uint64          // publications that a key had been used for before
	Abandoned atomic.Uint64          // requests given up in the middle since the client had gone
	Errors    [Reasons]atomic.Uint64 // items, channels of items, and whole requests that were refused
}

// Door is the private door on one loop.
type Door struct {
	Counters Counters

	// Set before use, never changed.
	options Options
	loop    *reactor.Loop
	number  int // of the door in its group
	http    *httploop.Handler
	server  string // the Server header line

	// Owned by the loop.
	watchers watchers
	batches  batches
	draining bool
	scratch  scratch

	missing atomic.Bool // presence has been dropped, and the watchers have not been closed yet
}

// scratch are buffers that live for one call.
type scratch struct {
	name, content, out []byte
	batch              batch
}

// New returns the door number on loop l. h is the handler that it serves for.
func New(l *reactor.Loop, number int, h *httploop.Handler, o Options) *Door {
	return &Door{options: o, loop: l, number: number, http: h, server: "Server: icomet " + o.Version + "\r\n"}
}

// What Open keeps with a connection.
const (
	peerRefused uint32 = iota
	peerAllowed
)

// Open implements httploop.Service.
func (d *Door) Open(peer netip.AddrPort) uint32 {
	if d.options.Allowed(peer.Addr().Unmap()) {
		return peerAllowed
	}
	d.options.Log("admin: address not allowed: " + peer.Addr().String())
	return peerRefused
}

// Expired implements httploop.Service. Nothing that is held here has a deadline.
func (d *Door) Expired(reactor.Conn, reactor.Class) {}

// EOF implements httploop.Service: a watcher that half-closes is gone; others still get their answer.
func (d *Door) EOF(c reactor.Conn) {
	if d.watchers.has(c.Fd()) {
		c.Close(reactor.ReasonPeerClosed)
	}
}

// Closed implements httploop.Service.
func (d *Door) Closed(c reactor.Conn, _ reactor.Reason) {
	if d.watchers.has(c.Fd()) {
		d.removeWatcher(c)
	}
}

// drain is mail that ends what is held and refuses what comes.
type drain struct{ done chan<- struct{} }

// Drain refuses all further requests and ends the answers that never end, for a server that stops. It
// does not wait: done is closed when the loop has got so far, and what it had begun to publish is
// published, but for broadcasts that were accepted before (Broadcaster.Pending).
// Safe for concurrent use.
func (d *Door) Drain() (done <-chan struct{}) {
	c := make(chan struct{})
	d.loop.Post(d.number, 0, drain{c})
	return c
}

// Mail implements httploop.Service.
func (d *Door) Mail(m reactor.Mail) {
	switch v := m.Value.(type) {
	case *presence:
		d.watchers.pending = append(d.watchers.pending, v)
	case *job:
		d.answerBroadcast(v)
	case missed:
		d.closeWatchers()
	case batchTurn:
		d.nextBatch()
	case drain:
		d.draining = true
		d.endWatchers()
		d.batches.drain(v.done)
	}
}

// Turn implements httploop.Service.
func (d *Door) Turn() { d.tellWatchers() }

// mounted finds the handler that serves path, if any does.
func (d *Door) mounted(path string) http.Handler {
	if h, ok := d.options.Mounts[path]; ok {
		return h
	}
	for prefix, h := range d.options.Mounts {
		if strings.HasSuffix(prefix, "/") && strings.HasPrefix(path, prefix) {
			return h
		}
	}
	return nil
}
