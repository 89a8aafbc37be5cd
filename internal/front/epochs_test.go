package front_test

import (
	"fmt"
	"regexp"
	"strings"
)

// epochs shows the epochs in texts of v1 by the order in which they were met: E1, E2.
type epochs struct {
	names  map[string]string
	byName map[string]string
}

var epochPattern = regexp.MustCompile(`[0-9A-Za-z_-]{11}`)

// show exchanges what stands where an epoch does.
func (e *epochs) show(text string) string {
	if e.names == nil {
		e.names, e.byName = map[string]string{}, map[string]string{}
	}
	shown := func(before, epoch, behind string) string {
		if e.names[epoch] == "" {
			name := fmt.Sprintf("E%d", len(e.names)+1)
			e.names[epoch], e.byName[name] = name, epoch
		}
		return before + e.names[epoch] + behind
	}
	text = regexp.MustCompile(`"epoch":"[^"]{11}"`).ReplaceAllStringFunc(text, func(m string) string {
		return shown(`"epoch":"`, m[9:20], `"`)
	})
	return regexp.MustCompile(`(?m)^id: .*$`).ReplaceAllStringFunc(text, func(m string) string {
		return "id: " + epochPattern.ReplaceAllStringFunc(strings.TrimPrefix(m, "id: "), func(epoch string) string {
			return shown("", epoch, "")
		})
	})
}

// real puts the epochs back into a text that names them.
func (e *epochs) real(text string) string {
	return regexp.MustCompile(`\bE[0-9]+\b`).ReplaceAllStringFunc(text, func(name string) string { return e.byName[name] })
}
