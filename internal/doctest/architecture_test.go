package doctest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const architecture = "docs/architecture.md"

func TestEveryRoomIsOnTheMap(t *testing.T) {
	page := read(t, architecture)
	rooms, err := os.ReadDir(filepath.Join(root, "internal"))
	if err != nil || len(rooms) == 0 {
		t.Fatalf("found %d rooms: %v", len(rooms), err)
	}
	for _, room := range rooms {
		if room.IsDir() && !strings.Contains(page, "`internal/"+room.Name()+"`") {
			t.Errorf("%s does not name internal/%s", architecture, room.Name())
		}
	}
}

func TestEveryDecisionIsListedAndHasItsParts(t *testing.T) {
	page := read(t, architecture)
	files, err := filepath.Glob(filepath.Join(root, "docs/decisions/[0-9]*.md"))
	if err != nil || len(files) == 0 {
		t.Fatalf("found %d decisions: %v", len(files), err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		title, text, _ := strings.Cut(read(t, "docs/decisions/"+name), "\n")
		if !strings.Contains(page, "- ["+strings.TrimPrefix(title, "# ")+"](decisions/"+name+")") {
			t.Errorf("%s does not list %s with its title", architecture, name)
		}
		for _, part := range []string{"**Claim.**", "**Cost.**", "**Payoff.**"} {
			if !strings.Contains(text, part) {
				t.Errorf("%s has no %s", name, part)
			}
		}
	}
}

// Every file that the README and the map name exists.
func TestNamedFilesExist(t *testing.T) {
	for _, page := range []string{english, chinese, architecture} {
		for part := range strings.SplitSeq(read(t, page), "`") {
			if !strings.HasPrefix(part, "internal/") || strings.ContainsAny(part, " \n*") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, part)); err != nil {
				t.Errorf("%s names %s: %v", page, part, err)
			}
		}
	}
}
