package httploop

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/icomet/icomet/internal/http1"
	"github.com/icomet/icomet/internal/reactor"
)

// bridgePieceMax is the size of the pieces in which a bridged answer travels to the loop, and so what
// a bridged answer may hold in memory ahead of a slow client.
const bridgePieceMax = 64 << 10

// Bridges bounds the http.Handlers that run at a time for a door, on all loops together.
type Bridges struct {
	Max     int
	running atomic.Int64
	all     sync.WaitGroup
}

// Wait waits until no bridged handler runs any more.
func (b *Bridges) Wait() { b.all.Wait() }

func (b *Bridges) enter() bool {
	if b.running.Add(1) > int64(b.Max) {
		b.running.Add(-1)
		return false
	}
	b.all.Add(1)
	return true
}

func (b *Bridges) leave() {
	b.running.Add(-1)
	b.all.Done()
}

// Bridge lets an http.Handler answer x, on a goroutine of its own. It answers 503 by itself when
// Bridges.Max handlers run already.
func (x *Exchange) Bridge(handler http.Handler) {
	h := x.handler
	request, err := x.request()
	if err != nil {
		x.Status(400)
		x.End("")
		return
	}
	if !h.bridges.enter() {
		x.Status(503)
		x.Header("Retry-After", "1")
		x.End("")
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	b := &bridge{
		id: x.conn.ID(), loop: h.loop, door: h.door, cancel: cancel, credit: make(chan struct{}, 1),
		minor: x.Request.Minor, keepAlive: x.Request.KeepAlive, noBody: x.IsMethod("HEAD"),
		header: http.Header{},
	}
	x.Hold(false)
	x.conn.SetState(x.conn.State() | stateBridged)
	x.conn.SetValue(b)
	go func() {
		defer h.bridges.leave()
		defer cancel()
		b.run(handler, request.WithContext(ctx))
	}()
}

// request makes the http.Request of x, with copies of everything.
func (x *Exchange) request() (*http.Request, error) {
	r, err := http.NewRequest(string(x.Request.Method), "/", bytes.NewReader(bytes.Clone(x.Body)))
	if err != nil {
		return nil, err
	}
	target := "/"
	if len(x.Request.Path) > 0 {
		target = string(x.Request.Path)
	}
	if len(x.Request.Query) > 0 {
		target += "?" + string(x.Request.Query)
	}
	if r.URL, err = r.URL.Parse(target); err != nil {
		return nil, err
	}
	r.RequestURI, r.Host = target, string(x.Request.Host)
	for name, value := range x.Request.Headers {
		r.Header.Add(string(name), string(value))
	}
	r.Header.Del("Host")
	return r, nil
}

// bridge is a running http.Handler and its http.ResponseWriter.
type bridge struct {
	// Set before use, never changed.
	id        reactor.ID
	loop      *reactor.Loop
	door      int
	cancel    context.CancelFunc
	credit    chan struct{} // a piece has left, or the connection is gone
	minor     int
	keepAlive bool
	noBody    bool

	// Owned by the handler's goroutine.
	header    http.Header
	status    int
	buffer    []byte
	streaming bool // the head has been sent
	done      <-chan struct{}

	// Owned by the loop.
	waiting bool // a piece has not left yet
}

// piece is mail from a bridge to its loop. The last one ends the answer.
type piece struct {
	bridge *bridge
	bytes  []byte
	last   bool
}

func (b *bridge) run(handler http.Handler, r *http.Request) {
	b.done = r.Context().Done()
	defer b.finish()
	defer func() {
		if p := recover(); p != nil && !b.streaming {
			b.buffer, b.status = nil, http.StatusInternalServerError
		}
	}()
	handler.ServeHTTP(b, r)
}

// Header implements http.ResponseWriter.
func (b *bridge) Header() http.Header { return b.header }

// WriteHeader implements http.ResponseWriter.
func (b *bridge) WriteHeader(status int) {
	if b.status == 0 && status >= 200 {
		b.status = status
	}
}

// Write implements http.ResponseWriter. It waits while the client is slow.
func (b *bridge) Write(p []byte) (int, error) {
	b.WriteHeader(http.StatusOK)
	for written := 0; written < len(p); {
		n := min(len(p)-written, bridgePieceMax-len(b.buffer))
		b.buffer = append(b.buffer, p[written:written+n]...)
		written += n
		if len(b.buffer) == bridgePieceMax {
			if err := b.send(); err != nil {
				return written, err
			}
		}
	}
	return len(p), nil
}

// Flush implements http.Flusher.
func (b *bridge) Flush() {
	b.WriteHeader(http.StatusOK)
	b.send()
}

// send passes what is buffered to the loop, as part of an answer of unknown length, and waits until
// the client has taken it.
func (b *bridge) send() error {
	var out []byte
	if !b.streaming {
		b.streaming = true
		out = b.head(-1)
	}
	out = b.appendBody(out)
	b.loop.Post(b.door, 0, &piece{bridge: b, bytes: out})
	select {
	case <-b.credit:
		return nil
	case <-b.done:
		return io.ErrClosedPipe
	}
}

func (b *bridge) appendBody(out []byte) []byte {
	body := b.buffer
	b.buffer = b.buffer[:0]
	if b.noBody || len(body) == 0 {
		return out
	}
	if b.minor > 0 {
		return http1.AppendChunk(out, body)
	}
	return append(out, body...)
}

// finish sends the rest of the answer.
func (b *bridge) finish() {
	b.WriteHeader(http.StatusOK)
	var out []byte
	switch {
	case !b.streaming:
		out = b.head(len(b.buffer))
		if !b.noBody {
			out = append(out, b.buffer...)
		}
	default:
		out = b.appendBody(nil)
		if b.minor > 0 && !b.noBody {
			out = append(out, http1.LastChunk...)
		}
	}
	b.loop.Post(b.door, 0, &piece{bridge: b, bytes: out, last: true})
}

// head writes the status line and the headers; length is that of the body, -1 if it is not known.
func (b *bridge) head(length int) []byte {
	out := http1.AppendStatus(nil, b.minor, b.status, "")
	if b.header.Get("Content-Type") == "" && length > 0 {
		b.header.Set("Content-Type", http.DetectContentType(b.buffer))
	}
	for _, name := range []string{"Connection", "Content-Length", "Transfer-Encoding"} {
		b.header.Del(name)
	}
	switch {
	case length >= 0 && b.status != http.StatusNoContent && b.status != http.StatusNotModified:
		b.header.Set("Content-Length", strconv.Itoa(length))
	case length < 0 && b.minor > 0:
		b.header.Set("Transfer-Encoding", "chunked")
	case length < 0:
		b.keepAlive = false
	}
	if !b.keepAlive {
		b.header.Set("Connection", "close")
	} else if b.minor == 0 {
		b.header.Set("Connection", "keep-alive")
	}
	for name, values := range b.header {
		for _, v := range values {
			out = http1.AppendHeader(out, name, v)
		}
	}
	return append(out, http1.CRLF...)
}

// drained tells the handler's goroutine, from the loop, that the client has taken what was sent.
func (b *bridge) drained() {
	if b.waiting {
		b.waiting = false
		b.credit <- struct{}{}
	}
}

// bridged writes a piece of a bridged answer, on the loop.
func (h *Handler) bridged(p *piece) {
	c, ok := h.loop.Find(p.bridge.id)
	if !ok {
		return
	}
	c.WriteFrame(p.bytes)
	if c.Dead() {
		return
	}
	if p.last {
		c.SetValue(nil)
		c.SetState(phaseIdle)
		h.endBridge(c, p.bridge.keepAlive)
		return
	}
	p.bridge.waiting = true
	if c.OutputWaiting() == 0 {
		p.bridge.drained()
	}
}

func (h *Handler) endBridge(c reactor.Conn, keepAlive bool) {
	if !keepAlive || c.EOF() {
		c.Finish(reactor.ReasonDone, c.InputWaiting() > 0)
		return
	}
	if c.OutputWaiting() == 0 {
		h.goOn(c)
	}
}
