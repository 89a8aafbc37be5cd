package reliability

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// label tells publications apart. It is the content of each: "p3 17" is what publisher 3 has made as its 17th,
// and what stands behind it is padding.
type label struct {
	publisher, n, pad int
	broadcast         bool
}

// text is the content of the publication, which needs no escaping anywhere but in a URL.
func (l label) text() string {
	text := "p" + strconv.Itoa(l.publisher) + " " + strconv.Itoa(l.n)
	if l.pad > 0 {
		text += " " + strings.Repeat("x", l.pad)
	}
	return text
}

// parseLabel reads a content. Whatever no publisher has made is not ok.
func parseLabel(kind, text string) (l label, ok bool) {
	l.broadcast = kind == "broadcast"
	name, rest, ok := strings.Cut(text, " ")
	if !ok || name == "" || name[0] != 'p' {
		return l, false
	}
	number, padding, _ := strings.Cut(rest, " ")
	publisher, err1 := strconv.Atoi(name[1:])
	n, err2 := strconv.Atoi(number)
	l.publisher, l.n, l.pad = publisher, n, len(padding)
	return l, err1 == nil && err2 == nil && n > 0 && strings.Trim(padding, "x") == ""
}

// originalText is the text of a publication as clients of the original get it: an array of JSON with its text
// as text, and bytes in base64.
func originalText(content string) string {
	if inner, ok := strings.CutPrefix(content, `[\"`); ok {
		return strings.TrimSuffix(inner, `\"]`)
	}
	if strings.Contains(content, " ") {
		return content
	}
	text, err := base64.StdEncoding.DecodeString(content)
	if err != nil {
		return content
	}
	return string(text)
}
