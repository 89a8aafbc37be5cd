package admin

import (
	"encoding/json"
	"unicode/utf8"
)

// skipSpace returns the position of the first byte from at on that is not white space of JSON, or the length
// of text.
func skipSpace(text []byte, at int) int {
	for at < len(text) && (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t') {
		at++
	}
	return at
}

// valueEnd returns the position behind the JSON value that begins at at, and how deep arrays and objects are
// nested in it. It is at itself where no value can begin, and -1 if the text ends first.
//
// It looks for the end only: what it skips may be wrong within.
func valueEnd(text []byte, at int) (end, depth int) {
	if at == len(text) {
		return -1, 0
	}
	switch text[at] {
	case '"':
		return stringEnd(text, at), 0
	case '{', '[':
		return nestEnd(text, at)
	}
	for end = at; end < len(text); end++ {
		switch text[end] {
		case ',', ':', ']', '}', ' ', '\n', '\r', '\t':
			return end, 0
		}
	}
	return end, 0
}

// stringEnd returns the position behind the string that begins at at, or -1.
func stringEnd(text []byte, at int) int {
	for at++; at < len(text); at++ {
		switch text[at] {
		case '"':
			return at + 1
		case '\\':
			at++
		}
	}
	return -1
}

// nestEnd returns the position behind the array or object that begins at at, or -1.
func nestEnd(text []byte, at int) (end, depth int) {
	open := 0
	for at < len(text) {
		switch text[at] {
		case '"':
			if at = stringEnd(text, at); at < 0 {
				return -1, depth
			}
			continue
		case '{', '[':
			open++
			depth = max(depth, open)
		case '}', ']':
			if open--; open == 0 {
				return at + 1, depth
			}
		}
		at++
	}
	return -1, depth
}

// appendUnquoted appends what a JSON string stands for. Bytes that are not UTF-8, and halves of surrogate
// pairs, become U+FFFD.
func appendUnquoted(dst, quoted []byte) []byte {
	if inside := quoted[1 : len(quoted)-1]; isLiteral(inside) {
		return append(dst, inside...)
	}
	return append(dst, unquoted(quoted)...)
}

// unquoted is appendUnquoted for a string of its own.
func unquoted(quoted []byte) string {
	if inside := quoted[1 : len(quoted)-1]; isLiteral(inside) {
		return string(inside)
	}
	var text string
	if err := json.Unmarshal(quoted, &text); err != nil {
		panic("admin: a JSON string that was checked is not one: " + err.Error())
	}
	return text
}

// isLiteral tells whether the inside of a JSON string stands for itself.
func isLiteral(inside []byte) bool {
	for _, b := range inside {
		if b == '\\' {
			return false
		}
	}
	return utf8.Valid(inside)
}
