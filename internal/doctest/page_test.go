package doctest

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the generated parts of the documents anew")

// root is the folder of the module.
const root = "../.."

// read returns a file of the project.
func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// pages are the paths of all documents of the project.
func pages(t *testing.T) (names []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "node_modules" || entry.Name() == "testdata") {
			return fs.SkipDir
		}
		if strings.HasSuffix(name, ".md") {
			names = append(names, name)
		}
		return nil
	})
	if err != nil || len(names) == 0 {
		t.Fatalf("found %d documents: %v", len(names), err)
	}
	return names
}

// expect compares a document with what it should be, or makes it that.
func expect(t *testing.T, name, want string) {
	t.Helper()
	have := read(t, name)
	if have == want {
		return
	}
	if *update {
		if err := os.WriteFile(filepath.Join(root, name), []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("%s is not what it should be; if the code is right, run `make docs` (-page +now):\n%s", name, cmp.Diff(have, want))
}

// block is a fenced block of a document.
type block struct {
	info  string // what stands behind the opening fence
	lines []string
	start int // line number of the first of lines, from 0
}

const fence = "```"

// blocksOf returns the fenced blocks of a text.
func blocksOf(text string) (blocks []block) {
	var open *block
	for i, line := range strings.Split(text, "\n") {
		switch {
		case open == nil && strings.HasPrefix(line, fence):
			open = &block{info: strings.TrimPrefix(line, fence), start: i + 1}
		case open != nil && line == fence:
			blocks = append(blocks, *open)
			open = nil
		case open != nil:
			open.lines = append(open.lines, line)
		}
	}
	return blocks
}
