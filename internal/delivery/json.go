package delivery

import (
	"strconv"
	"unicode/utf8"

	"github.com/icomet/icomet/internal/hub"
)

const hexDigits = "0123456789abcdef"

// AppendContent appends text as the inside of a JSON string (RFC 8259 section 7). The escapes are those of
// the original, which writes \" \\ \r \n, and \u00XX for the other control characters and DEL;
// bytes that are not UTF-8 become U+FFFD.
func AppendContent[T string | []byte](dst []byte, text T) []byte {
	start := 0
	for i := 0; i < len(text); {
		b := text[i]
		if b >= ' ' && b != '"' && b != '\\' && b < utf8.RuneSelf-1 {
			i++
			continue
		}
		if b < utf8.RuneSelf {
			dst = append(dst, text[start:i]...)
			dst = appendEscaped(dst, b)
			i++
			start = i
			continue
		}
		size := validRune(text, i)
		if size == 0 {
			dst = append(dst, text[start:i]...)
			dst = append(dst, "\uFFFD"...)
			i++
			start = i
			continue
		}
		i += size
	}
	return append(dst, text[start:]...)
}

func appendEscaped(dst []byte, b byte) []byte {
	switch b {
	case '"', '\\':
		return append(dst, '\\', b)
	case '\r':
		return append(dst, '\\', 'r')
	case '\n':
		return append(dst, '\\', 'n')
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[b>>4], hexDigits[b&15])
}

// validRune is the length of the UTF-8 sequence at text[i], 0 if it is not valid.
func validRune[T string | []byte](text T, i int) int {
	var b [utf8.UTFMax]byte
	n := copy(b[:], text[i:min(len(text), i+utf8.UTFMax)])
	r, size := utf8.DecodeRune(b[:n])
	if r == utf8.RuneError && size == 1 {
		return 0
	}
	return size
}

// IsContent tells whether text is the inside of a JSON string: no bare quote or control character, only
// the escapes of RFC 8259, valid UTF-8, and no half of a surrogate pair alone.
func IsContent(text []byte) bool {
	if !utf8.Valid(text) {
		return false
	}
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case b < ' ', b == '"':
			return false
		case b == '\\':
			n := escapeLength(text[i:])
			if n == 0 {
				return false
			}
			i += n - 1
		}
	}
	return true
}

// escapeLength is the length of the escape that text begins with, 0 if it is none. A surrogate pair
// counts as one.
func escapeLength(text []byte) int {
	if len(text) < 2 {
		return 0
	}
	switch text[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		return unicodeEscapeLength(text)
	}
	return 0
}

func unicodeEscapeLength(text []byte) int {
	const single, pair = len(`\u0000`), len(`\u0000\u0000`)
	high, ok := unicodeEscape(text)
	if !ok || high >= 0xDC00 && high <= 0xDFFF {
		return 0
	}
	if high < 0xD800 || high > 0xDBFF {
		return single
	}
	if low, ok := unicodeEscape(text[single:]); ok && low >= 0xDC00 && low <= 0xDFFF {
		return pair
	}
	return 0
}

// unicodeEscape reads the \uXXXX that text begins with.
func unicodeEscape(text []byte) (unit uint64, ok bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	for _, c := range text[2:6] {
		if !isHex(c) {
			return 0, false
		}
	}
	unit, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return unit, err == nil
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// AppendMessage appends the envelope of a message: the keys type, cname, seq and content in this order
// and without spaces, as clients of the original expect. They get JSON as its text, and bytes in base64.
func AppendMessage(dst []byte, m *hub.Message) []byte {
	dst = append(dst, `{"type":"`...)
	dst = append(dst, m.Type.String()...)
	dst = append(dst, `","cname":"`...)
	dst = AppendContent(dst, m.Channel)
	dst = append(dst, `","seq":`...)
	dst = strconv.AppendInt(dst, int64(hub.WireSeq(m.Seq)), 10)
	dst = append(dst, `,"content":"`...)
	if m.Form == hub.JSON {
		dst = AppendContent(dst, m.Content)
	} else {
		dst = append(dst, m.Content...)
	}
	return append(dst, `"}`...)
}

// appendForScript appends a JSON text so that it may stand in a script: "<" could end the script element,
// and U+2028 and U+2029 end a line for JavaScript before 2019. All of them can only stand inside of
// strings, where an escape means the same.
func appendForScript(dst, json []byte) []byte {
	start := 0
	for i := 0; i < len(json); i++ {
		var escape string
		width := 1
		switch {
		case json[i] == '<':
			escape = `\u003c`
		case json[i] == 0xE2 && i+2 < len(json) && json[i+1] == 0x80 && json[i+2]|1 == 0xA9:
			escape, width = `\u202`+string(hexDigits[json[i+2]&15]), 3
		default:
			continue
		}
		dst = append(dst, json[start:i]...)
		dst = append(dst, escape...)
		i += width - 1
		start = i + 1
	}
	return append(dst, json[start:]...)
}
