package doctest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/icomet/icomet/internal/config"
	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/process"
	"github.com/icomet/icomet/internal/reactor"
)

// operations is the page with the generated tables.
const operations = "docs/operations.md"

// TestGeneratedPartsAreCurrent compares each part between <!-- generated: NAME --> and <!-- end --> with
// what the code says now.
func TestGeneratedPartsAreCurrent(t *testing.T) {
	page := read(t, operations)
	for name, part := range map[string]string{
		"usage":   fence + "text\n" + process.Usage("icomet") + fence + "\n",
		"keys":    keysTable(),
		"metrics": metricsTable(t),
	} {
		var err error
		if page, err = withPart(page, name, part); err != nil {
			t.Errorf("%s: %v", operations, err)
		}
	}
	expect(t, operations, page)
}

// withPart puts part in the place that has its name.
func withPart(page, name, part string) (string, error) {
	begin := "<!-- generated: " + name + " -->\n"
	const end = "<!-- end -->"
	before, rest, ok := strings.Cut(page, begin)
	if !ok {
		return page, fmt.Errorf("no place for %s", name)
	}
	_, after, ok := strings.Cut(rest, end)
	if !ok {
		return page, fmt.Errorf("the place for %s has no end", name)
	}
	return before + begin + part + end + after, nil
}

func TestPartsAreFoundByName(t *testing.T) {
	const page = "a\n<!-- generated: x -->\nold\n<!-- end -->\nb\n"
	got, err := withPart(page, "x", "new\n")
	if want := strings.Replace(page, "old", "new", 1); got != want || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	for _, broken := range []string{"nothing", "<!-- generated: x -->\nwithout end"} {
		if _, err := withPart(broken, "x", "new\n"); err == nil {
			t.Errorf("no error for %q", broken)
		}
	}
}

func keysTable() string {
	var b strings.Builder
	b.WriteString("| key | meaning | unit, range | default | if missing in a file | take care |\n|---|---|---|---|---|---|\n")
	for _, k := range config.Keys() {
		name := "`" + k.Name + "`"
		if k.Ours {
			name += " ¹"
		}
		if k.Repeatable {
			name += " ²"
		}
		missing := value(k.Missing)
		if k.Required {
			missing = "refused"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", name, cell(k.Meaning),
			strings.Trim(k.Unit+", "+k.Bounds(), ", "), value(k.Default), missing, cell(k.Danger))
	}
	return b.String()
}

func value(v string) string {
	if v == "" {
		return "–"
	}
	return "`" + v + "`"
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

func metricsTable(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| metric | meaning |\n|---|---|\n")
	seen := map[string]bool{}
	for _, m := range icomettest.Start(t).Metrics() {
		if !seen[m.Name] {
			seen[m.Name] = true
			fmt.Fprintf(&b, "| `%s` | %s |\n", m.Name, cell(m.Help))
		}
	}
	return b.String()
}

func TestEveryCloseReasonIsExplained(t *testing.T) {
	page := read(t, operations)
	for reason := range reactor.Reasons {
		if !strings.Contains(page, "| `"+reason.String()+"` |") {
			t.Errorf("%s: the reason %s is not explained", operations, reason)
		}
	}
}
