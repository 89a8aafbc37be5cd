package wiretest

import "fmt"

const (
	kosme  = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5" // κόσμε
	edited = "edited"
)

// bytewise is a text message with each byte in a fragment of its own, without the last frame.
func bytewise(s string) (frames string) {
	for i := range len(s) {
		if i == 0 {
			frames += begin(s[:1])
		} else {
			frames += more(s[i : i+1])
		}
	}
	return frames
}

// textCases are 6.1 to 6.4: UTF-8 over fragments, and how early what is not is found.
func textCases() []Case {
	const sec = "RFC 6455 8.1"
	const hello = "Hello-µ@ßöäüàá-UTF-8!!"
	const surrogate = kosme + "\xed\xa0\x80" + edited
	// The thirteenth byte of this one is the first that cannot be.
	const beyond = kosme + "\xf4\x90\x80\x80" + edited
	frameOf := func(n int) string { return "\x81" + length(n) }
	cut := func(until int) (head, rest string) {
		all := frameOf(len(beyond)) + masked(beyond)
		return all[:2+len(mask)+until], all[2+len(mask)+until:]
	}
	early, late := cut(len(kosme) + 2)
	surrogateAll := frameOf(len(surrogate)) + masked(surrogate)
	surrogateAt := 2 + len(mask) + len(kosme) + 2
	surrogateFrames := bytewise(surrogate)
	perFrame := 2 + len(mask) + 1
	framesAt := (len(kosme) + 2) * perFrame
	second := more("\xf4\x90\x80\x80")
	secondAt := 2 + len(mask) + 2
	return []Case{
		good(sec, "6.1.1 empty text", text(""), gotText("")),
		good(sec, "6.1.2 empty text in three fragments", begin("")+more("")+last(""), gotText("")),
		good(sec, "6.1.3 text between empty fragments", begin("")+more("middle frame payload")+last(""), gotText("middle frame payload")),
		good(sec, "6.2.1 text with runes of two bytes", text(hello), gotText(hello)),
		good(sec, "6.2.2 text cut between runes", begin(hello[:12])+last(hello[12:]), gotText(hello)),
		good(sec, "6.2.3 text with each byte in a fragment", bytewise(hello)+last(""), gotText(hello)),
		good(sec, "6.2.4 text of Greek with each byte in a fragment", bytewise(kosme)+last(""), gotText(kosme)),
		badAt(sec, "6.3.1 surrogate", notUTF8, surrogateAll[:surrogateAt], surrogateAll[surrogateAt:]),
		badAt(sec, "6.3.2 surrogate with each byte in a fragment", notUTF8, surrogateFrames[:framesAt], surrogateFrames[framesAt:]+last("")),
		badAt(sec, "6.4.1 good fragment, bad fragment, rest", notUTF8,
			begin(kosme)+second[:secondAt], second[secondAt:]+last(edited)),
		badAt(sec, "6.4.2 bad byte alone in the second fragment", notUTF8,
			begin(kosme+"\xf4")+more("\x90"), last("\x80\x80"+edited)),
		badAt(sec, "6.4.3 bad bytes in the second piece of a frame", notUTF8, early, late),
		badAt(sec, "6.4.4 bad byte alone in the second piece of a frame", notUTF8, early, late),

		badAt(sec, "rune that is cut by the end of a message in fragments", notUTF8, begin("a\xce")+last(""), ""),
		badAt(sec, "rune of one fragment that another does not go on with", notUTF8, begin("a\xce")+last("a"), ""),
		good(sec, "rune that is cut by an empty fragment", begin("a\xce")+more("")+last("\xba"), gotText("aκ")),
		good(sec, "rune that is cut by a ping which is no text", begin("a\xce")+ping("\xff")+last("\xba"), gotPing("\xff"), gotText("aκ")),
		good(sec, "cut rune is forgotten with its message", frame(opBinary, "\xce")+last("")+text("a"), gotBinary("\xce"), gotText("a")),
	}
}

// sequences is a subcategory of 6.5 to 6.23: texts that are all good or all bad.
type sequences struct {
	number int
	valid  bool
	what   string
	texts  []string
}

// textTableCases are 6.5 to 6.23: sequences of bytes in one frame.
func textTableCases() (cases []Case) {
	for _, s := range append(validSequences(), invalidSequences()...) {
		for i, t := range s.texts {
			name := fmt.Sprintf("6.%d.%d %s", s.number, i+1, s.what)
			if s.number == 6 {
				name = fmt.Sprintf("6.6.%d %s", len(t), s.what)
			}
			if s.number == 11 && !s.valid {
				name = "6.11.5 " + s.what
			}
			if s.valid {
				cases = append(cases, good("RFC 3629 3", name, text(t), gotText(t)))
			} else {
				cases = append(cases, bad("RFC 3629 3", name, notUTF8, text(t)))
			}
		}
	}
	return cases
}

func validSequences() []sequences {
	return []sequences{
		{5, true, "text", []string{"hello\x24world", "hello\xc2\xa2world", "hello\xe2\x82\xacworld", "hello\xf0\xa4\xad\xa2world", kosme}},
		{6, true, "prefix that ends with a rune", []string{kosme[:2], kosme[:5], kosme[:7], kosme[:9], kosme[:11]}},
		{7, true, "first of its length", []string{"\x00", "\xc2\x80", "\xe0\xa0\x80", "\xf0\x90\x80\x80"}},
		{9, true, "last of its length", []string{"\x7f", "\xdf\xbf", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf"}},
		{11, true, "beside a boundary", []string{"\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbd", "\xf4\x8f\xbf\xbf"}},
		{22, true, "code point that is no character", nonCharacters()},
		{23, true, "special", []string{"\xef\xbf\xb9", "\xef\xbf\xba", "\xef\xbf\xbb", "\xef\xbf\xbc", "\xef\xbf\xbd", "\xef\xbf\xbe", "\xef\xbf\xbf"}},
	}
}

// nonCharacters are U+FFFE, U+FFFF and their like in the other planes.
func nonCharacters() (texts []string) {
	for plane := range rune(0x11) {
		texts = append(texts, string(plane<<16|0xfffe), string(plane<<16|0xffff))
	}
	return texts
}

func invalidSequences() []sequences {
	cut := []string{
		"\xc0", "\xe0\x80", "\xf0\x80\x80", "\xf8\x80\x80\x80", "\xfc\x80\x80\x80\x80",
		"\xdf", "\xef\xbf", "\xf7\xbf\xbf", "\xfb\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf",
	}
	all, continuations := "", ""
	for _, c := range cut {
		all += c
	}
	for c := byte(0x80); c < 0xbf; c++ {
		continuations += string([]byte{c})
	}
	return []sequences{
		{6, false, "prefix that cuts a rune", []string{kosme[:1], kosme[:3], kosme[:4], kosme[:6], kosme[:8], kosme[:10]}},
		{8, false, "first of 5 and 6 bytes", []string{"\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80"}},
		{10, false, "last of 4, 5 and 6 bytes", []string{"\xf7\xbf\xbf\xbf", "\xfb\xbf\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf\xbf"}},
		{11, false, "over U+10FFFF", []string{"\xf4\x90\x80\x80"}},
		{12, false, "continuation bytes alone", []string{
			"\x80", "\xbf", "\x80\xbf", "\x80\xbf\x80", "\x80\xbf\x80\xbf", "\x80\xbf\x80\xbf\x80", "\x80\xbf\x80\xbf\x80\xbf", continuations}},
		{13, false, "first bytes alone", []string{
			spaced(0xc0, 0xdf), spaced(0xe0, 0xef), spaced(0xf0, 0xf7), spaced(0xf8, 0xfb), spaced(0xfc, 0xfd)}},
		{14, false, "last byte is missing", cut},
		{15, false, "runes that are cut, in a row", []string{all}},
		{16, false, "bytes that cannot be", []string{"\xfe", "\xff", "\xfe\xfe\xff\xff"}},
		{17, false, "overlong slash", []string{"\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xf8\x80\x80\x80\xaf", "\xfc\x80\x80\x80\x80\xaf"}},
		{18, false, "longest that is overlong", []string{"\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xf8\x87\xbf\xbf\xbf", "\xfc\x83\xbf\xbf\xbf\xbf"}},
		{19, false, "overlong NUL", []string{"\xc0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xf8\x80\x80\x80\x80", "\xfc\x80\x80\x80\x80\x80"}},
		{20, false, "surrogate", []string{
			"\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80", "\xed\xaf\xbf", "\xed\xb0\x80", "\xed\xbe\x80", "\xed\xbf\xbf"}},
		{21, false, "surrogates in pairs", []string{
			"\xed\xa0\x80\xed\xb0\x80", "\xed\xa0\x80\xed\xbf\xbf", "\xed\xad\xbf\xed\xb0\x80", "\xed\xad\xbf\xed\xbf\xbf",
			"\xed\xae\x80\xed\xb0\x80", "\xed\xae\x80\xed\xbf\xbf", "\xed\xaf\xbf\xed\xb0\x80", "\xed\xaf\xbf\xed\xbf\xbf"}},
	}
}

// spaced are the bytes from first to before end, each with a space behind.
func spaced(first, end byte) (s string) {
	for c := first; c < end; c++ {
		s += string([]byte{c, ' '})
	}
	return s
}
