package delivery_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/icomet/icomet/internal/delivery"
)

// boundaries are sequences at the edges of UTF-8: first and last of each length, and the ill-formed ones
// next to them (Unicode 16, table 3-7).
var boundaries = []string{
	"\x00", "\x1f", " ", "\x7f", "\u0080", "\u07ff", "\u0800", "\u0fff", "\u1000", "\ud7ff", "\ue000", "\ufffd", "\uffff",
	"\U00010000", "\U0003ffff", "\U00040000", "\U000fffff", "\U00100000", "\U0010ffff", "\u2027", "\u2028", "\u2029", "\u202a", "\ufeff",
	"\x80", "\xbf", "\xc0\x80", "\xc0\xaf", "\xc1\xbf", "\xc2", "\xc2\x7f", "\xc2\xc0", "\xdf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xe0\xa0", "\xe1\x80",
	"\xe2\x80", "\xe2\x80\x28", "\xed\xa0\x80", "\xed\xbf\xbf", "\xef\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80", "\xf1\x80\x80",
	"\xf4\x90\x80\x80", "\xf4\x8f\xbf", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xfe", "\xff", "\xff\xfe", "\xe2\x28\xa1", "\xf0\x28\x8c\xbc",
}

// texts are all single bytes, all pairs of a byte with one that matters, the boundaries, and those between
// and beside other text.
func texts() (all []string) {
	for b := range 256 {
		one := string([]byte{byte(b)})
		all = append(all, one)
		for _, special := range []string{"\\", "\"", "<", "\r", "\n", ">", "\xe2", "\xa8", "\x80"} {
			all = append(all, one+special, special+one)
		}
	}
	for _, b := range boundaries {
		all = append(all, b, "a"+b+"b", b+b, b+"\"", b+"\\", "\xe2\x80"+b, b+"\xa8")
		for _, other := range boundaries {
			all = append(all, b+other)
		}
	}
	return append(all, "", "</script>", "<!--", "]]>", "\\u0041", "id: 7\ndata: x\n\n", "日本語", strings.Repeat("\"", 1000))
}

// repaired is text with U+FFFD for every byte that is not UTF-8.
func repaired(text string) string {
	var b strings.Builder
	for _, r := range text {
		b.WriteRune(r)
	}
	return b.String()
}

func decode(t testing.TB, object string) (decoded string) {
	t.Helper()
	if err := json.Unmarshal([]byte(object), &decoded); err != nil {
		t.Fatalf("%q is not JSON: %v", object, err)
	}
	return decoded
}

func checkContent(t testing.TB, text string) {
	t.Helper()
	content := delivery.AppendContent([]byte("kept "), text)
	if again := delivery.AppendContent([]byte("kept "), []byte(text)); string(again) != string(content) {
		t.Fatalf("string and bytes differ: %q, %q", content, again)
	}
	inside, ok := strings.CutPrefix(string(content), "kept ")
	if !ok {
		t.Fatalf("what was there is changed: %q", content)
	}
	if got := decode(t, `"`+inside+`"`); got != repaired(text) {
		t.Fatalf("AppendContent(%q) = %q, which means %q", text, inside, got)
	}
	if !utf8.ValidString(inside) || strings.ContainsFunc(inside, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		t.Fatalf("AppendContent(%q) = %q has raw control characters or bad UTF-8", text, inside)
	}
	if !delivery.IsContent([]byte(inside)) {
		t.Fatalf("IsContent(AppendContent(%q)) is false", text)
	}
}

func TestAnyTextBecomesTheInsideOfAJSONString(t *testing.T) {
	for _, text := range texts() {
		checkContent(t, text)
	}
}

// The escapes are those of the original where it has one.
func TestEscapesAreThoseOfTheOriginal(t *testing.T) {
	for text, want := range map[string]string{
		`"`: `\"`, `\`: `\\`, "\r": `\r`, "\n": `\n`, "\t": `\u0009`, "\b": `\u0008`, "\f": `\u000c`, "\x00": `\u0000`, "\x7f": `\u007f`,
		"/": "/", "<": "<", "é": "é", "\u2028": "\u2028", "": "",
	} {
		if got := delivery.AppendContent(nil, text); string(got) != want {
			t.Errorf("AppendContent(%q) = %q, want %q", text, got, want)
		}
	}
}

// isContentSlowly is what IsContent promises, put together from the standard library.
func isContentSlowly(text string) bool {
	return utf8.ValidString(text) && json.Valid([]byte(`"`+text+`"`)) && !hasLoneSurrogate(text)
}

// hasLoneSurrogate looks through the escapes of a valid JSON string.
func hasLoneSurrogate(text string) bool {
	var open rune // a high half that waits for its low one
	for len(text) > 0 {
		r, size := rune(-1), 1
		if text[0] == '\\' {
			size = 2
			if text[1] == 'u' {
				size = 6
				var s string
				json.Unmarshal([]byte(`"`+text[:size]+`"`), &s)
				if r, _ = utf8.DecodeRuneInString(s); r == utf8.RuneError && !strings.EqualFold(text[2:6], "fffd") {
					r = hexRune(text[2:6])
				}
			}
		}
		isLow := r >= 0xdc00 && r <= 0xdfff
		if (open != 0) != isLow {
			return true
		}
		open = 0
		if utf16.IsSurrogate(r) && !isLow {
			open = r
		}
		text = text[size:]
	}
	return open != 0
}

func hexRune(digits string) (r rune) {
	for _, d := range strings.ToLower(digits) {
		r = r<<4 | rune(strings.IndexRune("0123456789abcdef", d))
	}
	return r
}

var contents = []string{
	"", "a", `\n`, `\"`, `\\`, `\/`, `\b\f\r\t`, `\u0000`, `\uFFFD`, `\uffff`, `\ud83d\ude00`, `\ud83d`, `\ude00`, `\ud83d\u0041`, `\ud83d\ud83d\ude00`,
	`\ude00\ud83d`, `\ud83dx`, `\ud83d\n`, `\ud83d\`, `\ud83d\ude0`, `\ud83d\ude00\ude00`, `\ud83`, `\u`, `\u12`, `\u12g4`, `\u+123`, `\U0041`, `\x41`, `\`, `\\\`, `"`, `a"b`, `\'`, "\x7f",
	"\u2028", "\x00", "\t", "\n", "\xff", "é", "\ud7ff", `\ud7ff`, `\ue000`, `\udbff\udfff`, `\udbff\ue000`,
}

func TestIsContentAcceptsWhatJSONDoes(t *testing.T) {
	accepted := 0
	for _, text := range append(contents, texts()...) {
		got := delivery.IsContent([]byte(text))
		if want := isContentSlowly(text); got != want {
			t.Errorf("IsContent(%q) = %t, want %t", text, got, want)
		}
		if got {
			accepted++
		}
	}
	if accepted < 100 {
		t.Errorf("only %d texts were accepted: the table is of no use", accepted)
	}
}

func FuzzIsContent(f *testing.F) {
	for _, text := range append(contents, boundaries...) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got, want := delivery.IsContent([]byte(text)), isContentSlowly(text); got != want {
			t.Errorf("IsContent(%q) = %t, want %t", text, got, want)
		}
	})
}

func FuzzContent(f *testing.F) {
	for _, text := range boundaries {
		f.Add(text + "\\\"<\r\n")
	}
	f.Fuzz(func(t *testing.T, text string) { checkContent(t, text) })
}
