package browser

import (
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/icomet/icomet/internal/icomettest"
)

const rate = `Number(document.getElementById("rate").textContent.replaceAll(",", ""))`

// drawn waits until the picture has a line from end to end: pixels of ink in most of its columns.
var drawn = isTrue(`(() => {
	const canvas = document.getElementById("canvas");
	const { width, height } = canvas;
	const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
	let columns = 0;
	for (let x = 0; x < width; x++) {
		for (let y = 0, inked = false; y < height && !inked; y++) {
			const at = 4 * (y * width + x);
			inked = data[at + 3] > 200 && Math.max(data[at], data[at + 1], data[at + 2]) - Math.min(data[at], data[at + 1], data[at + 2]) > 60;
			columns += inked;
		}
	}
	return columns > width * 0.8;
})()`)

func TestTheChartDrawsThousandsOfPointsASecond(t *testing.T) {
	for _, c := range []struct{ transport, script string }{{"WebSocket", ""}, {"SSE", blockedWebSocket}} {
		t.Run(c.transport, func(t *testing.T) {
			s := withDemo(t)
			tab := browser(t)
			open(t, tab)
			watch(t, tab)
			before(t, tab, c.script)
			run(t, tab, chromedp.EmulateViewport(390, 844), chromedp.Navigate(s.FrontURL("/chart.html")), transportIs(c.transport), isTrue(rate+` > 1000`), drawn,
				isTrue(`/^[0-9.]+ms$/.test(document.getElementById("latency").textContent)`))
			if gaps := textOf(t, tab, "gaps"); gaps != "0" {
				t.Errorf("%s gaps", gaps)
			}
			screenshot(t, tab, "chart "+c.transport)
			fine(t, tab)
		})
	}
}

func TestACutChartLosesNothingThatTheServerKeepsAndTellsTheRest(t *testing.T) {
	s := withDemo(t)
	tab := browser(t)
	open(t, tab)
	watch(t, tab)
	run(t, tab, chromedp.Navigate(s.FrontURL("/chart.html")), isTrue(rate+` > 1000`))
	other := s.DialWebSocket(t, "/ws?cname=chart-demo") // somebody else looks too
	again := func(meanwhile func()) {
		run(t, tab, chromedp.Click("#cut"), transportIs("Not connected"))
		s.AwaitSubscribers(t, 1)
		last := other
		other = s.DialWebSocket(t, "/ws?cname=chart-demo") // what this one gets, the page has missed
		last.Close()
		meanwhile()
		for range 10 {
			other.Message()
		}
		run(t, tab, chromedp.Click("#cut"), transportIs("WebSocket"), isTrue(rate+` > 1000`))
	}
	again(func() {})
	if gaps := textOf(t, tab, "gaps"); gaps != "0" {
		t.Errorf("%s gaps after a cut within the history", gaps)
	}
	again(func() {
		for range 5 {
			other.Message()
		}
		clear(t, s, "chart-demo")
	})
	run(t, tab, isTrue(`document.getElementById("gaps").textContent.startsWith("1")`))
	fine(t, tab)
	run(t, tab, chromedp.Click("#cut"))
	other.Close()
	s.AwaitSubscribers(t, 0)
}

// clear forgets the history of a channel, and closeChannel all of it.
func clear(t *testing.T, s *icomettest.Server, channel string) {
	t.Helper()
	command(t, s, "/clear", channel)
}
func closeChannel(t *testing.T, s *icomettest.Server, channel string) {
	t.Helper()
	command(t, s, "/close", channel)
}

func command(t *testing.T, s *icomettest.Server, path, channel string) {
	t.Helper()
	answer, err := http.Post(s.AdminURL(path, "cname", channel), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatal(answer.Status)
	}
}
