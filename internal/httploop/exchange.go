package httploop

import (
	"html"

	"github.com/icomet/icomet/internal/http1"
	"github.com/icomet/icomet/internal/reactor"
)

// Exchange is one request and the answer to it. It is reused, so nothing of it may be kept.
//
// An answer that is known at once is Status, Header as often as needed, and End. One that comes in
// pieces is Status, Header, Stream, and then Hold.
type Exchange struct {
	Request http1.Request
	// Body is the whole body of the request, decoded.
	Body []byte

	handler     *Handler
	conn        reactor.Conn
	out         []byte // answers not sent yet, of this and of earlier pipelined requests
	closing     bool   // close after out
	closeReason reactor.Reason
	noBody      bool // the request was HEAD
}

func (x *Exchange) begin(c reactor.Conn) {
	x.conn = c
	x.noBody = false
}

// Conn is the connection of the request.
func (x *Exchange) Conn() reactor.Conn { return x.conn }

// User is what Service.Open returned for the connection.
func (x *Exchange) User() uint32 { return x.conn.User() }

// IsMethod tells whether the request has the method. HEAD is remembered, so that End leaves the body
// out.
func (x *Exchange) IsMethod(name string) bool { return string(x.Request.Method) == name }

// Status begins the answer.
func (x *Exchange) Status(status int) { x.StatusText(status, "") }

// StatusText begins the answer with a reason phrase of its own.
func (x *Exchange) StatusText(status int, reason string) {
	x.noBody = x.IsMethod("HEAD")
	x.handler.Counters.Answers[status/100].Add(1)
	x.out = http1.AppendStatus(x.out, x.Request.Minor, status, reason)
}

// Header adds a header line. Control characters in value become spaces.
func (x *Exchange) Header(name, value string) { x.out = http1.AppendHeader(x.out, name, value) }

// Lines adds whole header lines, each with its CRLF.
func (x *Exchange) Lines(lines string) { x.out = append(x.out, lines...) }

// CloseAfter lets the connection be closed when the answer is out.
func (x *Exchange) CloseAfter() { x.Request.KeepAlive = false }

// End adds what every answer needs, and the body; for HEAD only the length of the body.
func (x *Exchange) End(body string) {
	x.date()
	x.out = http1.AppendContentLength(x.out, len(body))
	x.connection()
	x.out = append(x.out, http1.CRLF...)
	if !x.noBody {
		x.out = append(x.out, body...)
	}
	x.ended()
}

// EndWithoutBody is End for answers that have no body and no length, such as 204.
func (x *Exchange) EndWithoutBody() {
	x.date()
	x.connection()
	x.out = append(x.out, http1.CRLF...)
	x.ended()
}

func (x *Exchange) ended() {
	if !x.Request.KeepAlive {
		x.closing, x.closeReason = true, reactor.ReasonDone
	}
}

// date adds the Date line; HTTP/1.0 clients of the original never got one.
func (x *Exchange) date() {
	if x.Request.Minor > 0 {
		x.out = x.handler.date.Append(x.out, x.handler.loop.Now().Unix())
	}
}

// connection says what becomes of the connection where the version's default does not.
func (x *Exchange) connection() {
	switch {
	case !x.Request.KeepAlive:
		x.out = append(x.out, "Connection: close\r\n"...)
	case x.Request.Minor == 0:
		x.out = append(x.out, "Connection: keep-alive\r\n"...)
	}
}

// Stream ends the head of an answer whose body comes in pieces: chunked for HTTP/1.1, else up to the
// end of the connection. With sayKeepAlive the head says so even where it is the default.
func (x *Exchange) Stream(sayKeepAlive bool) {
	if x.Request.Minor == 0 {
		x.Request.KeepAlive = false
	}
	switch {
	case !x.Request.KeepAlive:
		x.out = append(x.out, "Connection: close\r\n"...)
	case sayKeepAlive:
		x.out = append(x.out, "Connection: keep-alive\r\n"...)
	}
	if x.Request.Minor > 0 {
		x.out = append(x.out, "Transfer-Encoding: chunked\r\n"...)
	}
	x.date()
	x.out = append(x.out, http1.CRLF...)
}

// Chunked tells whether the pieces of the answer are to be written as chunks.
func (x *Exchange) Chunked() bool { return x.Request.Minor > 0 }

// Piece adds a piece of the body of a streamed answer, in the form that the version asks for.
func (x *Exchange) Piece(body []byte) {
	switch {
	case x.noBody:
	case x.Chunked():
		x.out = http1.AppendChunk(x.out, body)
	default:
		x.out = append(x.out, body...)
	}
}

// Framed adds pieces of a streamed answer that are in that form already.
func (x *Exchange) Framed(pieces []byte) {
	if !x.noBody {
		x.out = append(x.out, pieces...)
	}
}

// EndStream ends a streamed answer within Serve.
func (x *Exchange) EndStream() {
	if x.Chunked() && !x.noBody {
		x.out = append(x.out, http1.LastChunk...)
	}
	x.ended()
}

// Hold leaves the answer, or the rest of it, for later: the service goes on through the connection,
// and calls Release at the end. Pipelined requests wait until then. Of an endless answer no next request
// can be answered, so what the client sends is thrown away.
func (x *Exchange) Hold(endless bool) {
	state := phaseHeld
	if x.Request.KeepAlive {
		state |= stateKeepAlive
	}
	if x.Chunked() {
		state |= stateChunked
	}
	if endless {
		state |= stateEndless
	}
	x.conn.SetState(state)
	x.conn.SetDeadline(reactor.NoDeadline)
}

// Upgrade answers with head, whole, and leaves the connection to the service, which must be an Upgrader: it
// gets all input from now on, and closes the connection when it is done.
func (x *Exchange) Upgrade(head []byte) {
	x.handler.Counters.Answers[1].Add(1)
	x.out = append(x.out, head...)
	x.conn.SetState(phaseHeld | stateUpgraded)
	x.conn.SetDeadline(reactor.NoDeadline)
}

// End closes an upgraded connection with its last bytes, which nobody may change any more. The service hears
// no more of it. The peer gets a bounded time to close first.
func (h *Handler) End(c reactor.Conn, last []byte, reason reactor.Reason) {
	c.SetState(phaseIdle)
	c.SetValue(nil)
	c.WriteFrame(last)
	if !c.Dead() {
		c.Finish(reason, true)
	}
}

// HeldChunked tells whether the body of a held exchange is chunked.
func HeldChunked(c reactor.Conn) bool { return c.State()&stateChunked != 0 }

// Held tells whether a service holds the exchange of c.
func (h *Handler) Held(c reactor.Conn) bool {
	return c.State()&(phaseMask|stateBridged) == phaseHeld
}

// Release ends a held exchange with the last bytes of its answer, which nobody may change any more. The
// service hears no more of it. The next request is taken, or the connection is closed if it does not
// outlive the exchange.
func (h *Handler) Release(c reactor.Conn, last []byte) {
	state := c.State()
	c.SetState(phaseIdle)
	c.SetDeadline(classIdle)
	c.WriteFrame(last)
	if c.Dead() {
		return
	}
	if state&stateEndless != 0 {
		c.SetValue(nil)
	}
	const goesOn = stateKeepAlive | stateChunked
	if state&goesOn != goesOn {
		c.Finish(reactor.ReasonDone, c.InputWaiting() > 0)
		return
	}
	if c.OutputWaiting() == 0 {
		h.goOn(c)
	}
}

// Reply answers a held exchange whose answer has not begun: build does what Serve would have done, and may
// hold it again.
// The request is not at hand any more, but for its version.
func (h *Handler) Reply(c reactor.Conn, build func(x *Exchange)) {
	state := c.State()
	x := &h.x
	x.begin(c)
	x.Request = http1.Request{KeepAlive: state&stateKeepAlive != 0}
	if state&stateChunked != 0 {
		x.Request.Minor = 1
	}
	c.SetState(phaseIdle)
	build(x)
	h.flush(c)
	x.closing = false
	if c.Dead() || phase(c) == phaseHeld {
		return
	}
	if !x.Request.KeepAlive {
		c.Finish(reactor.ReasonDone, c.InputWaiting() > 0)
		return
	}
	if c.OutputWaiting() == 0 {
		h.goOn(c)
	}
}

// KnowsMethod tells whether the method is one that some route may serve; the others get NotImplemented.
func (x *Exchange) KnowsMethod() bool {
	switch string(x.Request.Method) {
	case "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS":
		return true
	}
	return false
}

// NotImplemented answers 501, as the original does for methods that it has never heard of, and closes.
func (x *Exchange) NotImplemented() {
	x.CloseAfter()
	x.Status(501)
	x.End("")
}

// NoSniff is the header line that keeps browsers from taking an answer for another type than it says.
const NoSniff = "X-Content-Type-Options: nosniff\r\n"

// NotFound answers 404 the way the original does: a small page, and the connection closes.
func (x *Exchange) NotFound() {
	x.CloseAfter()
	x.Status(404)
	x.Header("Content-Type", "text/html; charset=utf-8")
	x.End("<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1><p>The requested URL " +
		html.EscapeString(string(x.Request.Path)) + " was not found on this server.</p></body></html>\n")
}
