package auth

import (
	"fmt"
	"slices"
	"strings"
)

// PatternsMax bounds the patterns of one list of a token.
const PatternsMax = 256

// Patterns are a set of channels: exact names, and prefixes that end in a star. The zero value holds none.
// It is never changed once made, and safe for concurrent use.
type Patterns struct {
	names    []string // sorted
	prefixes []string // without their star
}

// NewPatterns makes a set of a list: "news" is one name, "news:*" every name that begins with "news:", and
// "*" every name. A star elsewhere and an empty pattern are errors, as is a list of more than [PatternsMax].
func NewPatterns(list []string) (p Patterns, err error) {
	if len(list) > PatternsMax {
		return p, fmt.Errorf("has %d patterns, at most %d are possible", len(list), PatternsMax)
	}
	for _, text := range list {
		prefix, starred := strings.CutSuffix(text, "*")
		switch {
		case text == "":
			return Patterns{}, fmt.Errorf("has an empty pattern")
		case strings.Contains(prefix, "*"):
			return Patterns{}, fmt.Errorf("has the pattern %s, where a star may stand at the end only", quote(text))
		case starred:
			p.prefixes = append(p.prefixes, prefix)
		default:
			p.names = append(p.names, text)
		}
	}
	slices.Sort(p.names)
	return p, nil
}

// Match tells whether channel is in the set. It allocates nothing.
func (p Patterns) Match(channel []byte) bool {
	for _, prefix := range p.prefixes {
		if len(channel) >= len(prefix) && string(channel[:len(prefix)]) == prefix {
			return true
		}
	}
	_, found := slices.BinarySearchFunc(p.names, channel, compare)
	return found
}

// compare orders a name and the bytes of another without making a string of them.
func compare(name string, channel []byte) int {
	switch {
	case name < string(channel):
		return -1
	case name > string(channel):
		return 1
	}
	return 0
}

// Len is the number of patterns.
func (p Patterns) Len() int { return len(p.names) + len(p.prefixes) }

// Strings are the patterns as they were written, names first.
func (p Patterns) Strings() []string {
	list := slices.Clone(p.names)
	for _, prefix := range p.prefixes {
		list = append(list, prefix+"*")
	}
	return list
}

// nearest is the pattern that matches channel, or else the one that has the longest beginning in common with
// it; "" if there is none.
func (p Patterns) nearest(channel string) (pattern string, matches bool) {
	best := -1
	for _, text := range p.Strings() {
		prefix, starred := strings.CutSuffix(text, "*")
		if text == channel || starred && strings.HasPrefix(channel, prefix) {
			return text, true
		}
		if n := commonBytes(prefix, channel); n > best {
			pattern, best = text, n
		}
	}
	return pattern, false
}

func commonBytes(a, b string) (n int) {
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
