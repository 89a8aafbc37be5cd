package browser

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// noted is a script that gathers what goes wrong in a page.
const noted = `window.failures = [];
addEventListener("error", (event) => failures.push(event.message || "something was not loaded: " + (event.target.src || event.target.href)), true);
addEventListener("unhandledrejection", (event) => failures.push(String(event.reason)));
addEventListener("securitypolicyviolation", (event) => failures.push("against the policy: " + event.blockedURI));
console.error = (...all) => failures.push(all.join(" "));`

// watch makes fine tell what goes wrong in the pages of a tab.
func watch(t *testing.T, tab context.Context) {
	t.Helper()
	before(t, tab, noted)
}

// fine checks that nothing has gone wrong in a page.
func fine(t *testing.T, tab context.Context) {
	t.Helper()
	for _, failure := range evaluate[[]string](t, tab, `window.failures`) {
		t.Errorf("on the page: %s", failure)
	}
}

// colours makes a tab prefer light or dark.
func colours(t *testing.T, tab context.Context, scheme string) {
	t.Helper()
	_, err := chromedp.Call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// unlabelled are the controls and pictures that say nothing to people who do not see them.
const unlabelled = `[...document.querySelectorAll("button, a, input, textarea, canvas, img")].filter((element) =>
	!(element.textContent.trim() || element.getAttribute("aria-label") || element.labels?.length || element.alt === ""))
	.map((element) => element.outerHTML)`

// TestPagesFitTheScreen looks at all pages on a phone and on a desktop, in light and dark.
func TestPagesFitTheScreen(t *testing.T) {
	s := withDemo(t)
	tab := browser(t)
	open(t, tab)
	watch(t, tab)
	front := "http://" + s.Front.String()
	pages := []struct {
		name  string
		steps step
	}{
		{"index", chromedp.Steps(chromedp.Navigate(front+"/"), chromedp.WaitVisible(".cards"))},
		{"join", chromedp.Steps(chromedp.Navigate(front+"/chat.html"), chromedp.WaitVisible("#join-form"))},
		{"chat", chromedp.Steps(enter(front+"/chat.html", "Ann"), lists("Ann (you)"), chromedp.SendKeys("#text", "Is anybody here?"), chromedp.Click("#composer button"),
			isTrue(`document.querySelectorAll(".bubble").length > 0 && !document.querySelector(".sending")`))},
		{"chart", chromedp.Steps(chromedp.Navigate(front+"/chart.html"), isTrue(rate+` > 1000`), drawn)},
		{"tokens", chromedp.Steps(chromedp.Navigate(front+"/tokens.html"), chromedp.Click(`[data-text="push"]`), tokensShown(40),
			chromedp.Reload(), tokensShown(70))},
	}
	for _, screen := range []struct {
		name          string
		width, height int64
		scale         float64
	}{{"phone", 390, 844, 2}, {"desktop", 1280, 800, 1}} {
		for _, scheme := range []string{"light", "dark"} {
			colours(t, tab, scheme)
			run(t, tab, chromedp.EmulateViewport(screen.width, screen.height, chromedp.EmulateScale(screen.scale)))
			for _, page := range pages {
				run(t, tab, chromedp.Navigate(front+"/icon.svg"), page.steps)
				name := page.name + " " + screen.name + " " + scheme
				if wide := evaluate[int64](t, tab, `document.documentElement.scrollWidth`); wide > screen.width {
					t.Errorf("%s is %d pixels wide", name, wide)
				}
				if page.name == "chat" && screen.name == "phone" {
					run(t, tab, chromedp.Click("#who"), chromedp.WaitVisible("#people-list .person"))
				}
				for _, element := range evaluate[[]string](t, tab, unlabelled) {
					t.Errorf("%s: without a label: %s", name, element)
				}
				screenshot(t, tab, name)
				fine(t, tab)
				evaluate[bool](t, tab, `sessionStorage.clear() ?? true`)
			}
		}
	}
}
