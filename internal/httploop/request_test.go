package httploop_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/http1"
	"github.com/icomet/icomet/internal/httploop"
	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/reactor"
)

// inPieces sends text in pieces of n bytes, each in a segment of its own as far as the kernel allows.
func inPieces(c *icomettest.Client, text string, n int) {
	for len(text) > 0 {
		piece := text[:min(n, len(text))]
		c.Send(piece)
		text = text[len(piece):]
	}
}

func TestPipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	h := newHouse(t, settings{})
	const requests = 300
	var all strings.Builder
	for i := range requests {
		if i%3 == 0 {
			fmt.Fprintf(&all, "POST /p HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\n%05d", i)
		} else {
			fmt.Fprintf(&all, "GET /g?%d HTTP/1.1\r\nHost: t\r\n\r\n", i)
		}
	}
	for _, size := range []int{1 << 20, 1000, 61, 7} {
		c := h.dial()
		inPieces(c, all.String(), size)
		for i := range requests {
			want := fmt.Sprintf("GET /g?%d \"\"", i)
			if i%3 == 0 {
				want = fmt.Sprintf("POST /p? \"%05d\"", i)
			}
			if got := c.Answer().Body; got != want {
				t.Fatalf("pieces of %d: answer %d is %q, want %q", size, i, got, want)
			}
		}
		c.Half()
		c.AwaitEnd()
	}
}

func TestConnectionsPersistAsTheVersionAndTheHeaderSay(t *testing.T) {
	h := newHouse(t, settings{})
	for _, c := range []struct {
		version, header, says string
		persists              bool
	}{
		{"1.1", "", "", true},
		{"1.1", "Connection: keep-alive\r\n", "", true},
		{"1.1", "Connection: close\r\n", "close", false},
		{"1.1", "Connection: Keep-Alive, Close\r\n", "close", false},
		{"1.0", "", "close", false},
		{"1.0", "Connection: keep-alive\r\n", "keep-alive", true},
		{"1.0", "Connection: keep-alive, close\r\n", "close", false},
	} {
		client := h.dial()
		request := "GET /a HTTP/" + c.version + "\r\nHost: t\r\n" + c.header + "\r\n"
		client.Send(request + request)
		a := client.Answer()
		if got := a.Header("Connection"); got != c.says || !strings.HasPrefix(a.Head, "HTTP/"+c.version+" 200 OK\r\n") {
			t.Errorf("%+v: the answer is\n%s", c, a.Head)
		}
		if hasDate := a.Header("Date") != ""; hasDate != (c.version == "1.1") {
			t.Errorf("%+v: Date %t", c, hasDate)
		}
		if c.persists {
			client.Answer()
			client.Half()
		}
		client.AwaitEnd()
	}
}

func TestHeadHasTheLengthAndNoBody(t *testing.T) {
	h := newHouse(t, settings{})
	c := h.dial()
	c.Request("HEAD", "/a", "")
	c.Get("/a")
	head, answer := c.Head(), c.Answer()
	if head.Header("Content-Length") != "11" || answer.Body != `GET /a? ""` {
		t.Errorf("HEAD:\n%s\nGET: %q", head.Head, answer.Body)
	}
}

func TestBodiesArriveInPieces(t *testing.T) {
	h := newHouse(t, settings{})
	for _, length := range []int{0, 1, 2, 4095, 70_000} {
		body := strings.Repeat("x", length)
		var chunks strings.Builder
		for rest := body; len(rest) > 0; {
			n := min(len(rest), 1+len(rest)/2)
			fmt.Fprintf(&chunks, "%x;ext=1\r\n%s\r\n", n, rest[:n])
			rest = rest[n:]
		}
		requests := []string{
			fmt.Sprintf("POST /b HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n%s", length, body),
			"POST /b HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks.String() + "0\r\nTrailer: x\r\n\r\n",
		}
		for _, request := range requests {
			for _, size := range []int{1 << 20, 997, 13} {
				if length > 10_000 && size == 13 {
					continue
				}
				c := h.dial()
				inPieces(c, request+"GET /next HTTP/1.1\r\nHost: t\r\n\r\n", size)
				if got, want := c.Answer().Body, fmt.Sprintf("POST /b? %q", body); got != want {
					t.Fatalf("length %d, pieces of %d: %d bytes, want %d", length, size, len(got), len(want))
				}
				if got := c.Answer().Body; got != `GET /next? ""` {
					t.Fatalf("length %d, pieces of %d: the next answer is %q", length, size, got)
				}
				c.Close()
			}
		}
	}
}

func TestContinueIsSentOnlyToThoseWhoWait(t *testing.T) {
	h := newHouse(t, settings{})
	const head = "POST /b HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
	c := h.dial()
	c.Send(head)
	if a := c.Head(); a.Status != 100 {
		t.Errorf("one who waits gets\n%s", a.Head)
	}
	c.Send("abc")
	if got := c.Answer().Body; got != `POST /b? "abc"` {
		t.Errorf("then %q", got)
	}
	c.Send(head + "abc")
	if a := c.Answer(); a.Status != 200 {
		t.Errorf("one who does not wait gets\n%s", a.Head)
	}
}

// timeouts are short for what a test waits for.
func timeouts(idle, head, body time.Duration) httploop.Timeouts {
	return httploop.Timeouts{Idle: idle, Head: head, Body: body}
}

const short = 200 * time.Millisecond

// rounding is what the loop's clock, which counts whole milliseconds, may be early.
const rounding = 2 * time.Millisecond

// expectTimeout measures the time until the server closes, which must be the time-out whatever trickles in.
func expectTimeout(t *testing.T, c *icomettest.Client, begin string, trickle bool, status int) {
	t.Helper()
	start := time.Now()
	c.Send(begin)
	stop := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(short / 8)
		defer tick.Stop()
		for trickle {
			select {
			case <-tick.C:
				c.Send("x")
			case <-stop:
				return
			}
		}
	}()
	if status != 0 {
		if a := c.Answer(); a.Status != status || a.Header("Connection") != "close" {
			t.Errorf("the answer is\n%s", a.Head)
		}
	}
	c.AwaitEnd()
	close(stop)
	<-stopped
	if took := time.Since(start); took < short-rounding || took > short+5*time.Second {
		t.Errorf("it took %v, want about %v", took, short)
	}
}

func TestASlowRequestIsCutOffInTime(t *testing.T) {
	t.Run("head", func(t *testing.T) {
		h := newHouse(t, settings{timeouts: timeouts(patience, short, patience)})
		expectTimeout(t, h.dial(), "G", true, 408)
		h.awaitClosed(reactor.ReasonRequestTimeout, 1)
	})
	t.Run("body by length", func(t *testing.T) {
		h := newHouse(t, settings{timeouts: timeouts(patience, patience, short)})
		expectTimeout(t, h.dial(), "POST /b HTTP/1.1\r\nHost: t\r\nContent-Length: 9999\r\n\r\n", true, 408)
	})
	t.Run("body in chunks", func(t *testing.T) {
		h := newHouse(t, settings{timeouts: timeouts(patience, patience, short)})
		expectTimeout(t, h.dial(), "POST /b HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n", true, 408)
	})
	t.Run("second head", func(t *testing.T) {
		h := newHouse(t, settings{timeouts: timeouts(patience, short, patience)})
		c := h.dial()
		c.Get("/a")
		c.Answer()
		expectTimeout(t, c, "GET /b", false, 408)
	})
	t.Run("nothing at all", func(t *testing.T) {
		h := newHouse(t, settings{timeouts: timeouts(short, patience, patience)})
		expectTimeout(t, h.dial(), "", false, 0)
		h.awaitClosed(reactor.ReasonIdleTimeout, 1)
	})
}

func TestABadRequestIsAnsweredAlthoughMoreIsSent(t *testing.T) {
	h := newHouse(t, settings{})
	for range 10 {
		c := h.dial()
		c.Send("BAD\r\n\r\n" + strings.Repeat("more", 20_000))
		if a := c.Answer(); a.Status != 400 {
			t.Fatalf("the answer is\n%s", a.Head)
		}
		c.AwaitEnd() // an end, not a reset
		c.Close()
	}
	h.awaitClosed(reactor.ReasonBadRequest, 10)
}

func TestLimitsOfARequest(t *testing.T) {
	limits := http1.Limits{HeadBytesMax: 2000, HeaderCountMax: 10, TargetBytesMax: 1000, BodyBytesMax: 5000}
	h := newHouse(t, settings{limits: limits})
	for request, status := range map[string]int{
		"GET /" + strings.Repeat("a", 999) + " HTTP/1.1\r\nHost: t\r\n\r\n":                                           200,
		"GET /" + strings.Repeat("a", 1000) + " HTTP/1.1\r\nHost: t\r\n\r\n":                                          414,
		"GET / HTTP/1.1\r\nHost: t\r\nX: " + strings.Repeat("a", 2000) + "\r\n\r\n":                                   431,
		"GET / HTTP/1.1\r\nHost: t\r\n" + strings.Repeat("X: y\r\n", 10) + "\r\n":                                     431,
		"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5000\r\n\r\n" + strings.Repeat("b", 5000):                      200,
		"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5001\r\n\r\n" + strings.Repeat("b", 5001):                      413,
		"POST / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 5001\r\n\r\n":                          413,
		"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n1389\r\n" + strings.Repeat("b", 0x1389):      413,
		"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nb\r\n1388\r\n" + strings.Repeat("b", 9): 413,
	} {
		c := h.dial()
		c.Send(request)
		if a := c.Answer(); a.Status != status {
			t.Errorf("%.60q: %d, want %d", request, a.Status, status)
		}
		c.Close()
	}
}

// A peer that has finished sending still gets the answers to all that it has sent.
func TestHalfClosedConnectionsGetAllAnswers(t *testing.T) {
	h := newHouse(t, settings{})
	c := h.dial()
	c.Shrink()
	const requests = 40
	c.Send(strings.Repeat("GET /big HTTP/1.1\r\nHost: t\r\n\r\n", requests))
	c.Half()
	for i := range requests {
		if n := len(c.Answer().Body); n != 100_000 {
			t.Fatalf("answer %d has %d bytes", i, n)
		}
	}
	c.AwaitEnd()
	h.awaitClosed(reactor.ReasonPeerClosed, 1)
}

// While answers wait for a slow peer, no more of its requests are served.
func TestASlowReaderHoldsItsOwnRequestsUp(t *testing.T) {
	h := newHouse(t, settings{})
	c := h.dial()
	c.Shrink()
	const requests = 300 // 30 MB, more than sockets buffer
	c.Send(strings.Repeat("GET /big HTTP/1.1\r\nHost: t\r\n\r\n", requests))
	if !icomettest.Within(patience, func() bool { return h.group.Stats().OutputQueued > 0 }) {
		t.Fatal("no output waits")
	}
	if served := h.service.http.Counters.Requests.Load(); served == requests {
		t.Error("all requests were served for a peer that reads nothing")
	}
	if queued := h.group.Stats().OutputQueued; queued > 400_000 {
		t.Errorf("%d bytes wait for the peer", queued)
	}
	for i := range requests {
		if n := len(c.Answer().Body); n != 100_000 {
			t.Fatalf("answer %d has %d bytes", i, n)
		}
	}
	if h.group.Stats().OutputQueued != 0 {
		t.Errorf("%d bytes wait in the end", h.group.Stats().OutputQueued)
	}
}

func TestNotFoundEscapesThePath(t *testing.T) {
	h := newHouse(t, settings{})
	c := h.dial()
	c.Get("/nosuch")
	a := c.Answer()
	if a.Status != 404 || !strings.Contains(a.Body, "/nosuch was not found") || a.Header("Connection") != "close" {
		t.Errorf("%s\n%s", a.Head, a.Body)
	}
	c.AwaitEnd()
}
