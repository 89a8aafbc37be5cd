package doctest

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/server"
)

const (
	english = "README.md"
	chinese = "README.zh-CN.md"
)

// readmeHeadLines is how soon a newcomer has a message on the screen.
const readmeHeadLines = 40

func TestReadmesShowTheSameBlocks(t *testing.T) {
	e, c := blocksOf(read(t, english)), blocksOf(read(t, chinese))
	if len(e) == 0 || len(e) != len(c) {
		t.Fatalf("%d blocks in English, %d in Chinese", len(e), len(c))
	}
	for i := range e {
		if e[i].info != c[i].info || !slices.Equal(e[i].lines, c[i].lines) {
			t.Errorf("%s:%d and %s:%d differ:\n%s\n---\n%s", english, e[i].start, chinese, c[i].start,
				strings.Join(e[i].lines, "\n"), strings.Join(c[i].lines, "\n"))
		}
	}
}

// command finds the command of the README that begins in a way, and checks that it comes early.
func command(t *testing.T, page, begins string) string {
	t.Helper()
	for _, b := range blocksOf(read(t, page)) {
		for i, line := range b.lines {
			if !strings.HasPrefix(line, begins) {
				continue
			}
			if at := b.start + i; at >= readmeHeadLines {
				t.Errorf("%s: %q stands at line %d, after the first %d", page, line, at+1, readmeHeadLines)
			}
			return line
		}
	}
	t.Fatalf("%s has no command that begins with %q", page, begins)
	return ""
}

// TestReadmeBringsAMessageToTheScreen does what the README says, and waits for the message.
func TestReadmeBringsAMessageToTheScreen(t *testing.T) {
	needCurl(t)
	for _, page := range []string{english, chinese} {
		command(t, page, "go run ./cmd/icomet")
		command(t, page, "make test")
		s := icomettest.Start(t, func(o *server.Options) { o.Demo = true })
		real := strings.NewReplacer(shownFront, s.Front.String(), shownAdmin, s.Admin.String())
		lines := subscribe(t, real.Replace(command(t, page, "curl -N ")))
		if first := <-lines; !strings.Contains(first, `"next_seq"`) {
			t.Fatalf("%s: the subscriber got %q first", page, first)
		}
		push := real.Replace(command(t, page, "curl 'http://"+shownAdmin+"/push"))
		if out, err := exec.CommandContext(t.Context(), "bash", "-c", push).Output(); err != nil || string(out) != "{\"type\":\"ok\"}\n" {
			t.Fatalf("%s: %s: %q %v", page, push, out, err)
		}
		if got := <-lines; !strings.Contains(got, `"content":"hello"`) {
			t.Errorf("%s: the subscriber got %q", page, got)
		}
	}
}

// subscribe starts a command that ends with the test, and returns the lines that it prints; an end of
// the output is an empty line.
func subscribe(t *testing.T, command string) <-chan string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-c", "exec "+command)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 16)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		for range lines {
		}
		cmd.Wait()
	})
	return lines
}

var (
	links    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	headings = regexp.MustCompile(`(?m)^#+ (.+)$`)
	dropped  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// anchors are the names that headings of a text can be linked by.
func anchors(text string) (all []string) {
	for _, m := range headings.FindAllStringSubmatch(text, -1) {
		plain := dropped.ReplaceAllString(strings.ToLower(m[1]), "")
		all = append(all, strings.ReplaceAll(plain, " ", "-"))
	}
	return all
}

// brokenLinks are the links of a page that lead nowhere within the project.
func brokenLinks(folder, text string) (broken []string) {
	for _, m := range links.FindAllStringSubmatch(text, -1) {
		target, anchor, _ := strings.Cut(m[1], "#")
		if strings.Contains(m[1], "://") {
			continue
		}
		linked := text
		if target != "" {
			name := filepath.Join(root, folder, target)
			info, err := os.Stat(name)
			if err != nil {
				broken = append(broken, m[1])
				continue
			}
			if info.IsDir() || anchor == "" {
				continue
			}
			content, err := os.ReadFile(name)
			if err != nil {
				broken = append(broken, m[1])
				continue
			}
			linked = string(content)
		}
		if anchor != "" && !slices.Contains(anchors(linked), anchor) {
			broken = append(broken, m[1])
		}
	}
	return broken
}

func TestLinksLeadSomewhere(t *testing.T) {
	for _, page := range pages(t) {
		for _, link := range brokenLinks(filepath.Dir(page), read(t, page)) {
			t.Errorf("%s: the link %s leads nowhere", page, link)
		}
	}
}

func TestBrokenLinksAreSeen(t *testing.T) {
	const text = "# A `b` c.\n[1](nowhere.md) [2](#a-b-c) [3](#nowhere) [4](README.md) [5](https://example.com/) [6](README.md#nowhere)\n"
	if got, want := brokenLinks(".", text), []string{"nowhere.md", "#nowhere", "README.md#nowhere"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestReadmesShowTheMeasuredMillion compares their tables with the one that `make million` has written.
func TestReadmesShowTheMeasuredMillion(t *testing.T) {
	measured := map[string]string{} // subscribers → RES
	for line := range strings.Lines(read(t, "docs/benchmarks/million.md")) {
		if cells := strings.Split(line, "|"); len(cells) > 4 {
			measured[strings.TrimSpace(cells[1])] = strings.TrimSpace(cells[4])
		}
	}
	row := regexp.MustCompile(`(?m)^\| ([0-9,]+) \| ([0-9.]+ MB) \|`)
	for _, page := range []string{english, chinese} {
		rows := row.FindAllStringSubmatch(read(t, page), -1)
		if len(rows) < 5 {
			t.Errorf("%s: the table of the million has %d rows", page, len(rows))
		}
		for _, r := range rows {
			if measured[r[1]] != r[2] {
				t.Errorf("%s: %s subscribers take %s, measured were %s", page, r[1], r[2], measured[r[1]])
			}
		}
	}
}
