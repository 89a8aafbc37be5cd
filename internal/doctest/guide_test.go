package doctest

import (
	"strings"
	"testing"
)

// guideCode is where the code of guides stands that a test runs.
var guideCode = map[string]string{"docs/guides/presence.md": "internal/webhook/verify_test.go"}

func TestCodeOfGuidesIsTested(t *testing.T) {
	for page, source := range guideCode {
		found := 0
		for _, b := range blocksOf(read(t, page)) {
			if b.info != "go" {
				continue
			}
			found++
			if !strings.Contains(read(t, source), strings.Join(b.lines, "\n")) {
				t.Errorf("%s:%d: this code is not in %s", page, b.start, source)
			}
		}
		if found == 0 {
			t.Errorf("%s has no code", page)
		}
	}
}
