package front

import (
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/icomet/icomet/internal/auth"
	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/httploop"
	"github.com/icomet/icomet/internal/hub"
	"github.com/icomet/icomet/internal/reactor"
	"github.com/icomet/icomet/internal/slab"
)

// classNoop is the deadline of a subscriber that is sent nothing else; its length is
// Options.PollingTimeout.
const classNoop = httploop.ClassService

// mailWaitingMax is how many messages may wait for one loop before publishers are told to come back
// later.
const mailWaitingMax = 1 << 16

// Options are the same for all loops.
type Options struct {
	Hub *hub.Hub
	// Tokens demands the token of the channel from subscribers.
	Tokens bool
	// PollingTimeout is the time after which a subscriber that was sent nothing gets a noop.
	PollingTimeout time.Duration
	// OutputBytesMax bounds the history that is sent to a subscriber in one go, and what may wait for a
	// subscriber of v1 before messages are left to be read from the history later.
	OutputBytesMax int
	// ChannelsMax is how many channels one subscriber may have, at most ChannelsLimit.
	ChannelsMax int
	// Access says who may come.
	Access Access
	// Presence are the channels whose members are known.
	Presence auth.Patterns
	// ClientIDs lets clients say who they are.
	ClientIDs bool
	// Home serves all other paths; nil for none.
	Home http.Handler
}

// Door is the public door on one loop.
type Door struct {
	Counters Counters

	// Set before use, never changed.
	options Options
	loop    *reactor.Loop
	number  int // of the door in its group
	http    *httploop.Handler

	// Owned by the loop.
	subscribers   *slab.Array[subscriber]
	subscriptions *slab.Array[subscription]
	heads         slab.Index // channel → its first subscription
	removals      uint64     // subscriptions ended so far: what was known by number may have moved since
	callbacks     callbacks
	identities    identities
	grants        grants
	expiries      expiries
	followers     followers
	walks         walks
	audience      map[hub.ChannelID]uint32 // how many subscriptions of a channel want joins and leaves
	pending       []pending
	grouped       map[hub.ChannelID]int32 // while grouping: the last pending delivery of a channel
	draining      bool
	coming        coming // while an event stream begins
	scratch       scratch

	expiring atomic.Int64 // length of expiries
}

// scratch are buffers that live for one call.
type scratch struct {
	name    []byte
	token   []byte
	frame   []byte
	entries []hub.Entry
	run     []*hub.Message
	frames  [slots][]byte
	wants   []want
	texts   []byte
	targets []target
	talk    talk
}

// New returns the door number on loop l. h is the handler that it serves for.
func New(l *reactor.Loop, number int, h *httploop.Handler, o Options) *Door {
	return &Door{
		options: o, loop: l, number: number, http: h,
		subscribers: slab.NewArray[subscriber](), subscriptions: slab.NewArray[subscription](),
		grouped: map[hub.ChannelID]int32{}, identities: identities{}, grants: grants{}, audience: map[hub.ChannelID]uint32{},
		followers: followers{byFd: map[int32]*follower{}},
	}
}

// Open implements httploop.Service.
func (d *Door) Open(netip.AddrPort) uint32 { return 0 }

// Expired implements httploop.Service: a subscriber was sent nothing for long.
func (d *Door) Expired(c reactor.Conn, _ reactor.Class) { d.sendNoop(c) }

// Drained implements httploop.Service: a slow subscriber has caught up with its output.
func (d *Door) Drained(c reactor.Conn) {
	if d.isAsking(c) {
		return
	}
	d.readOn(c)
	if !c.Dead() {
		d.bringBacklog(c)
	}
	if !c.Dead() && c.InputWaiting() > 0 {
		c.Resume() // commands of a WebSocket
	}
}

// EOF implements httploop.Service: a subscriber that half-closes counts as gone.
func (d *Door) EOF(c reactor.Conn) { c.Close(reactor.ReasonPeerClosed) }

// Closed implements httploop.Service.
func (d *Door) Closed(c reactor.Conn, _ reactor.Reason) { d.removeSubscriber(c) }

// Free gives the memory of the door back. The loop must have ended.
func (d *Door) Free() {
	d.subscribers.Free()
	d.subscriptions.Free()
	d.heads.Free()
}

// now is the hub's clock.
func (d *Door) now() int64 { return d.loop.Seconds() }

// encoderOf returns the encoder of a subscriber, which for a poll depends on its callback.
func (d *Door) encoderOf(s *subscriber) delivery.Encoder {
	if s.callback != 0 {
		return delivery.JSONP{Callback: d.callbacks.names[s.callback-1]}
	}
	return delivery.Of(s.kind)
}
