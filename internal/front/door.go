package front

import (
	"net/http"
	"net/netip"
	"time"

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
	// ReplayBytesMax bounds the history that is sent to a subscriber in one go.
	ReplayBytesMax int
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
	sessions  *slab.Array[session]
	heads     slab.Index // channel → descriptor of its first session
	callbacks callbacks
	pending   []pending
	grouped   map[hub.ChannelID]int32 // while grouping: the last pending delivery of a channel
	draining  bool
	scratch   scratch
}

// scratch are buffers that live for one call.
type scratch struct {
	name    []byte
	token   []byte
	frame   []byte
	entries []hub.Entry
	run     []*hub.Message
	frames  [slots][]byte
}

// New returns the door number on loop l. h is the handler that it serves for.
func New(l *reactor.Loop, number int, h *httploop.Handler, o Options) *Door {
	return &Door{
		options: o, loop: l, number: number, http: h,
		sessions: slab.NewArray[session](),
		grouped:  map[hub.ChannelID]int32{},
	}
}

// Open implements httploop.Service.
func (d *Door) Open(netip.AddrPort) uint32 { return 0 }

// Expired implements httploop.Service: a subscriber was sent nothing for long.
func (d *Door) Expired(c reactor.Conn, _ reactor.Class) { d.sendNoop(c) }

// Drained implements httploop.Service: a slow subscriber has caught up with its output.
func (d *Door) Drained(c reactor.Conn) {
	c.SetDeadline(classNoop)
	if d.session(c.Fd()).flags&sessionBehind != 0 {
		d.readOn(c)
	}
}

// EOF implements httploop.Service: a subscriber that half-closes counts as gone.
func (d *Door) EOF(c reactor.Conn) { c.Close(reactor.ReasonPeerClosed) }

// Closed implements httploop.Service.
func (d *Door) Closed(c reactor.Conn, _ reactor.Reason) { d.remove(c) }

// Free gives the memory of the door back. The loop must have ended.
func (d *Door) Free() {
	d.sessions.Free()
	d.heads.Free()
}

// now is the hub's clock.
func (d *Door) now() int64 { return d.loop.Seconds() }

// encoderOf returns the encoder of a session, which for a poll depends on its callback.
func (d *Door) encoderOf(s *session) delivery.Encoder {
	if s.callback != 0 {
		return delivery.JSONP{Callback: d.callbacks.names[s.callback-1]}
	}
	return delivery.Of(s.kind)
}
