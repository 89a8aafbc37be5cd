package httploop

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/icomet/icomet/internal/http1"
	"github.com/icomet/icomet/internal/reactor"
)

// bridgePieceMax is the size of the pieces in which a bridged answer travels to the loop, and so what
// a bridged answer may hold in memory ahead of a slow client.
const bridgePieceMax = 64 << 10

// Bridges bounds the http.Handlers that run at a time for a door, on all loops together.
type Bridges struct {
	Max int
	// Log is told of handlers that panic; nil for nobody.
	Log     func(text string)
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
		log: h.bridges.Log, minor: x.Request.Minor, keepAlive: x.Request.KeepAlive, isHead: x.IsMethod("HEAD"),
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
	if r.URL, err = url.ParseRequestURI(target); err != nil {
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
	credit    chan struct{} // a piece has left
	log       func(text string)
	minor     int
	keepAlive bool
	isHead    bool

	// Owned by the handler's goroutine.
	header    http.Header
	status    int
	buffer    []byte
	streaming bool // the head has been sent
	done      <-chan struct{}

	// Owned by the loop.
	waiting bool // a piece has not left yet
}

// piece is mail from a bridge to its loop. The last one ends the answer, and the connection too if the
// handler has failed: the client must not take what it got for the whole.
type piece struct {
	bridge *bridge
	bytes  []byte
	last   bool
	failed bool
}

func (b *bridge) run(handler http.Handler, r *http.Request) {
	b.done = r.Context().Done()
	defer func() {
		if p := recover(); p != nil {
			b.panicked(p)
			return
		}
		b.finish()
	}()
	handler.ServeHTTP(b, r)
}

// panicked ends the answer of a handler that has panicked: with 500, unless part of it is out.
func (b *bridge) panicked(value any) {
	if b.log != nil && value != http.ErrAbortHandler {
		b.log(fmt.Sprintf("a mounted handler panicked: %v\n%s", value, debug.Stack()))
	}
	if b.streaming {
		b.loop.Post(b.door, 0, &piece{bridge: b, last: true, failed: true})
		return
	}
	clear(b.header)
	b.buffer, b.status = nil, http.StatusInternalServerError
	b.finish()
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
	if b.isBodiless() {
		return 0, http.ErrBodyNotAllowed
	}
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
	if b.isHead || len(body) == 0 {
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
		if !b.isHead {
			out = append(out, b.buffer...)
		}
	default:
		out = b.appendBody(nil)
		if b.minor > 0 && !b.isHead && !b.isBodiless() {
			out = append(out, http1.LastChunk...)
		}
	}
	b.loop.Post(b.door, 0, &piece{bridge: b, bytes: out, last: true})
}

// head writes the status line and the headers; length is that of the body, -1 if it is not known.
func (b *bridge) head(length int) []byte {
	out := http1.AppendStatus(nil, b.minor, b.status, "")
	if b.header.Get("Content-Type") == "" && len(b.buffer) > 0 {
		b.header.Set("Content-Type", http.DetectContentType(b.buffer))
	}
	if b.minor > 0 && b.header.Get("Date") == "" {
		b.header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
	b.frame(length)
	if !b.keepAlive {
		b.header.Set("Connection", "close")
	} else if b.minor == 0 {
		b.header.Set("Connection", "keep-alive")
	}
	for _, name := range slices.Sorted(maps.Keys(b.header)) {
		for _, v := range b.header[name] {
			out = http1.AppendHeader(out, name, v)
		}
	}
	return append(out, http1.CRLF...)
}

// frame sets the header lines that say where the answer ends (RFC 9112 section 6). Only for HEAD the
// handler knows better: it may give the length of a body that it does not write.
func (b *bridge) frame(length int) {
	declared := b.header.Get("Content-Length")
	for _, name := range []string{"Connection", "Content-Length", "Transfer-Encoding"} {
		b.header.Del(name)
	}
	switch {
	case b.isBodiless():
	case b.isHead && declared != "":
		b.header.Set("Content-Length", declared)
	case length >= 0:
		b.header.Set("Content-Length", strconv.Itoa(length))
	case b.minor > 0:
		b.header.Set("Transfer-Encoding", "chunked")
	default:
		b.keepAlive = false
	}
}

// isBodiless tells whether answers with that status end with their head (RFC 9110 section 6.4.1).
func (b *bridge) isBodiless() bool {
	return b.status == http.StatusNoContent || b.status == http.StatusNotModified
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
		h.Counters.Answers[p.bridge.status/100].Add(1)
		c.SetValue(nil)
		c.SetState(phaseIdle)
		h.endBridge(c, p.bridge.keepAlive && !p.failed)
		return
	}
	p.bridge.waiting = true
	if c.OutputWaiting() == 0 {
		p.bridge.drained()
	}
}

func (h *Handler) endBridge(c reactor.Conn, keepAlive bool) {
	if !keepAlive {
		c.Finish(reactor.ReasonDone, c.InputWaiting() > 0)
		return
	}
	if c.OutputWaiting() == 0 {
		h.goOn(c)
	}
}
