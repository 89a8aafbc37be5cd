package compat

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/config"
	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/server"
)

// The clients of section 12, each reading the way the original client does. Where one guesses, so does its
// stand-in here.

const patience = 30 * time.Second

// envelope is what all of them parse.
type envelope struct {
	Type    string `json:"type"`
	Name    string `json:"cname"`
	Seq     int    `json:"seq"`
	Content string `json:"content"`
}

// pollingFor sets both time-outs.
func pollingFor(d time.Duration) func(o *server.Options) {
	return func(o *server.Options) {
		o.Config.Front.PollingTimeout, o.Config.Front.ChannelTimeout = d, max(d, time.Second)
	}
}

// open sends a GET request of net/http, whose connection ends with the test.
func open(t *testing.T, target string) *http.Response {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	answer, err := client.Get(target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	return answer
}

func fetch(t *testing.T, target string) string {
	t.Helper()
	body, err := io.ReadAll(open(t, target).Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func parse(t *testing.T, text string) (e envelope) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	return e
}

// browser is icomet.js: its state, and what it does with each message.
type browser struct {
	t         *testing.T
	server    *icomettest.Server
	name      string
	seq, noop int
	token     string
	timeout   time.Duration // after which its watchdog starts anew
	calls     int
	delivered []string
}

func newBrowser(t *testing.T, s *icomettest.Server, name string) *browser {
	return &browser{t: t, server: s, name: name}
}

// jsonp takes the call of a callback away, as a browser does by running it.
func (b *browser) jsonp(target string) (inner string) {
	b.t.Helper()
	b.calls++
	callback := fmt.Sprint("icomet_cb_", b.calls)
	text := fetch(b.t, target+"&cb="+callback+"&callback="+callback+"&_=1&_=2")
	inner, ok := strings.CutPrefix(text, callback+"(")
	inner, ok2 := strings.CutSuffix(inner, ");\n")
	if !ok || !ok2 {
		b.t.Fatalf("%q does not call %s", text, callback)
	}
	return inner
}

// sign begins: name, seq and token of the answer replace its own; the watchdog waits 1.3 × sub_timeout.
func (b *browser) sign() {
	b.t.Helper()
	var signed struct {
		Type       string `json:"type"`
		Name       string `json:"cname"`
		Seq        int    `json:"seq"`
		Token      string `json:"token"`
		SubTimeout int    `json:"sub_timeout"`
	}
	if err := json.Unmarshal([]byte(b.jsonp(b.server.AdminURL("/sign", "cname", b.name))), &signed); err != nil || signed.Type != "sign" {
		b.t.Fatalf("sign: %v, %+v", err, signed)
	}
	b.name, b.seq, b.token = signed.Name, signed.Seq, signed.Token
	b.timeout = time.Duration(1.3 * float64(signed.SubTimeout) * float64(time.Second))
}

func (b *browser) target(path string) string {
	return b.server.FrontURL(path, "cname", b.name, "seq", strconv.Itoa(b.seq), "noop", strconv.Itoa(b.noop), "token", b.token)
}

// take handles one message. It tells whether the chain of polls goes on.
func (b *browser) take(e envelope) bool {
	switch e.Type {
	case "noop":
		if e.Seq != b.noop {
			return false // taken for one of a duplicate connection
		}
		b.noop++
	case "next_seq":
		b.seq = e.Seq
	case "data", "broadcast":
		if e.Seq != b.seq && e.Seq > 1 && e.Seq < b.seq {
			return true // seen already
		}
		b.seq = e.Seq + 1
		b.delivered = append(b.delivered, e.Content)
	default:
		b.t.Fatalf("unexpected %+v", e)
	}
	return true
}

// poll is one round of long polling.
func (b *browser) poll() {
	b.t.Helper()
	start := time.Now()
	text := b.jsonp(b.target("/sub"))
	if took := time.Since(start); took > b.timeout {
		b.t.Errorf("its watchdog fired: nothing came for %v", took)
	}
	list := []envelope{{}}
	if strings.HasPrefix(text, "[") {
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			b.t.Fatal(err)
		}
	} else {
		list[0] = parse(b.t, text)
	}
	for _, e := range list {
		if !b.take(e) {
			b.t.Errorf("the chain of polls ends with %+v", e)
		}
	}
}

func (b *browser) expect(want ...string) {
	b.t.Helper()
	if fmt.Sprint(b.delivered) != fmt.Sprint(want) {
		b.t.Errorf("delivered %q, want %q", b.delivered, want)
	}
}

func TestBrowserByLongPolling(t *testing.T) {
	t.Parallel()
	s := icomettest.Start(t, pollingFor(2*time.Second), func(o *server.Options) { o.Config.Front.Auth = config.AuthToken })
	b := newBrowser(t, s, "room")
	s.Push(t, "room", "before")
	b.sign()
	b.poll()
	b.expect("before")
	live := make(chan struct{})
	go func() {
		defer close(live)
		s.AwaitSubscribers(t, 1)
		s.Push(t, "room", "it's \"live\"\n</script>")
	}()
	b.poll()
	<-live
	s.Push(t, "room", "between")
	b.poll()
	b.expect("before", "it's \"live\"\n</script>", "between")
	b.poll() // until the heartbeat, which must come before the watchdog: repairs 13.11
	if b.noop != 1 {
		t.Errorf("noop is %d, want 1", b.noop)
	}
}

func TestBrowserByEventSource(t *testing.T) {
	t.Parallel()
	s := icomettest.Start(t, pollingFor(time.Second))
	b := newBrowser(t, s, "room")
	b.sign()
	events := bufio.NewScanner(open(t, b.target("/sse")+"&cb=icomet_cb_2&_=1").Body)
	next := func() {
		t.Helper()
		var data []string
		for events.Scan() && events.Text() != "" {
			field, value, _ := strings.Cut(events.Text(), ":")
			if field == "data" {
				data = append(data, strings.TrimPrefix(value, " "))
			}
			if field == "event" {
				t.Fatalf("%q: icomet.js listens to the default type only", events.Text())
			}
		}
		if !b.take(parse(t, strings.Join(data, "\n"))) {
			t.Error("taken for a duplicate")
		}
	}
	s.Push(t, "room", "one")
	next()
	fetch(t, s.AdminURL("/broadcast", "content", "all"))
	next()
	next()
	s.Push(t, "room", "two")
	next()
	b.expect("one", "all", "two")
	next()
	next()
	if b.noop != 2 {
		t.Errorf("noop is %d, want 2", b.noop)
	}
}

// The PHP demos relay what the admin port says.
func TestPHPDemo(t *testing.T) {
	t.Parallel()
	s := icomettest.Start(t)
	if got := fetch(t, s.AdminURL("/push", "cname", "网 页&x=1", "content", "a&b=c 你好+")); got != "{\"type\":\"ok\"}\n" {
		t.Errorf("push: %q", got)
	}
	signed := parse(t, fetch(t, s.AdminURL("/sign", "cname", "网 页&x=1")))
	if signed.Name != "网 页&x=1" || signed.Seq != 1 {
		t.Errorf("sign: %+v", signed)
	}
	body := fetch(t, s.FrontURL("/sub", "cname", "网 页&x=1", "seq", "1"))
	if e := parse(t, strings.Trim(strings.TrimSpace(body), "[]")); e.Content != "a&b=c 你好+" {
		t.Errorf("got %+v", e)
	}
}

// The Python demo prints each write of curl, and the Swift client parses each piece received: both rely on
// a message not being cut in two.
func TestMessagesAreNotCut(t *testing.T) {
	t.Parallel()
	s := icomettest.Start(t)
	conn, err := net.Dial("tcp", s.Front.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprint(conn, "GET /stream?cname=12 HTTP/1.0\r\n\r\n")
	piece := make([]byte, 64<<10)
	connected, seen := false, 0
	read := func() {
		n, err := conn.Read(piece)
		if err != nil {
			t.Fatal(err)
		}
		text := piece[:n]
		if _, after, ok := bytes.Cut(text, []byte("\r\n\r\n")); ok {
			text = after
		}
		for line := range strings.Lines(string(text)) {
			e := parse(t, line) // fails for half a message
			connected = connected || e.Type == "next_seq"
			if e.Type == "data" {
				seen++
			}
		}
	}
	for !connected {
		read()
	}
	for n := range 50 {
		s.Push(t, "12", strings.Repeat("x", 100*n))
		for seen <= n {
			read()
		}
	}
}

// The iOS demo splits at LF and keeps what is incomplete; the Java client reads lines and counts data.
func TestLineReaders(t *testing.T) {
	t.Parallel()
	s := icomettest.Start(t)
	s.Push(t, "a", "one")
	for _, target := range []string{s.FrontURL("/stream", "cname", "a", "seq", "1"), s.FrontURL("/stream", "cname", "a", "seq", "1", "token", "x")} {
		lines := bufio.NewReader(open(t, target).Body)
		for seq, want := range []string{"one", "line\nbreak"} {
			if seq == 1 && target == s.FrontURL("/stream", "cname", "a", "seq", "1") {
				s.Push(t, "a", want)
			}
			line, err := lines.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if e := parse(t, line); e.Type != "data" || e.Seq != seq+1 || e.Content != want {
				t.Errorf("got %+v, want %q", e, want)
			}
		}
	}
}

// Scripts in public code look for lines that begin with "data:".
func TestDataLineReaders(t *testing.T) {
	t.Parallel()
	s := icomettest.Start(t)
	lines := bufio.NewScanner(open(t, "http://"+s.Front.String()+"/sse?cb=icomet_cb_0&cname=0123abcd&seq=0&noop=0&token=&_="+strconv.FormatInt(time.Now().UnixMilli(), 10)).Body)
	s.Push(t, "0123abcd", "quote")
	var types []string
	for len(types) < 2 && lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data:"); ok {
			types = append(types, parse(t, data).Type)
		}
	}
	if fmt.Sprint(types) != "[next_seq data]" {
		t.Errorf("got %v", types)
	}
}

// nginx in front speaks HTTP/1.0 and reads to the end of the connection.
func TestNginxInFront(t *testing.T) {
	t.Parallel()
	s := icomettest.Start(t, pollingFor(time.Second))
	request := func(target string) *icomettest.Client {
		c := s.DialFront(t)
		c.Send("GET " + target + " HTTP/1.0\r\nHost: backend\r\nConnection: close\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n")
		return c
	}
	stream := request("/stream?cname=n&seq=1")
	s.AwaitSubscribers(t, 1)
	s.Push(t, "n", "one")
	if a := request("/sub?cname=n&seq=1").Answer(); a.Body != "[{\"type\":\"data\",\"cname\":\"n\",\"seq\":1,\"content\":\"one\"}]\n" || a.Header("Connection") != "close" || a.Header("Content-Length") != "" {
		t.Errorf("poll:\n%s\n%s", a.Head, a.Body)
	}
	if a := request("/sub?cname=n&seq=2&noop=5").Answer(); a.Body != "{\"type\":\"noop\",\"cname\":\"n\",\"seq\":5,\"content\":\"\"}\n" {
		t.Errorf("heartbeat: %q", a.Body)
	}
	stream.Head()
	if line := stream.Line(); parse(t, line).Content != "one" {
		t.Errorf("stream: %q", line)
	}
	fetch(t, s.AdminURL("/close", "cname", "n"))
	rest := stream.Rest()
	if !strings.HasSuffix(rest, "{\"type\":\"close\",\"cname\":\"n\",\"seq\":2,\"content\":\"\"}\n") {
		t.Errorf("the stream ends with %q", rest)
	}
}

// tools/benchmark subscribes with nothing but a name, again and again.
func TestBenchmarkTool(t *testing.T) {
	t.Parallel()
	s := icomettest.Start(t)
	for n := range 20 {
		name := fmt.Sprint("random", n)
		if e := parse(t, fetch(t, s.FrontURL("/sub", "cname", name))); e != (envelope{"next_seq", name, 1, ""}) {
			t.Errorf("got %+v", e)
		}
	}
}

// A heartbeat comes after polling_timeout, not a second later: repairs 13.11. Any message puts it off.
func TestHeartbeatComesInTime(t *testing.T) {
	t.Parallel()
	const timeout = time.Second
	s := icomettest.Start(t, pollingFor(timeout))
	poll, stream := s.DialFront(t), s.DialFront(t)
	start := time.Now()
	poll.Get("/sub?cname=p&seq=1")
	stream.Get("/stream?cname=s&seq=1")
	s.AwaitSubscribers(t, 2)
	half := time.NewTimer(timeout / 2)
	<-half.C
	pushed := time.Now()
	s.Push(t, "s", "puts it off")
	poll.Answer()
	inTime(t, "poll", time.Since(start), timeout)
	stream.Head()
	stream.Chunk()
	if e := parse(t, stream.Chunk()); e.Type != "noop" {
		t.Errorf("got %+v", e)
	}
	inTime(t, "stream", time.Since(pushed), timeout)
}

func inTime(t *testing.T, what string, took, want time.Duration) {
	t.Helper()
	if took < want-5*time.Millisecond || took > want+900*time.Millisecond {
		t.Errorf("%s: the heartbeat came after %v, want %v", what, took, want)
	}
}

// Names that icomet.js does not encode arrive as they are: repairs 13.1.
func TestUnencodedNames(t *testing.T) {
	t.Parallel()
	s := icomettest.Start(t)
	c := s.DialFront(t)
	for _, name := range []string{"日本", "a{b}", "100%", "it's", `back\slash`, "q?x", "a/b", "a=b"} {
		c.Send("GET /sub?cb=icomet_cb_0&cname=" + name + "&seq=0 HTTP/1.1\r\nHost: t\r\n\r\n")
		inner := strings.TrimSuffix(strings.TrimPrefix(c.Answer().Body, "icomet_cb_0("), ");\n")
		if e := parse(t, inner); e.Name != name {
			t.Errorf("%q arrived as %q", name, e.Name)
		}
		if got := fetch(t, s.AdminURL("/check", "cname", name)); !strings.HasSuffix(got, ": 1}\n") {
			t.Errorf("%s: %s", url.QueryEscape(name), got)
		}
	}
}
