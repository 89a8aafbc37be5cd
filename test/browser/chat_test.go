package browser

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/server"
)

// withDemo starts the server that a newcomer starts, where members are gone sooner.
func withDemo(t *testing.T) *icomettest.Server {
	return icomettest.Start(t, func(o *server.Options) {
		o.Demo = true
		o.Config.Front.MemberGrace = time.Second
	})
}

func enter(url, name string) step {
	return chromedp.Steps(
		chromedp.Navigate(url),
		chromedp.WaitVisible("#name"),
		chromedp.SetValue("#name", name),
		chromedp.SetValue("#room", "tea"),
		chromedp.Click("#join-form button"),
		chromedp.WaitVisible(`#state[data-state="open"]`),
	)
}

func say(text string) step { return chromedp.SendKeys("#text", text+"\r") }

// sees waits until the page lists a message with exactly this text, once, and knows that it is delivered.
func sees(text string) step {
	return isTrue(`[...document.querySelectorAll(".bubble")].filter(b => b.textContent === ` +
		quote(text) + ` && !b.closest(".sending")).length === 1`)
}

// lists waits until these, in the order of the page, are all who are in the room.
func lists(names string) step {
	return isTrue(`[...document.querySelectorAll("#people-list .name")].map(n => n.textContent).join() === ` + quote(names))
}

// tells waits until a quiet line says who has come or gone.
func tells(text string) step {
	return isTrue(`[...document.querySelectorAll(".coming")].some(n => n.textContent === ` + quote(text) + `)`)
}

func TestTwoPeopleTalkAndSeeEachOther(t *testing.T) {
	twoPeopleTalk(t, "/chat.html", "WebSocket", "")
}

func TestTwoPeopleTalkWhereWebSocketsFail(t *testing.T) {
	twoPeopleTalk(t, "/chat.html", "SSE", blockedWebSocket)
}

func TestTwoPeopleTalkOverLongPolling(t *testing.T) {
	twoPeopleTalk(t, "/chat.html?transport=poll", "long polling", "")
}

func twoPeopleTalk(t *testing.T, path, transport, script string) {
	s := withDemo(t)
	url := "http://" + s.Front.String() + path
	ann := browser(t)
	open(t, ann) // the browser lives as long as its first tab
	bob := newTab(t, ann)
	open(t, bob)
	for _, tab := range []context.Context{ann, bob} {
		watch(t, tab)
		before(t, tab, script)
	}
	run(t, ann, enter(url, "Ann"), transportIs(transport), lists("Ann (you)"), say("early"), sees("early"))
	run(t, bob, enter(url, "Bob"), transportIs(transport), lists("Bob (you),Ann"), sees("early"))
	run(t, ann, tells("Bob has come"), lists("Ann (you),Bob"))
	tabs := []context.Context{ann, bob}
	for i, text := range []string{"hello", `<b>"tea" \ 茶</b> </script>`, "third"} {
		from, to := tabs[i%2], tabs[1-i%2]
		run(t, from, say(text), sees(text))
		run(t, to, sees(text))
	}
	screenshot(t, ann, "chat "+transport)
	run(t, bob, chromedp.Click("#leave"), chromedp.WaitVisible("#join-form"))
	run(t, ann, tells("Bob has gone"), lists("Ann (you)"))
	for _, tab := range tabs {
		fine(t, tab)
	}
}

func TestTabsOfOnePersonShareAConnection(t *testing.T) {
	s := withDemo(t)
	url := "http://" + s.Front.String() + "/chat.html"
	first := browser(t)
	open(t, first)
	second := newTab(t, first)
	open(t, second)
	for _, tab := range []context.Context{first, second} {
		watch(t, tab)
		run(t, tab, enter(url, "Ann"), transportIs("WebSocket"), lists("Ann (you)"))
	}
	s.AwaitSubscribers(t, 1)
	run(t, second, say("from the second"), sees("from the second"))
	run(t, first, sees("from the second"), say("from the first"), sees("from the first"))
	run(t, first, chromedp.Click("#leave"), chromedp.WaitVisible("#join-form"))
	run(t, second, sees("from the first"), say("alone"), sees("alone"), lists("Ann (you)"))
	s.AwaitSubscribers(t, 1)
	fine(t, first)
	fine(t, second)
}

// A person whose page is gone has left the room, and a page that comes back finds what was said meanwhile.
func TestAReloadFindsTheRoomAsItIs(t *testing.T) {
	s := withDemo(t)
	url := "http://" + s.Front.String() + "/chat.html"
	ann := browser(t)
	open(t, ann)
	bob := newTab(t, ann)
	open(t, bob)
	watch(t, bob)
	run(t, ann, enter(url, "Ann"))
	run(t, bob, enter(url, "Bob"), lists("Bob (you),Ann"), say("before"), sees("before"), chromedp.Navigate("about:blank"))
	run(t, ann, tells("Bob has gone"), say("meanwhile"), sees("meanwhile"))
	run(t, bob, chromedp.Navigate(url+"#tea"), sees("before"), sees("meanwhile"), lists("Bob (you),Ann"))
	run(t, ann, lists("Ann (you),Bob"))
	s.Push(t, "chat-tea", "a notice from outside")
	run(t, ann, isTrue(`[...document.querySelectorAll(".notice")].some(n => n.textContent === "a notice from outside")`))
	fine(t, bob)
}
