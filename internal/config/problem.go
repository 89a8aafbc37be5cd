package config

import (
	"errors"
	"fmt"
)

const (
	// warningsMax and errorsMax bound what one bad file can make us say.
	warningsMax = 100
	errorsMax   = 20
)

// Error is returned, alone or joined with others, when a file cannot be used. It reads
// "file:line: key: what is wrong".
type Error struct {
	File string
	Line int    // 0 when the problem is not on one line
	Key  string // "" when the problem is not with one key
	Text string
}

func (e *Error) Error() string { return place(e.File, e.Line, e.Key) + e.Text }

// Warning is something odd that does not stop the server. It reads like an [Error].
type Warning struct {
	File string
	Line int    // 0 when the oddity is not on one line
	Key  string // the key as written in the file
	Text string
}

func (w Warning) String() string { return place(w.File, w.Line, w.Key) + w.Text }

// ErrNotFile is returned, wrapped, when the configuration file does not exist or is not a regular file.
var ErrNotFile = errors.New("is not a file or not exists!")

func place(file string, line int, key string) string {
	s := file
	if line > 0 {
		s = fmt.Sprintf("%s:%d", s, line)
	}
	if s != "" {
		s += ": "
	}
	if key != "" {
		s += key + ": "
	}
	return s
}
