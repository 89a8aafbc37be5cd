package web

import (
	"io/fs"
	"regexp"
	"testing"
)

func TestDemoHoldsThePageAndWhatItLoads(t *testing.T) {
	index := read(t, "index.html")
	loads := regexp.MustCompile(`(?:src|href)="([^"/]+)"`).FindAllStringSubmatch(index, -1)
	if len(loads) < 3 {
		t.Fatalf("index.html loads %v; want at least a script, a style sheet and an icon", loads)
	}
	for _, load := range loads {
		read(t, load[1])
	}
}

// TestDemoObeysItsPolicy looks for what "default-src 'self'" forbids, and for ways in which the text of other
// people could become markup.
func TestDemoObeysItsPolicy(t *testing.T) {
	forbidden := []struct{ what, pattern string }{
		{"an inline script", `<script(?:>|[^>]*[^>]>[^<])`},
		{"an inline style", `<style|\sstyle=`},
		{"an inline handler", `\son[a-z]+="`},
		{"an address elsewhere", `(?:src|href|action)="(?:[a-z]+:|//)|url\(|@import`},
		{"markup from text", `innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser`},
		{"code from text", `\beval\(|new Function|javascript:`},
	}
	names, err := fs.Glob(Demo, "*")
	if err != nil || len(names) == 0 {
		t.Fatalf("Glob = %v, %v", names, err)
	}
	for _, name := range names {
		text := read(t, name)
		for _, f := range forbidden {
			if found := regexp.MustCompile(f.pattern).FindString(text); found != "" {
				t.Errorf("%s has %s: %q", name, f.what, found)
			}
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := fs.ReadFile(Demo, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
