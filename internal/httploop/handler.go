package httploop

import (
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/icomet/icomet/internal/http1"
	"github.com/icomet/icomet/internal/reactor"
)

// The deadline classes of a connection. Services have those from ClassService on.
const (
	classIdle = reactor.FirstClass + iota // no request has begun
	classHead                             // a request head has begun
	classBody                             // a request body has begun
	// ClassService is the first class that is free for services.
	ClassService
)

// Timeouts bound the phases of a request.
type Timeouts struct {
	Idle time.Duration // between connections or answers and the first byte of a request
	Head time.Duration // from the first byte of a request to the end of its head
	Body time.Duration // from the end of the head to the end of the body
}

// Classes are the lengths of all deadline classes, for reactor.Options: those of this package, then
// those of services.
func (t Timeouts) Classes(services ...time.Duration) []time.Duration {
	return append([]time.Duration{t.Idle, t.Head, t.Body}, services...)
}

// InputBytesMax is the bound on unused input for doors with these limits: a request head.
func InputBytesMax(limits *http1.Limits) int { return limits.HeadBytesMax }

// endlessInputMax bounds what a client may send behind a request whose answer never ends. It is
// thrown away, since it can never be answered.
const endlessInputMax = 64 << 10

// outKeep bounds the reply buffer that a handler keeps between turns, and outFlush is where pipelined
// answers are sent without waiting for more of them.
const (
	outKeep  = 64 << 10
	outFlush = 64 << 10
)

// Service is what a door does with requests on one loop. All methods run on the loop's goroutine.
type Service interface {
	// Serve answers x, or holds it with x.Hold. x and all it holds are only good until Serve returns.
	Serve(x *Exchange)

	// Open is told of each connection, and may return 32 bits to keep with it (Exchange.User).
	Open(peer netip.AddrPort) (user uint32)

	// Expired, Drained, EOF and Closed are those of reactor.Handler, for held exchanges only.
	// After Closed the exchange is over.
	Expired(c reactor.Conn, class reactor.Class)
	Drained(c reactor.Conn)
	EOF(c reactor.Conn)
	Closed(c reactor.Conn, reason reactor.Reason)

	// Mail and Turn are those of reactor.Handler.
	Mail(m reactor.Mail)
	Turn()
}

// Upgrader is a Service that takes connections over (Exchange.Upgrade).
type Upgrader interface {
	// Data is that of reactor.Handler, for connections that were upgraded.
	Data(c reactor.Conn, in []byte) (used int)
}

// Counters are counted on one loop and read by anybody.
type Counters struct {
	Requests  atomic.Uint64    // whole requests served
	Answers   [6]atomic.Uint64 // by first digit of the status
	Malformed atomic.Uint64    // requests refused by the parser
}

// Handler is the reactor.Handler of a door on one loop.
type Handler struct {
	Counters Counters

	// Set before use, never changed.
	loop     *reactor.Loop
	door     int
	limits   *http1.Limits
	service  Service
	upgrader Upgrader // the service, if it is one
	bridges  *Bridges

	// Owned by the loop.
	x    Exchange
	date http1.Date
}

// New returns the handler of a door on loop l. limits are shared and must not change. Start must be
// called before the first connection.
func New(l *reactor.Loop, door int, limits *http1.Limits, bridges *Bridges) *Handler {
	h := &Handler{loop: l, door: door, limits: limits, bridges: bridges}
	h.x.handler = h
	return h
}

// Start names the service.
func (h *Handler) Start(s Service) {
	h.service = s
	h.upgrader, _ = s.(Upgrader)
}

// The eight bits of state that a connection's record keeps.
const (
	phaseIdle    uint8 = iota // nothing of a request is here
	phaseRequest              // part of a request is here
	phaseHeld                 // a service answers later
	phaseMask    uint8 = 3

	stateKeepAlive uint8 = 1 << 2 // of the held exchange: the connection goes on after it
	stateChunked   uint8 = 1 << 3 // of the held exchange: the body is chunked, else it ends with the connection
	stateEndless   uint8 = 1 << 4 // of the held exchange: it will not end by itself
	stateBridged   uint8 = 1 << 5 // of the held exchange: a Bridge answers
	stateUpgraded  uint8 = 1 << 6 // of the held exchange: it speaks another protocol from now on
)

func phase(c reactor.Conn) uint8 { return c.State() & phaseMask }

func isUpgraded(c reactor.Conn) bool {
	return c.State()&(phaseMask|stateUpgraded) == phaseHeld|stateUpgraded
}

func isEndless(c reactor.Conn) bool {
	return c.State()&(phaseMask|stateEndless) == phaseHeld|stateEndless
}

// Open implements reactor.Handler.
func (h *Handler) Open(c reactor.Conn, peer netip.AddrPort) {
	c.SetUser(h.service.Open(peer))
	c.SetDeadline(classIdle)
}

// Data implements reactor.Handler: it serves the requests in in, as far as they are complete.
func (h *Handler) Data(c reactor.Conn, in []byte) (used int) {
	if isUpgraded(c) {
		return h.upgrader.Data(c, in)
	}
	h.x.conn = c
	if isEndless(c) {
		h.discard(c, len(in))
		return len(in)
	}
	for used < len(in) && phase(c) != phaseHeld && c.OutputWaiting() == 0 {
		n := h.next(c, in[used:])
		used += n
		if n == 0 || c.Dead() || h.x.closing {
			break
		}
		if len(h.x.out) > outFlush {
			h.flush(c)
		}
	}
	h.flush(c)
	if h.x.closing {
		h.x.closing = false
		c.Finish(h.x.closeReason, h.x.closeReason == reactor.ReasonBadRequest || used < len(in))
		return len(in)
	}
	if isEndless(c) && used < len(in) {
		h.discard(c, len(in)-used)
		return len(in)
	}
	if isUpgraded(c) && used < len(in) {
		c.Resume()
	}
	if c.EOF() && !c.Dead() {
		h.EOF(c) // these requests came up after the peer had finished
	}
	return used
}

// next serves one request at the front of in and returns its length, 0 if it is not complete.
func (h *Handler) next(c reactor.Conn, in []byte) (used int) {
	if p, ok := c.Value().(*partial); ok {
		return h.moreBody(c, p, in)
	}
	done, _ := c.Value().(scanned)
	end, next, err := http1.ScanHead(in, int(done), h.limits)
	if err != nil {
		return h.malformed(c, err, len(in))
	}
	if end == 0 {
		h.await(c, scanned(next))
		return 0
	}
	c.SetValue(nil)
	return h.head(c, in, end)
}

// await notes how far the head of a request has been searched.
func (h *Handler) await(c reactor.Conn, done scanned) {
	c.SetValue(done)
	if phase(c) == phaseIdle {
		c.SetState(phaseRequest)
		c.SetDeadline(classHead)
	}
}

// head takes a request whose head is complete.
func (h *Handler) head(c reactor.Conn, in []byte, end int) (used int) {
	x := &h.x
	if err := http1.Parse(in[:end], &x.Request, h.limits); err != nil {
		return h.malformed(c, err, len(in))
	}
	if !x.Request.HasBody() {
		x.Body = nil
		h.serve(c)
		return end
	}
	if n := x.Request.ContentLength; !x.Request.Chunked && n <= int64(len(in)-end) {
		x.Body = in[end : end+int(n)]
		h.serve(c)
		return end + int(n)
	}
	return h.beginBody(c, in, end)
}

func (h *Handler) serve(c reactor.Conn) {
	h.Counters.Requests.Add(1)
	c.SetState(phaseIdle)
	h.x.begin(c)
	h.service.Serve(&h.x)
	if phase(c) != phaseHeld && !c.Dead() {
		c.SetDeadline(classIdle)
	}
}

// malformed answers a request that breaks the protocol, and closes: what follows cannot be trusted.
func (h *Handler) malformed(c reactor.Conn, err error, length int) (used int) {
	h.Counters.Malformed.Add(1)
	e, ok := err.(*http1.Error)
	if !ok {
		e = http1.ErrRequestLine
	}
	h.refuse(c, e.Status, e.Reason, reactor.ReasonBadRequest)
	return length
}

// refuse answers outside of any request, and closes.
func (h *Handler) refuse(c reactor.Conn, status int, text string, reason reactor.Reason) {
	x := &h.x
	x.begin(c)
	x.Request = http1.Request{Minor: 1}
	x.Status(status)
	x.Header("Content-Type", "text/plain; charset=utf-8")
	x.End(text + "\n")
	x.closeReason = reason
}

// flush sends the answers gathered in this turn.
func (h *Handler) flush(c reactor.Conn) {
	if len(h.x.out) > 0 {
		c.Write(h.x.out)
	}
	if cap(h.x.out) > outKeep {
		h.x.out = nil
	}
	h.x.out = h.x.out[:0]
}

// discard counts input that nobody will ever read.
func (h *Handler) discard(c reactor.Conn, n int) {
	e, _ := c.Value().(*excess)
	if e == nil {
		e = &excess{}
		c.SetValue(e)
	}
	if e.bytes += n; e.bytes > endlessInputMax {
		c.Close(reactor.ReasonInputFull)
	}
}

// excess counts what a client sent behind a request whose answer never ends.
type excess struct{ bytes int }

// EOF implements reactor.Handler.
func (h *Handler) EOF(c reactor.Conn) {
	switch {
	case c.State()&stateBridged != 0:
		// The answer may still be read.
	case phase(c) == phaseHeld:
		h.service.EOF(c)
	case c.OutputWaiting() > 0 && c.InputWaiting() > 0:
		// More requests wait for their answers.
	default:
		c.Finish(reactor.ReasonPeerClosed, false)
	}
}

// Drained implements reactor.Handler.
func (h *Handler) Drained(c reactor.Conn) {
	switch {
	case c.State()&stateBridged != 0:
		c.Value().(*bridge).drained()
	case phase(c) == phaseHeld:
		h.service.Drained(c)
	default:
		h.goOn(c)
	}
}

// goOn lets a connection whose answer is out take the next request.
func (h *Handler) goOn(c reactor.Conn) {
	p, _ := c.Value().(*partial)
	switch {
	case phase(c) == phaseIdle:
		c.SetDeadline(classIdle)
	case p != nil && p.head != nil:
		c.SetDeadline(classBody)
	default:
		c.SetDeadline(classHead)
	}
	switch {
	case c.InputWaiting() > 0:
		c.Resume()
	case c.EOF():
		c.Finish(reactor.ReasonPeerClosed, false)
	}
}

// Expired implements reactor.Handler.
func (h *Handler) Expired(c reactor.Conn, class reactor.Class) {
	switch {
	case phase(c) == phaseHeld:
		h.service.Expired(c, class)
	case class == classIdle:
		c.Close(reactor.ReasonIdleTimeout)
	default:
		h.x.conn = c
		h.refuse(c, 408, "the request did not arrive in time", reactor.ReasonRequestTimeout)
		h.flush(c)
		h.x.closing = false
		c.Finish(reactor.ReasonRequestTimeout, true)
	}
}

// Closed implements reactor.Handler.
func (h *Handler) Closed(c reactor.Conn, reason reactor.Reason) {
	switch {
	case c.State()&stateBridged != 0:
		c.Value().(*bridge).cancel()
	case phase(c) == phaseHeld:
		h.service.Closed(c, reason)
	}
}

// Mail implements reactor.Handler.
func (h *Handler) Mail(m reactor.Mail) {
	if piece, ok := m.Value.(*piece); ok {
		h.bridged(piece)
		return
	}
	h.service.Mail(m)
}

// Turn implements reactor.Handler.
func (h *Handler) Turn() { h.service.Turn() }
