package doctest

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Epochs differ from run to run. A document shows the first one of its servers as the first of a fixed row,
// the second as the second, and so on, so that its commands can name them.
type epochs []string // as the servers have them, in the order of their coming

// epochPlaces are where epochs stand in output: in messages, and in the ids of events.
var epochPlaces = regexp.MustCompile(`("epoch":"|^id: |,)([A-Za-z0-9_-]{11})("|\.)`)

// shownEpochs is the row that documents may use up.
var shownEpochs = func() (all [256]string) {
	all[0] = "u1Jk2mPq0Zs"
	for i := 1; i < len(all); i++ {
		sum := sha256.Sum256(fmt.Append(nil, "epoch ", i))
		all[i] = base64.RawURLEncoding.EncodeToString(sum[:8])
	}
	return all
}()

// shown returns output with the epochs that documents show.
func (e *epochs) shown(out string) string {
	lines := strings.Split(out, "\n")
	for i, line := range lines {
		lines[i] = epochPlaces.ReplaceAllStringFunc(line, func(place string) string {
			m := epochPlaces.FindStringSubmatch(place)
			return m[1] + e.show(m[2]) + m[3]
		})
	}
	out = strings.Join(lines, "\n")
	for i, real := range *e { // also where a program prints them in its own way
		out = strings.ReplaceAll(out, real, shownEpochs[i])
	}
	return out
}

func (e *epochs) show(real string) string {
	at := slices.Index(*e, real)
	if at < 0 {
		if slices.Contains(shownEpochs[:], real) {
			return real
		}
		at = len(*e)
		*e = append(*e, real)
	}
	return shownEpochs[at]
}

// real returns a command with the epochs that the servers have.
func (e *epochs) real(command string) string {
	for i, real := range *e {
		command = strings.ReplaceAll(command, shownEpochs[i], real)
	}
	return command
}

func TestEpochsAreShownAsAFixedRow(t *testing.T) {
	var e epochs
	const a, b = "AAAAAAAAAAE", "AAAAAAAAAA-"
	got := e.shown(`{"seq":1,"epoch":"` + a + `"}` + "\nid: " + b + ".3," + a + ".4\ndata: x")
	want := `{"seq":1,"epoch":"` + shownEpochs[0] + `"}` + "\nid: " + shownEpochs[1] + ".3," + shownEpochs[0] + ".4\ndata: x"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := e.real("epoch=" + shownEpochs[1]); got != "epoch="+b {
		t.Errorf("got %s", got)
	}
	if got := e.shown(want); got != want {
		t.Errorf("what is shown already was changed to %s", got)
	}
}
