package browser

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/server"
)

// sdk is a real server, and another one, of another origin, with a page that loads the bundle.
type sdk struct {
	*icomettest.Server
	pages *httptest.Server
}

func startSDK(t *testing.T) *sdk {
	t.Helper()
	s := icomettest.Start(t, func(o *server.Options) { o.Config.Front.Publish = []string{"*"} })
	mux := http.NewServeMux()
	mux.Handle("/dist/", http.FileServer(http.Dir("../../sdk/js")))
	mux.Handle("/", http.FileServer(http.Dir("testdata")))
	pages := httptest.NewServer(mux)
	t.Cleanup(pages.Close)
	return &sdk{s, pages}
}

// visit opens the page with options of the client, and waits until its channel is subscribed.
func (s *sdk) visit(options string) step {
	query := url.Values{"server": {"http://" + s.Front.String()}, "options": {options}}
	return chromedp.Steps(chromedp.Navigate(s.pages.URL+"/sdk.html?"+query.Encode()), isTrue(`notes.subscribed`))
}

// has waits until the page has exactly these messages, and no gap.
func has(t *testing.T, messages ...any) step {
	t.Helper()
	list, err := json.Marshal(messages)
	if err != nil {
		t.Fatal(err)
	}
	return isTrue(`JSON.stringify([notes.messages, notes.gaps]) === ` + quote(`[`+string(list)+`,[]]`))
}

func TestClientFollowsOverEachTransport(t *testing.T) {
	s := startSDK(t)
	tab := browser(t)
	open(t, tab)
	for _, transport := range []string{"websocket", "sse", "stream", "poll"} {
		run(t, tab, chromedp.Navigate(s.pages.URL+"/dist/package.json"), chromedp.Evaluate[chromedp.Void](`sessionStorage.clear()`),
			s.visit(`{"transports":["`+transport+`"]}`), isTrue(`notes.transport === `+quote(transport)))
		s.Push(t, "room", "one "+transport)
		run(t, tab, has(t, "one "+transport))
		s.Push(t, "room", `"two" \ 茶`)
		run(t, tab, has(t, "one "+transport, `"two" \ 茶`))
	}
}

func TestClientGoesOnAfterAReload(t *testing.T) {
	s := startSDK(t)
	tab := browser(t)
	open(t, tab)
	run(t, tab, s.visit(`{}`), isTrue(`notes.transport === "websocket"`))
	s.Push(t, "room", "one")
	run(t, tab, has(t, "one"), chromedp.Navigate("about:blank"))
	s.AwaitSubscribers(t, 0)
	s.Push(t, "room", "two")
	run(t, tab, s.visit(`{}`), has(t, "two"))
}

func TestClientPublishesTextJSONAndBytes(t *testing.T) {
	s := startSDK(t)
	tab := browser(t)
	open(t, tab)
	run(t, tab, s.visit(`{}`),
		chromedp.Evaluate[chromedp.Void](`room.publish("hi"); room.publish({a: [1]}); room.publish(new Uint8Array([0, 255])); 0`),
		has(t, "hi", map[string]any{"a": []int{1}}, []int{0, 255}))
}

func TestTabsShareAConnectionAndHandItOver(t *testing.T) {
	s := startSDK(t)
	first := browser(t)
	open(t, first)
	tabs := []context.Context{newTab(t, first), newTab(t, first), newTab(t, first)}
	for _, tab := range tabs {
		open(t, tab)
		run(t, tab, s.visit(`{"share":true}`))
	}
	s.AwaitSubscribers(t, 1)
	s.Push(t, "room", "one")
	for _, tab := range tabs {
		run(t, tab, has(t, "one"))
	}
	if err := chromedp.Cancel(tabs[0]); err != nil {
		t.Fatal(err)
	}
	s.Push(t, "room", "two")
	for _, tab := range tabs[1:] {
		run(t, tab, has(t, "one", "two"))
	}
	s.AwaitSubscribers(t, 1)
}
