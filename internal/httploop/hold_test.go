package httploop_test

import (
	"strings"
	"testing"

	"github.com/icomet/icomet/internal/http1"
	"github.com/icomet/icomet/internal/httploop"
	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/reactor"
)

func TestRequestsWaitBehindAHeldExchange(t *testing.T) {
	h := newHouse(t, settings{})
	c := h.dial()
	c.Get("/hold")
	c.Get("/a?1")
	c.Send("GET /a?2 HT")
	h.awaitTold("held")
	if a := c.Head(); a.Status != 200 || a.Header("Connection") != "keep-alive" {
		t.Fatalf("the answer begins\n%s", a.Head)
	}
	if got := c.Chunk(); got != "first" {
		t.Fatalf("the first piece is %q", got)
	}
	h.onLoop(func(c reactor.Conn) {
		if !h.service.http.Held(c) || !httploop.HeldChunked(c) || h.service.http.Counters.Requests.Load() != 1 {
			t.Errorf("held %t, chunked %t, %d requests served", h.service.http.Held(c), httploop.HeldChunked(c), h.service.http.Counters.Requests.Load())
		}
		h.service.http.Release(c, []byte(http1.LastChunk))
		if h.service.http.Held(c) {
			t.Error("still held")
		}
	})
	if got := c.Chunk(); got != "" {
		t.Fatalf("the last piece is %q", got)
	}
	if got := c.Answer().Body; got != `GET /a?1 ""` {
		t.Fatalf("then %q", got)
	}
	c.Send("TP/1.1\r\nHost: t\r\n\r\n")
	if got := c.Answer().Body; got != `GET /a?2 ""` {
		t.Fatalf("then %q", got)
	}
}

func TestReleaseEndsTheConnectionOfHTTP10(t *testing.T) {
	h := newHouse(t, settings{})
	for _, header := range []string{"", "Connection: keep-alive\r\n"} {
		c := h.dial()
		c.Send("GET /hold HTTP/1.0\r\n" + header + "\r\nGET /a HTTP/1.0\r\n\r\n")
		h.awaitTold("held")
		h.onLoop(func(c reactor.Conn) {
			if httploop.HeldChunked(c) {
				t.Error("chunked")
			}
			h.service.http.Release(c, []byte(" last"))
		})
		if a := c.Answer(); a.Body != "first last" || a.Header("Connection") != "close" {
			t.Errorf("%s\n%s", a.Head, a.Body)
		}
	}
}

func TestReplyAnswersAHeldExchange(t *testing.T) {
	h := newHouse(t, settings{})
	reply := func(c reactor.Conn) {
		h.service.http.Reply(c, func(x *httploop.Exchange) {
			x.Status(200)
			x.End("late")
		})
	}
	c := h.dial()
	c.Get("/later")
	c.Get("/a")
	h.awaitTold("held")
	h.onLoop(reply)
	if first, second := c.Answer().Body, c.Answer().Body; first != "late" || second != `GET /a? ""` {
		t.Errorf("%q, then %q", first, second)
	}
	c.Send("GET /later HTTP/1.0\r\n\r\n")
	h.awaitTold("held")
	h.onLoop(reply)
	if a := c.Answer(); a.Body != "late" || !strings.HasPrefix(a.Head, "HTTP/1.0 200 ") || a.Header("Connection") != "close" {
		t.Errorf("%s\n%s", a.Head, a.Body)
	}
	c.AwaitEnd()
}

func TestTheServiceHearsWhenTheClientOfAHeldExchangeGoes(t *testing.T) {
	h := newHouse(t, settings{})
	for _, path := range []string{"/hold", "/endless", "/later"} {
		c := h.dial()
		c.Get(path)
		h.awaitTold("held")
		c.Half()
		h.awaitTold("eof")
		h.awaitTold("closed peer_closed")

		c = h.dial()
		c.Get(path)
		h.awaitTold("held")
		c.Reset()
		h.awaitTold("closed peer_reset")
	}
}

// The end of the input can be known before a request in it comes up, since answers before it were slow.
func TestTheServiceHearsOfAnEndThatCameBeforeTheExchange(t *testing.T) {
	h := newHouse(t, settings{})
	c := h.dial()
	c.Shrink()
	const big = 100 // 10 MB
	c.Send(strings.Repeat("GET /big HTTP/1.1\r\nHost: t\r\n\r\n", big) + "GET /hold HTTP/1.1\r\nHost: t\r\n\r\n")
	c.Half()
	for range big {
		c.Answer()
	}
	h.awaitTold("held")
	h.awaitTold("eof")
	h.awaitTold("closed peer_closed")
}

func TestNothingMoreIsHeardOfAReleasedExchange(t *testing.T) {
	h := newHouse(t, settings{})
	c := h.dial()
	c.Get("/hold")
	h.awaitTold("held")
	h.onLoop(func(c reactor.Conn) { h.service.http.Release(c, []byte(http1.LastChunk)) })
	c.Answer()
	c.Close()
	h.awaitClosed(reactor.ReasonPeerClosed, 1)
	if len(h.service.told) != 0 {
		t.Errorf("the service was told of %q", <-h.service.told)
	}
}

// What is sent behind a request whose answer never ends is thrown away, up to a bound.
func TestInputBehindAnEndlessAnswerIsBounded(t *testing.T) {
	h := newHouse(t, settings{})
	c := h.dial()
	c.Send("GET /endless HTTP/1.1\r\nHost: t\r\n\r\nGET /a HTTP/1.1\r\nHost: t\r\n\r\n")
	h.awaitTold("held")
	c.Send(strings.Repeat("x", 60_000))
	c.Head()
	if got := c.Chunk(); got != "first" {
		t.Fatalf("the first piece is %q", got)
	}
	h.onLoop(func(c reactor.Conn) { c.Write(http1.AppendChunk(nil, "second")) })
	if got := c.Chunk(); got != "second" {
		t.Fatalf("then %q", got)
	}
	c.Send(strings.Repeat("x", 10_000))
	h.awaitTold("closed input_full")
	if rest := c.AwaitClose(); rest != "" {
		t.Errorf("before the end came %q", rest)
	}
	if n := h.service.http.Counters.Requests.Load(); n != 1 {
		t.Errorf("%d requests were served", n)
	}
}

// A connection whose endless answer was ended in good order takes the next request.
func TestAnEndlessAnswerCanBeReleased(t *testing.T) {
	h := newHouse(t, settings{})
	c := h.dial()
	c.Get("/endless")
	h.awaitTold("held")
	c.Send("thrown away")
	if !icomettest.Within(patience, func() bool {
		return h.group.Stats().BytesIn >= uint64(len("GET /endless HTTP/1.1\r\nHost: test\r\n\r\nthrown away"))
	}) {
		t.Fatal("the loop has not read what is thrown away")
	}
	h.onLoop(func(c reactor.Conn) { h.service.http.Release(c, []byte(http1.LastChunk)) })
	if got := c.Answer().Body; got != "first" {
		t.Fatalf("the answer is %q", got)
	}
	c.Get("/a")
	if got := c.Answer().Body; got != `GET /a? ""` {
		t.Fatalf("then %q", got)
	}
}
