package front_test

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/icomet/icomet/internal/config"
	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/server"
)

func TestNamesOfAnyBytes(t *testing.T) {
	s := icomettest.Start(t)
	c := s.DialFront(t)
	for b := range 256 {
		name := "n" + string([]byte{byte(b)}) + strconv.Itoa(b)
		s.Push(t, name, "to "+strconv.Itoa(b))
		c.Get("/sub?seq=1&cname=" + url.QueryEscape(name))
		got := messages(t, c.Answer().Body)
		want := message{"data", strings.ToValidUTF8(name, "\uFFFD"), 1, "to " + strconv.Itoa(b)}
		if len(got) != 1 || got[0] != want {
			t.Errorf("byte %#x: got %+v, want %+v", b, got, want)
		}
	}
}

func TestPagesOfAnyOriginMayRead(t *testing.T) {
	s := icomettest.Start(t, func(o *server.Options) { o.Config.Front.MaxChannels = 1 })
	s.Push(t, "a", "x")
	for _, path := range []string{"/sub", "/poll", "/stream", "/sse", "/iframe", "/ping"} {
		for _, query := range []string{"cname=a&seq=1", "cname=toomany", "cname=a&cb=1bad", "cname=" + strings.Repeat("n", 2000)} {
			for _, method := range []string{"GET", "HEAD", "OPTIONS", "PUT"} {
				c := s.DialFront(t)
				c.Request(method, path+"?"+query, "", "Origin: http://page.example")
				if a := c.Head(); a.Header("Access-Control-Allow-Origin") != "*" {
					t.Errorf("%s %s?%.20s:\n%s", method, path, query, a.Head)
				}
				c.Close()
			}
		}
	}
}

func TestATokenOpensItsChannelOnly(t *testing.T) {
	s := icomettest.Start(t, func(o *server.Options) { o.Config.Front.Auth = config.AuthToken })
	admin, c := s.DialAdmin(t), s.DialFront(t)
	token := func(name string) string {
		admin.Get("/sign?cname=" + name)
		_, rest, _ := strings.Cut(admin.Answer().Body, `"token":"`)
		return rest[:32]
	}
	a, b := token("a"), token("b")
	if a == b || a != token("a") {
		t.Fatalf("tokens %s, %s, then %s", a, b, token("a"))
	}
	for query, want := range map[string]string{
		"cname=a&token=" + a: "next_seq", "cname=b&token=" + b: "next_seq", "cname=a&token=" + b: "401", "cname=a": "401", "cname=a&token=" + a[:31]: "401",
		"cname=a&token=%" + fmt.Sprintf("%x", a[0]) + a[1:]: "next_seq",
	} {
		c.Get("/sub?" + query)
		if got := messages(t, c.Answer().Body); got[0].Type != want {
			t.Errorf("%s: %s, want %s", query, got[0].Type, want)
		}
	}
	admin.Get("/close?cname=a")
	admin.Answer()
	if again := token("a"); again == a {
		t.Error("the token outlived its channel")
	}
}

// text is message number n of a channel whose messages are large.
func text(n, length int) string {
	return fmt.Sprintf("%d ", n) + strings.Repeat("x", length)
}

// A history that does not fit in one go reaches a stream whole and in order, with what is published meanwhile.
func TestALongReplayArrivesInParts(t *testing.T) {
	const kept, length, limit = 60, 3000, 8192
	s := icomettest.Start(t, history(kept), outputBytes(limit))
	for n := 1; n <= kept; n++ {
		s.Push(t, "c", text(n, length))
	}
	for _, path := range []string{"/stream", "/sse", "/iframe"} {
		c := s.DialFront(t)
		c.Shrink()
		c.Get(path + "?cname=c&seq=1")
		c.Head()
		if path == "/iframe" {
			c.Chunk()
		}
		for n := 1; n <= kept; n++ {
			chunk := c.Chunk()
			if want := fmt.Sprintf(`"seq":%d,"content":"%d x`, n, n); !strings.Contains(chunk, want) {
				t.Fatalf("%s: message %d is %.80q", path, n, chunk)
			}
		}
		c.Close()
	}
}

// While a subscriber is still being sent its history, what is published goes to the history only.
func TestALongReplayAndLiveMessagesMeetWithoutASeam(t *testing.T) {
	const kept, length, limit, live = 120, 100_000, 8192, 20 // more than sockets buffer
	s := icomettest.Start(t, history(2*(kept+live)), outputBytes(limit))
	for n := 1; n <= kept; n++ {
		s.Push(t, "c", text(n, length))
	}
	c := s.DialFront(t)
	c.Shrink()
	c.Get("/stream?cname=c&seq=1")
	s.AwaitSubscribers(t, 1)
	for n := kept + 1; n <= kept+live; n++ {
		s.Push(t, "c", text(n, 10))
	}
	c.Head()
	for n := 1; n <= kept+live; n++ {
		if chunk := c.Chunk(); !strings.Contains(chunk, fmt.Sprintf(`"seq":%d,"content":"%d x`, n, n)) {
			t.Fatalf("message %d is %.80q", n, chunk)
		}
	}
	s.Push(t, "c", "after all")
	if chunk := c.Chunk(); !strings.Contains(chunk, "after all") {
		t.Fatalf("then comes %.80q", chunk)
	}
}

// A subscription may fall between messages that are delivered in one turn of a loop: those before it are in its
// replay, and only those after it may be delivered.
func TestASubscriptionAmongMessagesOfOneTurn(t *testing.T) {
	s := icomettest.Start(t, history(1000), func(o *server.Options) {
		o.Config.Loops, o.Config.Front.MaxConnections = 1, 100
	})
	busy, before, after := s.DialAdmin(t), s.DialAdmin(t), s.DialAdmin(t)
	const burst, load = 5, 2000 // load keeps the loop busy while the rest arrives
	pushes := func(name string, n int) string {
		return strings.Repeat("GET /push?cname="+name+"&content=x HTTP/1.1\r\nHost: t\r\n\r\n", n)
	}
	for round := range 15 {
		name := fmt.Sprint("c", round)
		watcher := s.DialFront(t) // so that the loop gets mail for the channel from the first message on
		watcher.Get("/stream?cname=" + name + "&seq=1")
		watcher.Head()
		clients := make([]*icomettest.Client, 6)
		for i := range clients {
			clients[i] = s.DialFront(t)
			clients[i].Get("/ping")
			clients[i].Answer()
		}
		busy.Send(pushes("other", load))
		before.Send(pushes(name, burst))
		for i, c := range clients {
			c.Get([]string{"/stream", "/sse"}[i%2] + "?cname=" + name + "&seq=1")
		}
		after.Send(pushes(name, burst))
		for range burst {
			before.Answer()
			after.Answer()
		}
		for range load {
			busy.Answer()
		}
		for _, c := range append(clients, watcher) {
			if c != watcher {
				c.Head()
			}
			for n := 1; n <= 2*burst; n++ {
				if chunk := c.Chunk(); !strings.Contains(chunk, fmt.Sprintf(`"seq":%d,`, n)) {
					t.Fatalf("message %d is %q", n, chunk)
				}
			}
			c.Close()
		}
		s.AwaitSubscribers(t, 0)
	}
}

// A poll gets as much as fits, at least one message, and the rest with the next polls.
func TestALongReplayIsCutForPolls(t *testing.T) {
	const kept, length, limit = 20, 3000, 8192
	s := icomettest.Start(t, history(kept), outputBytes(limit))
	for n := 1; n <= kept; n++ {
		s.Push(t, "c", text(n, length))
	}
	s.Push(t, "c", text(kept+1, 3*limit))
	c := s.DialFront(t)
	polls := 0
	for next := 1; next <= kept+1; polls++ {
		c.Get(fmt.Sprintf("/sub?cname=c&seq=%d", next))
		body := c.Answer().Body
		if len(body) > limit+1000 && next <= kept {
			t.Errorf("an answer of %d bytes", len(body))
		}
		for _, m := range messages(t, body) {
			if int(m.Seq) != next || !strings.HasPrefix(m.Content, strconv.Itoa(next)+" ") {
				t.Fatalf("message %d is %.60v", next, m)
			}
			next++
		}
	}
	if polls != kept/2+1 {
		t.Errorf("%d polls, want %d", polls, kept/2+1)
	}
}

// A subscriber that does not read is closed at its bound, and disturbs nobody.
func TestASubscriberThatDoesNotReadIsClosed(t *testing.T) {
	s := icomettest.Start(t, outputBytes(64<<10), history(0))
	slow, good := s.DialFront(t), s.DialFront(t)
	slow.Shrink()
	slow.Get("/stream?cname=c&seq=1")
	good.Get("/stream?cname=c&seq=1")
	s.AwaitSubscribers(t, 2)
	good.Head()
	n := 0
	for ; s.Subscribers() == 2 && n < 4000; n++ {
		s.Push(t, "c", text(n+1, 16<<10))
		if chunk := good.Chunk(); !strings.Contains(chunk, fmt.Sprintf(`"content":"%d x`, n+1)) {
			t.Fatalf("message %d is %.80q", n+1, chunk)
		}
	}
	s.AwaitSubscribers(t, 1)
	slow.AwaitClose()
	t.Logf("closed after %d messages", n)
}

// What was published before a close is delivered before it, on every kind.
func TestCloseComesAfterWhatWasPublishedBefore(t *testing.T) {
	s := icomettest.Start(t)
	const rounds, burst = 20, 5
	kinds := []string{"/stream", "/sse"}
	for round := range rounds {
		name := fmt.Sprint("c", round)
		var subscribers []*icomettest.Client
		for _, path := range kinds {
			c := s.DialFront(t)
			c.Get(path + "?cname=" + name + "&seq=1")
			c.Head()
			subscribers = append(subscribers, c)
		}
		s.AwaitSubscribers(t, int64(len(kinds)))
		admin := s.DialAdmin(t)
		var all strings.Builder
		for n := range burst {
			fmt.Fprintf(&all, "GET /push?cname=%s&content=%d HTTP/1.1\r\nHost: t\r\n\r\n", name, n+1)
		}
		admin.Send(all.String() + "GET /close?cname=" + name + " HTTP/1.1\r\nHost: t\r\n\r\nGET /push?cname=" + name + "&content=next HTTP/1.1\r\nHost: t\r\n\r\n")
		for _, c := range subscribers {
			for n := range burst {
				if chunk := c.Chunk(); !strings.Contains(chunk, fmt.Sprintf(`"seq":%d,"content":"%d"`, n+1, n+1)) {
					t.Fatalf("message %d is %q", n+1, chunk)
				}
			}
			if chunk := c.Chunk(); !strings.Contains(chunk, fmt.Sprintf(`"type":"close","cname":"%s","seq":%d`, name, burst+1)) {
				t.Fatalf("the end is %q", chunk)
			}
			if last := c.Chunk(); last != "" {
				t.Fatalf("behind the end comes %q", last)
			}
		}
		s.AwaitSubscribers(t, 0)
	}
}

// A server that stops ends every answer properly, those of HTTP/1.0 too.
func TestStopEndsAllAnswers(t *testing.T) {
	s := icomettest.Start(t)
	poll, stream, sse, old, idle := s.DialFront(t), s.DialFront(t), s.DialFront(t), s.DialFront(t), s.DialFront(t)
	poll.Get("/sub?cname=c&seq=1&noop=3")
	stream.Get("/stream?cname=c&seq=1")
	sse.Get("/sse?cname=c&seq=1")
	old.Send("GET /stream?cname=c&seq=1 HTTP/1.0\r\nConnection: close\r\n\r\n")
	idle.Get("/ping")
	idle.Answer()
	s.AwaitSubscribers(t, 4)
	s.Push(t, "d", "x")
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := messages(t, poll.Answer().Body); got[0] != (message{"noop", "c", 3, ""}) {
		t.Errorf("the poll got %+v", got)
	}
	for _, c := range []*icomettest.Client{stream, sse} {
		if a := c.Answer(); len(a.Chunks) != 0 {
			t.Errorf("an endless answer got %q", a.Chunks)
		}
	}
	if a := old.Answer(); a.Body != "" || !a.Closes {
		t.Errorf("HTTP/1.0 got %q", a.Body)
	}
	for _, c := range []*icomettest.Client{poll, stream, sse, idle} {
		c.AwaitClose()
	}
}

func TestOtherPathsAreForTheDemo(t *testing.T) {
	s := icomettest.Start(t, func(o *server.Options) { o.Demo = true })
	c := s.DialFront(t)
	c.Get("/icomet.js")
	script := c.Answer()
	c.Get("/icomet%2ejs")
	escaped := c.Answer()
	if script.Status != 200 || !strings.Contains(script.Body, "iComet") || escaped.Body != script.Body {
		t.Errorf("the script: %d, %d bytes; escaped: %d, %d bytes", script.Status, len(script.Body), escaped.Status, len(escaped.Body))
	}
	for target, status := range map[string]int{"/": 200, "/nosuch": 404, "/nosuch%3f": 404, "/icomet.esm.js": 200, "/demo/chat/members?cname=chat-1": 200, "/demo/chat/members?cname=other": 403, "/%zz": 400} {
		c.Get(target)
		if a := c.Answer(); a.Status != status {
			t.Errorf("%s: %d, want %d", target, a.Status, status)
		}
	}
	c.Request("HEAD", "/index.html", "")
	if a := c.Head(); a.Status != 301 {
		t.Errorf("HEAD of the index:\n%s", a.Head)
	}
	c.Request("HEAD", "/", "")
	if a := c.Head(); a.Status != 200 || len(a.Header("Content-Length")) < 3 {
		t.Errorf("HEAD:\n%s", a.Head)
	}
}
