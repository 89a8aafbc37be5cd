package logfile

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// lineBytesMax bounds one line with its newline; what is longer ends in the mark.
	lineBytesMax = 4096
	cutMark      = "..."
	textBytesMax = lineBytesMax - len(cutMark) - len("\n")

	timeLayout = "2006-01-02 15:04:05.000"
)

// lineFormat builds one line. It stops taking text when the line is full, so a huge value costs no more
// than the part of it that is shown.
type lineFormat struct {
	line []byte
}

// begin starts the line with everything up to the text.
func (f *lineFormat) begin(at time.Time, level slog.Level, file string, line int) {
	f.line = at.Local().AppendFormat(f.line[:0], timeLayout)
	f.line = append(f.line, " ["...)
	f.line = append(f.line, levelText(level)...)
	f.line = append(f.line, "] "...)
	if file == "" {
		file = "-"
	}
	f.line = append(f.line, filepath.Base(file)...)
	f.line = append(f.line, '(')
	f.line = strconv.AppendInt(f.line, int64(line), 10)
	f.line = append(f.line, "): "...)
}

func (f *lineFormat) full() bool { return len(f.line) > textBytesMax }

// end cuts a line that is too long and returns it with its newline. It is valid until the next begin.
func (f *lineFormat) end() []byte {
	if f.full() {
		at := textBytesMax
		for !utf8.RuneStart(f.line[at]) {
			at--
		}
		f.line = append(f.line[:at], cutMark...)
	}
	f.line = append(f.line, '\n')
	return f.line
}

// raw adds text that is formatted already.
func (f *lineFormat) raw(text []byte) { f.line = append(f.line, text...) }

// text adds s with whatever could pass for another line, or do something to a terminal, escaped.
func (f *lineFormat) text(s string) {
	for len(s) > 0 && !f.full() {
		r, size := utf8.DecodeRuneInString(s)
		if plain(r, size) {
			f.line = append(f.line, s[:size]...)
		} else {
			f.escape(r, s[0], size)
		}
		s = s[size:]
	}
}

// plain says whether a rune of that many bytes can be written as it is.
func plain(r rune, size int) bool {
	return strconv.IsPrint(r) && (r != utf8.RuneError || size > 1)
}

// escape adds a rune, or the first byte of what is none, in the notation of Go.
func (f *lineFormat) escape(r rune, first byte, size int) {
	if size == 1 && r == utf8.RuneError {
		f.line = fmt.Appendf(f.line, `\x%02x`, first)
		return
	}
	quoted := strconv.QuoteRune(r)
	f.line = append(f.line, quoted[1:len(quoted)-1]...)
}

// attr adds " key=value", with a value in quotes unless it is one plain word. Attributes of a group come
// one by one with the name of the group before theirs.
func (f *lineFormat) attr(prefix string, a slog.Attr) {
	v := a.Value.Resolve()
	if a.Key == "" && v.Kind() != slog.KindGroup || f.full() {
		return
	}
	if v.Kind() == slog.KindGroup {
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, member := range v.Group() {
			f.attr(prefix, member)
		}
		return
	}
	f.line = append(f.line, ' ')
	f.text(prefix)
	f.text(a.Key)
	f.line = append(f.line, '=')
	f.value(v)
}

func (f *lineFormat) value(v slog.Value) {
	switch v.Kind() {
	case slog.KindInt64:
		f.line = strconv.AppendInt(f.line, v.Int64(), 10)
	case slog.KindUint64:
		f.line = strconv.AppendUint(f.line, v.Uint64(), 10)
	case slog.KindTime:
		f.line = v.Time().AppendFormat(f.line, time.RFC3339Nano)
	default:
		f.word(v.String())
	}
}

// word adds s, in quotes if it is not one word without anything that needs an escape.
func (f *lineFormat) word(s string) {
	if isWord(s) {
		f.text(s)
		return
	}
	f.line = append(f.line, '"')
	for part := range strings.SplitAfterSeq(s, "") {
		if f.full() {
			return
		}
		if part == `"` || part == `\` {
			f.line = append(f.line, '\\')
		}
		f.text(part)
	}
	f.line = append(f.line, '"')
}

// isWord looks at no more of s than a line can show.
func isWord(s string) bool {
	if s == "" {
		return false
	}
	for seen := 0; seen < len(s) && seen < lineBytesMax; {
		r, size := utf8.DecodeRuneInString(s[seen:])
		if !plain(r, size) || strings.ContainsRune(" \"=\\", r) {
			return false
		}
		seen += size
	}
	return true
}
