package wiretest

import "fmt"

// lengthCases are lengths that take more bytes than they need, or more bits than there may be.
func lengthCases() (cases []Case) {
	const sec = "RFC 6455 5.2"
	for _, c := range []struct{ name, length, payload string }{
		{"0 in 16 bits", "\xfe\x00\x00", ""},
		{"125 in 16 bits", "\xfe\x00\x7d", repeat("a", 125)},
		{"1 in 64 bits", "\xff\x00\x00\x00\x00\x00\x00\x00\x01", "a"},
		{"126 in 64 bits", "\xff\x00\x00\x00\x00\x00\x00\x00\x7e", repeat("a", 126)},
		{"65535 in 64 bits", "\xff\x00\x00\x00\x00\x00\x00\xff\xff", repeat("a", 65535)},
		{"64 bits", "\xff\x80\x00\x00\x00\x00\x00\x00\x01", "a"},
		{"all 64 bits", "\xff\xff\xff\xff\xff\xff\xff\xff\xff", "a"},
	} {
		cases = append(cases, badAt(sec, "length of "+c.name, protocolError, "\x81"+c.length+mask, c.payload))
	}
	return append(cases,
		good(sec, "header without its length", "\x81\xfe\x00"),
		good(sec, "header without its mask", "\x81\x81\x37\xfa\x21"),
		good(sec, "single byte", "\x81"),
		good(sec, "nothing", ""),
	)
}

// maskCases are frames that a server would send.
func maskCases() (cases []Case) {
	const sec = "RFC 6455 5.1"
	for _, op := range []byte{opText, opBinary, opClose, opPing, opPong} {
		cases = append(cases, badAt(sec, fmt.Sprintf("opcode %d without mask", op), protocolError, octet(fin|op)+"\x02", "\x03\xe8"))
	}
	return append(cases,
		badAt(sec, "continuation without mask", protocolError, begin("a")+"\x80\x01", "b"),
		badAt(sec, "empty text without mask", protocolError, "\x81\x00", ""),
		good("RFC 6455 5.7", "example of a masked text", "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", gotText("Hello")),
		good("RFC 6455 5.7", "example of a masked pong", "\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", gotPong("Hello")),
		good("RFC 6455 5.3", "mask of zeros", "\x81\x82\x00\x00\x00\x00ab", gotText("ab")),
	)
}

// limitCases are about MessageBytesMax.
func limitCases() []Case {
	const sec = "RFC 6455 10.4"
	half := repeat("h", MessageBytesMax/2)
	return []Case{
		badAt(sec, "text of one byte too many", tooLarge, "\x81"+length(MessageBytesMax+1)+mask, repeat("a", 100)),
		badAt(sec, "binary of 2^63-1 bytes", tooLarge, "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff"+mask, repeat("a", 100)),
		badAt(sec, "first of fragments too large", tooLarge, "\x01"+length(MessageBytesMax+1)+mask, repeat("a", 100)),
		good(sec, "fragments of all that may be", begin(half)+more(half)+last(""), gotText(half+half)),
		badAt(sec, "fragments of one byte too many", tooLarge, begin(half)+more(half)+"\x80\x81"+mask, "a"),
		badAt(sec, "fragment of 2^63-1 bytes behind another", tooLarge, begin("ab")+"\x80\xff\x7f\xff\xff\xff\xff\xff\xff\xff"+mask, "a"),
		good(sec, "limit holds for each message by itself", text(half)+text(half)+text(half), gotText(half), gotText(half), gotText(half)),
	}
}

// earlyCases are texts whose first bad byte is known as such at once, in one frame of 100 bytes that never comes whole.
func earlyCases() (cases []Case) {
	for _, s := range []string{
		"\x80", "\xc0", "\xc1", "\xf5", "\xff", "\xc2\x7f", "\xc2\xc0", "\xe0\x9f", "\xed\xa0", "\xf0\x8f", "\xf4\x90",
		"\xe1\x80\x7f", "\xef\xbf\xc0", "\xf0\x90\x80\x7f", "\xf4\x8f\xbf\xc0", "\xce\xba\xff", "\xf0\x90\x80\x80\x80",
	} {
		for _, ahead := range []string{"", "plain ", kosme} {
			all := "\x81\xe4" + masked(ahead+s)
			cases = append(cases, badAt("RFC 6455 8.1", fmt.Sprintf("first bad byte of %q", ahead+s), notUTF8, all, masked("rest")[len(mask):]))
		}
	}
	return cases
}
