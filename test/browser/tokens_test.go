package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/icomet/icomet/internal/icomettest"
)

// reader reads a stream of tokens beside the page.
type reader struct {
	t      *testing.T
	socket *icomettest.WebSocket
	text   strings.Builder
	tokens int
	ended  bool
}

// beside reads, from its beginning, the stream that a page has begun.
func beside(t *testing.T, s *icomettest.Server, tab context.Context) *reader {
	t.Helper()
	channel := evaluate[string](t, tab, `JSON.parse(sessionStorage.getItem("icomet-demo-story")).channel`)
	return &reader{t: t, socket: s.DialWebSocket(t, "/ws?since=0&cname="+url.QueryEscape(channel))}
}

// until reads so many tokens, or to the end.
func (r *reader) until(tokens int) {
	r.t.Helper()
	for r.tokens < tokens && !r.ended {
		var m struct{ Type, Event, Content string }
		if err := json.Unmarshal([]byte(r.socket.Message()), &m); err != nil {
			r.t.Fatal(err)
		}
		switch {
		case m.Type == "data" && m.Event == "token":
			r.text.WriteString(m.Content)
			r.tokens++
		case m.Type == "data" && m.Event == "end":
			r.ended = true
		case m.Type == "gap":
			r.t.Fatal("the server does not keep the whole text")
		}
	}
}

func (r *reader) toTheEnd() { r.until(1 << 30) }

func tokensShown(n int) step {
	return isTrue(fmt.Sprintf(`Number(document.getElementById("tokens").textContent) >= %d`, n))
}

var storyEnds = isTrue(`document.getElementById("answer").getAttribute("aria-busy") === "false"`)

func beginStory(t *testing.T, script string) (*icomettest.Server, context.Context, *reader) {
	s := withDemo(t)
	tab := browser(t)
	open(t, tab)
	watch(t, tab)
	before(t, tab, script)
	run(t, tab, chromedp.Navigate(s.FrontURL("/tokens.html")), chromedp.Click(`[data-text="lost"]`), tokensShown(10))
	return s, tab, beside(t, s, tab)
}

// whole checks that the page shows all that the server has sent, once.
func whole(t *testing.T, tab context.Context, r *reader) {
	t.Helper()
	r.toTheEnd()
	run(t, tab, storyEnds)
	if got, want := textOf(t, tab, "text"), r.text.String(); got != want || r.tokens < 100 {
		t.Errorf("the page shows\n%s\nthe server has sent %d tokens\n%s", got, r.tokens, want)
	}
	if got := textOf(t, tab, "tokens"); got != fmt.Sprint(r.tokens) {
		t.Errorf("the page counts %s tokens, the server has sent %d", got, r.tokens)
	}
	if lost := textOf(t, tab, "lost"); lost != "0" {
		t.Errorf("%s lost", lost)
	}
	fine(t, tab)
}

func TestATokenStreamGoesOnAfterAReload(t *testing.T) {
	for _, c := range []struct{ transport, script string }{{"WebSocket", ""}, {"SSE", blockedWebSocket}} {
		t.Run(c.transport, func(t *testing.T) {
			_, tab, r := beginStory(t, c.script)
			run(t, tab, transportIs(c.transport), chromedp.Reload(), transportIs(c.transport), tokensShown(40))
			screenshot(t, tab, "tokens "+c.transport)
			whole(t, tab, r)
			run(t, tab, chromedp.Reload(), storyEnds)
			whole(t, tab, r)
		})
	}
}

func TestATokenStreamGoesOnAfterACut(t *testing.T) {
	_, tab, r := beginStory(t, "")
	run(t, tab, chromedp.Click("#cut"), transportIs("Not connected"))
	cutAt := evaluate[int](t, tab, `Number(document.getElementById("tokens").textContent)`)
	r.until(cutAt + 30)
	run(t, tab, chromedp.Click("#cut"), tokensShown(cutAt+30))
	if n := evaluate[int](t, tab, `Number(document.getElementById("resumed").textContent)`); n < 10 || n > 60 {
		t.Errorf("the page says that %d tokens came in a bundle, after it missed 30", n)
	}
	whole(t, tab, r)
}

func TestATextThatTheServerHasForgottenIsNotWaitedFor(t *testing.T) {
	s, tab, _ := beginStory(t, "")
	run(t, tab, chromedp.Click("#cut"), transportIs("Not connected"))
	channel := evaluate[string](t, tab, `JSON.parse(sessionStorage.getItem("icomet-demo-story")).channel`)
	closeChannel(t, s, channel)
	run(t, tab, chromedp.Click("#cut"), chromedp.WaitVisible("#problem"), storyEnds)
	fine(t, tab)
}
