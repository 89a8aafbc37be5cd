package httploop_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/reactor"
)

func mounted(f http.HandlerFunc) settings { return settings{mounted: f, bridges: 4} }

func TestAMountedHandlerSeesTheRequest(t *testing.T) {
	h := newHouse(t, mounted(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s host=%s path=%s q=%s x=%q n=%d body=%s", r.Method, r.RequestURI, r.Host, r.URL.Path, r.FormValue("q"), r.Header["X-Y"], r.ContentLength, body)
	}))
	c := h.dial()
	c.Request("POST", "/mounted?q=a%20b", "hello", "x-y: 1", "X-Y: 2")
	a := c.Answer()
	if want := `POST /mounted?q=a%20b host=test path=/mounted q=a b x=["1" "2"] n=5 body=hello`; a.Body != want {
		t.Errorf("got  %s\nwant %s", a.Body, want)
	}
	if a.Header("Date") == "" || a.Header("Content-Type") != "text/plain; charset=utf-8" || a.Header("Content-Length") == "" {
		t.Errorf("the head lacks something:\n%s", a.Head)
	}
	c.Get("/mounted/")
	if a := c.Answer(); a.Status != 200 {
		t.Errorf("the next answer is\n%s", a.Head)
	}
}

func TestAnAnswerOfAnyLength(t *testing.T) {
	h := newHouse(t, mounted(func(w http.ResponseWriter, r *http.Request) {
		var n int
		fmt.Sscan(r.FormValue("n"), &n)
		for range n {
			io.WriteString(w, "0123456789")
		}
	}))
	for _, n := range []int{0, 1, 6553, 6554, 100_000} {
		c := h.dial()
		c.Get(fmt.Sprint("/mounted?n=", n))
		c.Get("/a")
		a := c.Answer()
		if a.Body != strings.Repeat("0123456789", n) {
			t.Errorf("%d bytes, want %d", len(a.Body), 10*n)
		}
		if small := n <= 6553; small == a.IsChunked() {
			t.Errorf("n = %d:\n%s", n, a.Head)
		}
		if got := c.Answer().Body; got != `GET /a? ""` {
			t.Errorf("then %q", got)
		}
		c.Send(fmt.Sprintf("GET /mounted?n=%d HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", n))
		if a = c.Answer(); a.Body != strings.Repeat("0123456789", n) || a.IsChunked() {
			t.Errorf("HTTP/1.0: %d bytes, want %d", len(a.Body), 10*n)
		}
	}
}

func TestAStreamingHandlerReachesTheClientPieceByPiece(t *testing.T) {
	next := make(chan string)
	h := newHouse(t, mounted(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Content-Length", "5") // wrong: a stream has none
		w.(http.Flusher).Flush()
		for text := range next {
			io.WriteString(w, text)
			w.(http.Flusher).Flush()
		}
	}))
	c := h.dial()
	c.Get("/mounted")
	if a := c.Head(); !a.IsChunked() || a.Header("Content-Type") != "text/event-stream" {
		t.Fatalf("the answer begins\n%s", a.Head)
	}
	for _, text := range []string{"one", "two", "three"} {
		next <- text
		if got := c.Chunk(); got != text {
			t.Fatalf("got %q, want %q", got, text)
		}
	}
	close(next)
	if got := c.Chunk(); got != "" {
		t.Fatalf("the last chunk is %q", got)
	}
}

func TestStatusesAndMethodsWithoutBody(t *testing.T) {
	h := newHouse(t, mounted(func(w http.ResponseWriter, r *http.Request) {
		var status int
		fmt.Sscan(r.FormValue("status"), &status)
		if length := r.FormValue("length"); length != "" {
			w.Header().Set("Content-Length", length)
		}
		if status != 0 {
			w.WriteHeader(status)
		}
		if r.FormValue("flush") != "" {
			w.(http.Flusher).Flush()
		}
		if r.FormValue("length") == "" {
			_, err := io.WriteString(w, "body")
			if wantErr := status == 204 || status == 304; (err != nil) != wantErr {
				t.Errorf("status %d: Write returned %v", status, err)
			}
		}
	}))
	c := h.dial()
	for _, x := range []struct{ method, query, length, coding string }{
		{"GET", "status=204", "", ""},
		{"GET", "status=304", "", ""},
		{"GET", "status=204&flush=1", "", ""},
		{"HEAD", "status=200", "4", ""},
		{"HEAD", "status=200&length=1234", "1234", ""},
		{"HEAD", "status=200&flush=1", "", "chunked"},
		{"GET", "status=404", "4", ""},
		{"GET", "", "4", ""},
	} {
		c.Request(x.method, "/mounted?"+x.query, "")
		var a icomettest.Answer
		if x.method == "HEAD" {
			a = c.Head()
		} else {
			a = c.Answer()
		}
		if a.Header("Content-Length") != x.length || a.Header("Transfer-Encoding") != x.coding {
			t.Errorf("%+v:\n%s", x, a.Head)
		}
	}
	c.Get("/a") // had there been a body, this would be misread
	if got := c.Answer().Body; got != `GET /a? ""` {
		t.Errorf("then %q", got)
	}
}

func TestTheHandlerOfASlowClientWaits(t *testing.T) {
	var written atomic.Int64
	const total = 12 << 20 // more than sockets buffer
	h := newHouse(t, mounted(func(w http.ResponseWriter, r *http.Request) {
		piece := make([]byte, 32<<10)
		for written.Load() < total {
			n, err := w.Write(piece)
			if err != nil {
				t.Errorf("write: %v", err)
				return
			}
			written.Add(int64(n))
		}
	}))
	c := h.dial()
	c.Shrink()
	c.Get("/mounted")
	if !icomettest.Within(patience, func() bool { return h.group.Stats().OutputQueued > 0 }) {
		t.Fatal("no output waits for a client that does not read")
	}
	if queued := h.group.Stats().OutputQueued; queued > 1<<17 {
		t.Errorf("%d bytes wait for it", queued)
	}
	if written.Load() == total {
		t.Error("the handler did not wait for it")
	}
	if n := len(c.Answer().Body); n != total {
		t.Errorf("the answer has %d bytes, want %d", n, total)
	}
}

func TestTheContextEndsWithTheConnection(t *testing.T) {
	begun, ended := make(chan struct{}), make(chan error, 1)
	h := newHouse(t, mounted(func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		close(begun)
		<-r.Context().Done()
		_, err := w.Write(make([]byte, 1<<20))
		ended <- err
	}))
	c := h.dial()
	c.Get("/mounted")
	<-begun
	c.Reset()
	select {
	case err := <-ended:
		if err != io.ErrClosedPipe {
			t.Errorf("Write returned %v, want %v", err, io.ErrClosedPipe)
		}
	case <-time.After(patience):
		t.Error("the handler was not told that its client has gone")
	}
}

func TestAHalfClosedClientStillGetsItsAnswers(t *testing.T) {
	release := make(chan struct{})
	h := newHouse(t, mounted(func(w http.ResponseWriter, r *http.Request) {
		<-release
		io.WriteString(w, "late")
	}))
	c := h.dial()
	c.Get("/mounted")
	c.Get("/a")
	c.Half()
	close(release)
	if first, second := c.Answer().Body, c.Answer().Body; first != "late" || second != `GET /a? ""` {
		t.Errorf("%q, then %q", first, second)
	}
	c.AwaitEnd()
	h.awaitClosed(reactor.ReasonPeerClosed, 1)
}

func TestAPanicBecomes500OrACutAnswer(t *testing.T) {
	logged := make(chan string, 10)
	s := mounted(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Half-Done", "1")
		io.WriteString(w, "part of it")
		switch r.FormValue("how") {
		case "late":
			w.(http.Flusher).Flush()
		case "abort":
			panic(http.ErrAbortHandler)
		}
		panic("planted")
	})
	s.log = func(text string) { logged <- text }
	h := newHouse(t, s)

	c := h.dial()
	c.Get("/mounted")
	if a := c.Answer(); a.Status != 500 || a.Body != "" || a.Header("X-Half-Done") != "" {
		t.Errorf("%s\n%s", a.Head, a.Body)
	}
	if text := <-logged; !strings.Contains(text, "planted") || !strings.Contains(text, "bridge_test.go") {
		t.Errorf("the log says %q", text)
	}

	c.Get("/mounted?how=late")
	if a := c.Head(); a.Status != 200 {
		t.Errorf("the answer begins\n%s", a.Head)
	}
	if got := c.Chunk(); got != "part of it" {
		t.Errorf("the first chunk is %q", got)
	}
	c.AwaitEnd() // without the last chunk, so that nobody takes it for the whole
	<-logged

	c = h.dial()
	c.Get("/mounted?how=abort")
	if a := c.Answer(); a.Status != 500 {
		t.Errorf("%s", a.Head)
	}
	if len(logged) != 0 {
		t.Errorf("an abort on purpose was logged: %q", <-logged)
	}
}

func TestMoreHandlersThanAllowedAreRefused(t *testing.T) {
	release, entered := make(chan struct{}), make(chan struct{}, 10)
	h := newHouse(t, mounted(func(w http.ResponseWriter, r *http.Request) {
		entered <- struct{}{}
		<-release
	}))
	var busy []*icomettest.Client
	for range h.bridges.Max {
		c := h.dial()
		c.Get("/mounted")
		<-entered
		busy = append(busy, c)
	}
	c := h.dial()
	c.Get("/mounted")
	if a := c.Answer(); a.Status != 503 || a.Header("Retry-After") == "" {
		t.Errorf("one too many gets\n%s", a.Head)
	}
	close(release)
	for _, b := range busy {
		if a := b.Answer(); a.Status != 200 {
			t.Errorf("one of those allowed gets\n%s", a.Head)
		}
	}
	h.bridges.Wait()
	c.Get("/mounted")
	if a := c.Answer(); a.Status != 200 {
		t.Errorf("after that\n%s", a.Head)
	}
}

func TestAnswersAreCountedByClass(t *testing.T) {
	h := newHouse(t, mounted(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	c := h.dial()
	c.Get("/mounted")
	c.Get("/a")
	c.Send("BAD\r\n\r\n")
	c.Answer()
	c.Answer()
	c.Answer()
	n := &h.service.http.Counters
	if n.Answers[2].Load() != 1 || n.Answers[4].Load() != 2 || n.Requests.Load() != 2 || n.Malformed.Load() != 1 {
		t.Errorf("2xx %d, 4xx %d, requests %d, malformed %d", n.Answers[2].Load(), n.Answers[4].Load(), n.Requests.Load(), n.Malformed.Load())
	}
}
