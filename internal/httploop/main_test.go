package httploop_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/http1"
	"github.com/icomet/icomet/internal/httploop"
	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/reactor"
)

func TestMain(m *testing.M) { os.Exit(icomettest.Main(m)) }

const patience = 30 * time.Second

// house is one loop with one door, whose service does what the paths ask for.
type house struct {
	t       *testing.T
	addr    netip.AddrPort
	group   *reactor.Group
	service *service
	bridges *httploop.Bridges
}

// settings are what tests change. The zero value of a field is a harmless default.
type settings struct {
	timeouts httploop.Timeouts
	limits   http1.Limits
	bridges  int
	log      func(text string)
	mounted  http.Handler
}

func newHouse(t *testing.T, o settings) *house {
	t.Helper()
	if o.timeouts == (httploop.Timeouts{}) {
		o.timeouts = httploop.Timeouts{Idle: patience, Head: patience, Body: patience}
	}
	if o.limits == (http1.Limits{}) {
		o.limits = http1.DefaultLimits()
	}
	h := &house{t: t, bridges: &httploop.Bridges{Max: max(o.bridges, 1), Log: o.log}}
	h.service = &service{mounted: o.mounted, told: make(chan string, 1024)}
	var err error
	h.group, err = reactor.New(reactor.Options{
		Loops: 1, ConnsMax: 100, SendTimeout: patience, Timeouts: o.timeouts.Classes(),
		Doors: []reactor.Door{{
			Name: "test", Listen: []netip.AddrPort{netip.AddrPortFrom(netip.MustParseAddr(icomettest.Host()), 0)},
			NewHandler: func(l *reactor.Loop) reactor.Handler {
				h.service.http = httploop.New(l, 0, &o.limits, h.bridges)
				h.service.http.Start(h.service)
				return h.service.http
			},
			InputBytesMax:  httploop.InputBytesMax(&o.limits),
			OutputBytesMax: 1 << 20,
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.group.Stop(); h.bridges.Wait() })
	h.addr = h.group.Addrs(0)[0]
	return h
}

func (h *house) dial() *icomettest.Client { h.t.Helper(); return icomettest.Dial(h.t, h.addr) }

// onLoop runs f on the loop, for the connection that the service holds, and waits for its end.
func (h *house) onLoop(f func(c reactor.Conn)) {
	h.t.Helper()
	done := make(chan struct{})
	h.group.Loops()[0].Post(0, 0, func() { f(h.service.held); close(done) })
	select {
	case <-done:
	case <-time.After(patience):
		h.t.Fatal("the loop does not read its mail")
	}
}

// awaitTold waits until the service was told of an event.
func (h *house) awaitTold(event string) {
	h.t.Helper()
	select {
	case got := <-h.service.told:
		if got != event {
			h.t.Fatalf("the service was told of %q, want %q", got, event)
		}
	case <-time.After(patience):
		h.t.Fatalf("the service was not told of %q", event)
	}
}

// awaitClosed waits until so many connections have been closed for a reason.
func (h *house) awaitClosed(reason reactor.Reason, n uint64) {
	h.t.Helper()
	if !icomettest.Within(patience, func() bool { return h.group.Stats().Closed[reason] == n }) {
		h.t.Fatalf("%d connections were closed for %v, want %d", h.group.Stats().Closed[reason], reason, n)
	}
}

// service answers by path. It holds at most one exchange at a time.
type service struct {
	http    *httploop.Handler
	mounted http.Handler
	told    chan string // events of the held exchange
	held    reactor.Conn
}

func (s *service) Serve(x *httploop.Exchange) {
	switch path := string(x.Request.Path); path {
	case "/hold", "/endless":
		x.Status(200)
		x.Stream(true)
		x.Piece([]byte("first"))
		x.Hold(path == "/endless")
		s.hold(x)
	case "/later":
		x.Hold(false)
		s.hold(x)
	case "/mounted", "/mounted/":
		x.Bridge(s.mounted)
	case "/big":
		x.Status(200)
		x.End(strings.Repeat("b", 100_000))
	case "/nosuch":
		x.NotFound()
	default:
		x.Status(200)
		x.Header("Content-Type", "text/plain")
		x.End(fmt.Sprintf("%s %s?%s %q", x.Request.Method, path, x.Request.Query, x.Body))
	}
}

func (s *service) hold(x *httploop.Exchange) { s.held = x.Conn(); s.told <- "held" }

func (s *service) Open(netip.AddrPort) uint32          { return 7 }
func (s *service) Expired(reactor.Conn, reactor.Class) { s.told <- "expired" }
func (s *service) Drained(reactor.Conn)                { s.told <- "drained" }
func (s *service) Closed(_ reactor.Conn, reason reactor.Reason) {
	s.told <- "closed " + reason.String()
}
func (s *service) Mail(m reactor.Mail) { m.Value.(func())() }
func (s *service) Turn()               {}
func (s *service) EOF(c reactor.Conn)  { s.told <- "eof"; c.Close(reactor.ReasonPeerClosed) }
