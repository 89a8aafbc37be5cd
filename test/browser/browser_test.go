// Package browser tests the pages of the server in Chromium.
package browser

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// pageLimit bounds what a page may take to show something, on a slow machine.
const pageLimit = 60 * time.Second

// chromium finds the browser, or skips the test loudly.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("SKIPPED: no Chromium on this machine; install the package chromium to run the browser tests")
	return ""
}

// browser starts Chromium and returns the context of its first tab.
func browser(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 800))
	ctx, cancel := context.WithTimeout(context.Background(), 3*pageLimit)
	t.Cleanup(cancel)
	allocated, cancel := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	tab, cancel := chromedp.NewContext(allocated)
	t.Cleanup(cancel)
	return tab
}

// newTab opens another tab of the same browser.
func newTab(t *testing.T, first context.Context) context.Context {
	t.Helper()
	tab, cancel := chromedp.NewContext(first)
	t.Cleanup(cancel)
	return tab
}

// step is something done in a tab.
type step = chromedp.Action[chromedp.Void]

func run(t *testing.T, tab context.Context, steps ...step) {
	t.Helper()
	ctx, cancel := context.WithTimeout(tab, pageLimit)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// open makes the tab of a context, which must not have a time limit of its own the first time.
func open(t *testing.T, tab context.Context) {
	t.Helper()
	if err := chromedp.Do(tab); err != nil {
		t.Fatal(err)
	}
}

// before runs a script in a tab ahead of those of any page.
func before(t *testing.T, tab context.Context, script string) {
	t.Helper()
	_, err := chromedp.Call(tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
	if err != nil {
		t.Fatal(err)
	}
}

// blockedWebSocket is a script that makes every WebSocket fail, as a proxy does that knows none.
const blockedWebSocket = `window.WebSocket = class extends EventTarget {
	constructor() { super(); setTimeout(() => this.onclose?.(new CloseEvent("close", { code: 1006 }))); }
	send() {}
	close() {}
}`

// isTrue waits until a JavaScript expression is. It does not wait for frames, which hidden tabs have none of.
func isTrue(expression string) step {
	return chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingInterval(50*time.Millisecond),
		chromedp.WithPollingTimeout(pageLimit))
}

// quote writes text as a JavaScript string.
func quote(text string) string {
	quoted, _ := json.Marshal(text)
	return string(quoted)
}

func transportIs(name string) step {
	return isTrue(`document.getElementById("state-text").textContent.endsWith(` + quote(name) + `)`)
}

// textOf reads the text of an element.
func textOf(t *testing.T, tab context.Context, id string) string {
	t.Helper()
	return evaluate[string](t, tab, `document.getElementById(`+quote(id)+`).textContent`)
}

// evaluate runs a JavaScript expression and returns its value.
func evaluate[T any](t *testing.T, tab context.Context, expression string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(tab, pageLimit)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// screenshot keeps a picture of the page in the folder that ICOMET_SCREENSHOTS names, if it does.
func screenshot(t *testing.T, tab context.Context, name string) {
	t.Helper()
	folder := os.Getenv("ICOMET_SCREENSHOTS")
	if folder == "" {
		return
	}
	png, err := chromedp.Run(tab, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), png, 0o644); err != nil {
		t.Fatal(err)
	}
}
