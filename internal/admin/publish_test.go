package admin_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/icomet/icomet/internal/icomettest"
)

// contents publishes with one request, and returns the status and what the channel c then holds.
func contents(t *testing.T, s *icomettest.Server, method, target, body string, headers ...string) (status int, held string) {
	t.Helper()
	admin, front := s.DialAdmin(t), s.DialFront(t)
	defer admin.Close()
	defer front.Close()
	admin.Get("/close?cname=c")
	admin.Answer()
	admin.Request(method, target, body, headers...)
	status = admin.Answer().Status
	if admin.Get("/check?cname=c"); admin.Answer().Body == "{}\n" {
		return status, ""
	}
	front.Get("/sub?cname=c&seq=1")
	_, held, _ = strings.Cut(front.Answer().Body, `"content":"`)
	return status, strings.TrimSuffix(held, "\"}]\n")
}

func TestTheTextComesFromTheQueryOrTheBody(t *testing.T) {
	s := icomettest.Start(t)
	const form, json, text = "Content-Type: application/x-www-form-urlencoded", "Content-Type: application/json; charset=utf-8", "Content-Type: text/plain"
	for _, c := range []struct {
		name, target, body, contentType string
		status                          int
		held                            string
	}{
		{"query", "/push?cname=c&content=a", "", "", 200, "a"},
		{"empty", "/push?cname=c", "", "", 200, ""},
		{"form", "/push", "cname=c&content=a%26+b", form, 200, "a& b"},
		{"form without a type", "/push", "cname=c&content=a", "", 200, "a"},
		{"form over query", "/push?cname=c&content=q", "content=a", form, 200, "a"},
		{"form and query", "/push?cname=c", "content=a", form, 200, "a"},
		{"form with a bad type", "/push?cname=c", "content=a", "Content-Type: ;;", 200, "a"},
		{"JSON", "/push", `{"cname":"c","content":"a\n\"b\""}`, json, 200, `a\n\"b\"`},
		{"JSON and query", "/push?cname=c", `{"content":"a"}`, json, 200, "a"},
		{"JSON of another kind", "/push", `{"cname":"c","content":"a"}`, "Content-Type: application/vnd.x+json", 200, "a"},
		{"JSON with a number", "/push", `{"cname":"c","content":7}`, json, 400, ""},
		{"JSON with an unknown key", "/push", `{"cname":"c","contents":"a"}`, json, 400, ""},
		{"JSON list", "/push?cname=c", `["a"]`, json, 400, ""},
		{"JSON cut off", "/push?cname=c", `{"content":"a"`, json, 400, ""},
		{"two JSON values", "/push?cname=c", `{"content":"a"}{}`, json, 400, ""},
		{"raw text", "/push?cname=c", "a=b & c%20+\n", text, 200, `a=b & c%20+\n`},
		{"raw bytes", "/push?cname=c", "\x00\xff", "Content-Type: application/octet-stream", 200, `\u0000` + "\uFFFD"},
		{"raw text without a name is a form", "/push", "cname=c&content=a", text, 200, "a"},
		{"query says all", "/push?cname=c&content=q", "raw", text, 200, "q"},
		{"pub takes escapes", "/pub?cname=c", `\u4f60\"`, text, 200, `\u4f60\"`},
		{"pub refuses quotes", "/pub?cname=c", `"`, text, 400, ""},
		{"pub takes JSON", "/pub", `{"cname":"c","content":"\\n"}`, json, 200, `\n`},
		{"long name", "/push?cname=" + strings.Repeat("n", 1025), "", "", 400, ""},
		{"bad callback in JSON", "/push", `{"cname":"c","cb":"a b"}`, json, 400, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var headers []string
			if c.contentType != "" {
				headers = append(headers, c.contentType)
			}
			if status, held := contents(t, s, "POST", c.target, c.body, headers...); status != c.status || held != c.held {
				t.Errorf("%d, %q, want %d, %q", status, held, c.status, c.held)
			}
		})
	}
}

func TestLongTextsPass(t *testing.T) {
	s := icomettest.Start(t)
	long := strings.Repeat("x", 200<<10)
	if status, held := contents(t, s, "GET", "/push?cname=c&content="+long, ""); status != 200 || held != long {
		t.Errorf("a URL of 200 KB: %d, %d bytes", status, len(held))
	}
	admin := s.DialAdmin(t)
	admin.Get("/push?cname=c&content=" + strings.Repeat("x", 300<<10))
	if a := admin.Answer(); a.Status != 414 {
		t.Errorf("a URL of 300 KB: %d", a.Status)
	}
	long = strings.Repeat("y", 1<<20)
	if status, held := contents(t, s, "POST", "/push?cname=c", long, "Content-Type: text/plain"); status != 200 || held != long {
		t.Errorf("a body of 1 MB: %d, %d bytes", status, len(held))
	}
	admin = s.DialAdmin(t)
	admin.Request("POST", "/push?cname=c", long+"y", "Content-Type: text/plain")
	if a := admin.Answer(); a.Status != 413 {
		t.Errorf("a body of more: %d", a.Status)
	}
}

func TestNamesOfAnyBytesAreAnsweredAsJSON(t *testing.T) {
	s := icomettest.Start(t)
	admin := s.DialAdmin(t)
	for b := range 256 {
		name := url.QueryEscape("n" + string([]byte{byte(b)}))
		for _, target := range []string{"/push?content=x&cname=", "/sign?cname=", "/check?cname=", "/info?cname=", "/clear?cname=", "/close?cname="} {
			admin.Get(target + name)
			a := admin.Answer()
			if a.Status != 200 || a.Header("X-Content-Type-Options") != "nosniff" {
				t.Fatalf("byte %#x, %s:\n%s", b, target, a.Head)
			}
			if strings.HasPrefix(a.Body, "{") {
				checkJSON(t, a.Body)
			}
		}
	}
}

func TestABroadcastReachesEveryChannelBeforeItIsAnswered(t *testing.T) {
	s := icomettest.Start(t)
	const channels = 2000 // several steps
	admin, front := s.DialAdmin(t), s.DialFront(t)
	var all strings.Builder
	for n := range channels {
		fmt.Fprintf(&all, "GET /push?cname=c%d&content=x HTTP/1.1\r\nHost: t\r\n\r\n", n)
	}
	admin.Send(all.String())
	for range channels {
		admin.Answer()
	}
	watched := s.DialFront(t)
	watched.Get("/stream?cname=c7&seq=2")
	s.AwaitSubscribers(t, 1)
	admin.Get("/broadcast?content=all")
	admin.Get("/info")
	if got := admin.Answer().Body; got != "ok\n" {
		t.Fatalf("broadcast: %q", got)
	}
	for n := range channels {
		front.Get(fmt.Sprintf("/sub?cname=c%d&seq=2", n))
		if n == 7 {
			watched.Head()
			watched.Chunk()
		}
		if body := front.Answer().Body; !strings.HasPrefix(body, `[{"type":"broadcast","cname":"c`) || !strings.Contains(body, `"seq":2,"content":"all"},{"type":"next_seq"`) {
			t.Fatalf("channel %d holds %q", n, body)
		}
	}
	if got := admin.Answer().Body; !strings.Contains(got, fmt.Sprintf(`"channels": %d,`, channels)) {
		t.Errorf("the request behind: %q", got)
	}
}

func TestABroadcastOfAClientThatHasGoneIsDone(t *testing.T) {
	s := icomettest.Start(t)
	s.Push(t, "c", "x")
	admin := s.DialAdmin(t)
	front := s.DialFront(t)
	front.Get("/sub?cname=c&seq=2")
	s.AwaitSubscribers(t, 1)
	admin.Get("/broadcast?content=all")
	admin.Reset()
	if body := front.Answer().Body; !strings.Contains(body, `"content":"all"`) {
		t.Errorf("got %q", body)
	}
}

func TestOtherHandlersAreMounted(t *testing.T) {
	s := icomettest.Start(t)
	s.Push(t, "c", "x")
	admin := s.DialAdmin(t)
	admin.Get("/metrics")
	if a := admin.Answer(); a.Status != 200 || !strings.Contains(a.Body, "icomet_channels 1\n") {
		t.Errorf("%s\n%.500s", a.Head, a.Body)
	}
	admin.Get("/debug/pprof/cmdline")
	if a := admin.Answer(); a.Status != 200 || !strings.Contains(a.Body, "admin.test") {
		t.Errorf("%s\n%q", a.Head, a.Body)
	}
	admin.Get("/debug/pprof/%67oroutine?debug=1")
	if a := admin.Answer(); a.Status != 200 || !strings.Contains(a.Body, "goroutine profile") {
		t.Errorf("%s\n%.200q", a.Head, a.Body)
	}
	admin.Get("/debug")
	if a := admin.Answer(); a.Status != 404 {
		t.Errorf("%s", a.Head)
	}
}
