package config

import (
	"bytes"
	"fmt"
	"strings"
)

const (
	// fileBytesMax bounds a configuration file, lineBytesMax one line of it.
	fileBytesMax = 1 << 20
	lineBytesMax = 16384

	blanks        = " \t\r\v\f"
	byteOrderMark = "\xef\xbb\xbf"
)

// node is one line of the file: a key, its value, and the lines one level deeper.
type node struct {
	key, value string
	line       int
	children   []*node
}

// parse reads the indented form into a tree. The root it returns stands for the file itself.
//
//	front:                     a line without deeper ones is a key, with deeper ones a section
//	<TAB>listen: 0.0.0.0:8100  the first ':' or '=' separates
//	<TAB># remark              also at any depth
//
// The error is an [Error] with line and text but without the file's name.
func parse(text []byte) (*node, error) {
	if len(text) > fileBytesMax {
		return nil, &Error{Text: fmt.Sprintf("the file is longer than %d bytes", fileBytesMax)}
	}
	text = bytes.TrimPrefix(text, []byte(byteOrderMark))
	// path is the way from the root to the line before; a line at depth d belongs to path[d].
	path := []*node{{}}
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		n, depth, err := parseLine(line)
		if err == nil && n != nil && depth >= len(path) {
			err = fmt.Errorf("the line is %d levels deeper than the one before, expected one at most", depth-len(path)+2)
		}
		if err != nil {
			return nil, &Error{Line: number, Text: err.Error()}
		}
		if n == nil {
			continue
		}
		n.line = number
		parent := path[depth]
		parent.children = append(parent.children, n)
		path = append(path[:depth+1], n)
	}
	return path[0], nil
}

// parseLine takes one line apart; the node is nil for a blank line and for a comment.
func parseLine(line string) (n *node, depth int, err error) {
	line = strings.TrimSuffix(line, "\n")
	if len(line) > lineBytesMax {
		return nil, 0, fmt.Errorf("the line is longer than %d bytes", lineBytesMax)
	}
	if strings.IndexByte(line, 0) >= 0 {
		return nil, 0, fmt.Errorf("the line holds a NUL byte")
	}
	rest := strings.TrimLeft(line, "\t")
	switch {
	case strings.Trim(rest, blanks) == "", rest[0] == '#':
		return nil, 0, nil
	case strings.IndexByte(blanks, rest[0]) >= 0:
		return nil, 0, fmt.Errorf("got %q where the line begins, expected TABs only", rest[:1])
	}
	at := strings.IndexAny(rest, ":=")
	if at < 0 {
		return nil, 0, fmt.Errorf("got %s, expected `key: value`", quote(rest))
	}
	n = &node{key: strings.Trim(rest[:at], blanks), value: strings.Trim(rest[at+1:], blanks)}
	return n, len(line) - len(rest), nil
}

// shown is the name of a key as it can stand in a message: as it is unless it is long or not printable.
func shown(name string) string {
	if q := quote(name); q != `"`+name+`"` {
		return q
	}
	return name
}

// quote shows text from a file in a message, shortened so that the message stays readable.
func quote(s string) string {
	const shownBytes = 60
	if s == "" {
		return "nothing"
	}
	if len(s) > shownBytes {
		s = s[:shownBytes] + "..."
	}
	return fmt.Sprintf("%q", s)
}
