package web

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

// served are what the pages load beside the files of this package.
var served = map[string]bool{"icomet.esm.js": true}

var (
	loads   = regexp.MustCompile(`(?:src|href)="([^"/#]+)(?:#[^"]*)?"`)
	imports = regexp.MustCompile(`(?m)^(?:import|export) .*from '\./([^']+)'`)
)

func TestDemoHoldsThePagesAndWhatTheyLoad(t *testing.T) {
	loaded := map[string]bool{"index.html": true}
	for waiting := []string{"index.html"}; len(waiting) > 0; waiting = waiting[1:] {
		name, found := waiting[0], loads
		if strings.HasSuffix(name, ".js") {
			found = imports
		}
		for _, load := range found.FindAllStringSubmatch(read(t, name), -1) {
			if !loaded[load[1]] && !served[load[1]] {
				loaded[load[1]] = true
				waiting = append(waiting, load[1])
			}
		}
	}
	for _, name := range names(t) {
		if !loaded[name] {
			t.Errorf("no page leads to %s", name)
		}
	}
}

// TestDemoObeysItsPolicy looks for what "default-src 'self'" forbids, and for ways in which the text of other
// people could become markup.
func TestDemoObeysItsPolicy(t *testing.T) {
	forbidden := []struct{ what, pattern string }{
		{"an inline script", `<script(?:>|[^>]*[^>]>[^<])`},
		{"an inline style", `<style|\sstyle=`},
		{"an inline handler", `\son[a-z]+="`},
		{"an address elsewhere", `(?:src|href|action)="(?:[a-z]+:|//)|url\(|@import|from '(?:[a-z]+:|//)`},
		{"markup from text", `innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser`},
		{"code from text", `\beval\(|new Function|javascript:`},
	}
	for _, name := range names(t) {
		text := read(t, name)
		for _, f := range forbidden {
			if found := regexp.MustCompile(f.pattern).FindString(text); found != "" {
				t.Errorf("%s has %s: %q", name, f.what, found)
			}
		}
	}
}

func names(t *testing.T) []string {
	t.Helper()
	all, err := fs.Glob(Demo, "*")
	if err != nil || len(all) < 10 {
		t.Fatalf("Glob = %v, %v", all, err)
	}
	return all
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := fs.ReadFile(Demo, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
