package doctest

import (
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/icomet/icomet/internal/hub"
	"github.com/icomet/icomet/internal/ws"
)

// wordings are the things of version 1 that clients see by name or number, and where the code has them. One
// capture is the name; each must stand in the first cell of a row in its section of the manual.
var wordings = []struct {
	what, section, folder string
	places                *regexp.Regexp
	atLeast               int
}{
	{"type of message", "### Messages of version 1", "internal/delivery", regexp.MustCompile(`(?:begin|appendAnswer)\(dst, "([a-z]+)"`), 8},
	{"command", "### Commands", "internal/front", regexp.MustCompile(`(?m)^\tcase "([a-z]+)":\n\t\treturn d\.command`), 3},
	{"error code", "### Errors", "internal/front", regexp.MustCompile(`(?m)^\tcode[A-Z]\w* += (\d{3})$`), 7},
	{"parameter", "### Parameters of version 1", "internal/front", regexp.MustCompile(`IsName\(name, "(\w+)"\)`), 7},
}

// section is the part of a page from a heading to the next one of the same depth or a lesser one.
func section(page, heading string) string {
	_, text, _ := strings.Cut(page, "\n"+heading+"\n")
	depth := strings.Count(heading, "#")
	end := regexp.MustCompile(fmt.Sprintf(`(?m)^#{1,%d} `, depth)).FindStringIndex(text)
	if end != nil {
		text = text[:end[0]]
	}
	return text
}

// firstCells are what stands in the first cells of a section's tables, without backquotes.
func firstCells(text string) (all []string) {
	for line := range strings.Lines(text) {
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			for name := range strings.SplitSeq(strings.ReplaceAll(cells[1], "`", ""), ",") {
				all = append(all, strings.TrimSpace(name))
			}
		}
	}
	return all
}

// captured are the first captures of places in the files of a folder that are no tests.
func captured(t *testing.T, folder string, places *regexp.Regexp) (all []string) {
	t.Helper()
	files, err := fs.Glob(os.DirFS(root), folder+"/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		for _, m := range places.FindAllStringSubmatch(read(t, name), -1) {
			all = append(all, m[1])
		}
	}
	return all
}

func TestEveryWordOfVersion1IsInTheManual(t *testing.T) {
	page := read(t, manual)
	for _, w := range wordings {
		found := captured(t, w.folder, w.places)
		if len(found) < w.atLeast {
			t.Errorf("only %d cases of a %s were found in %s", len(found), w.what, w.folder)
		}
		cells := firstCells(section(page, w.section))
		for _, name := range found {
			if !slices.Contains(cells, name) {
				t.Errorf("%s: the %s %s has no row below %q", manual, w.what, name, w.section)
			}
		}
	}
	for _, kind := range []hub.Type{hub.Data, hub.Broadcast, hub.Close} {
		if !slices.Contains(firstCells(section(page, "### Messages of version 1")), kind.String()) {
			t.Errorf("%s: the type of message %s has no row", manual, kind)
		}
	}
}

func TestEveryGapReasonIsInTheManual(t *testing.T) {
	cells := firstCells(section(read(t, manual), "### Gaps"))
	reasons := captured(t, "internal/hub", regexp.MustCompile(`return \[\.\.\.\]string\{(.+)\}\[r\]`))
	if len(reasons) != 1 {
		t.Fatalf("the names of gap reasons were found in %d places", len(reasons))
	}
	names := strings.Split(strings.ReplaceAll(reasons[0], `"`, ""), ", ")
	if last := hub.GapReason(len(names) - 1).String(); last != names[len(names)-1] {
		t.Fatalf("the last reason is %s, found were %q", last, names)
	}
	for _, name := range names {
		if !slices.Contains(cells, name) {
			t.Errorf("%s: the reason %s of gaps has no row", manual, name)
		}
	}
}

// The manual says of each close code what the code says: its meaning, and what a client should do.
func TestEveryCloseCodeIsInTheManual(t *testing.T) {
	text := section(read(t, manual), "### Frames and the end")
	found := 0
	for code := ws.CloseNormal; code < 5000; code++ {
		_, meaning, ok := strings.Cut(code.String(), ": ")
		if !ok || code == ws.CloseNone {
			continue
		}
		found++
		if row := fmt.Sprintf("| %d | %s | %s |\n", code, meaning, code.Advice()); !strings.Contains(text, row) {
			t.Errorf("%s has no row %s", manual, row)
		}
	}
	if rows := len(firstCells(text)) - 2; rows != found { // without the head and the line below it
		t.Errorf("%s has %d rows of close codes, the code has %d", manual, rows, found)
	}
}

func TestSectionsEndAtTheNextHeading(t *testing.T) {
	const page = "\n### A\n| `x`, `y` | 1 |\n#### B\n| z | 2 |\n### C\n| no | 3 |\n"
	if got := firstCells(section(page, "### A")); !slices.Equal(got, []string{"x", "y", "z"}) {
		t.Errorf("got %q", got)
	}
}
