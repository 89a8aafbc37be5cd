package wiretest

import "fmt"

// closeCases are 7.1 to 7.5: close frames, and what comes behind them.
func closeCases() []Case {
	const sec, nothing = "RFC 6455 5.5.1", "RFC 6455 1.4"
	const hello = "Hello World!"
	normal, gotNormal := closing(1000, ""), gotClose(1000, "")
	notText := kosme + "\xed\xa0\x80" + edited
	return []Case{
		good(sec, "7.1.1 message, then close", text(hello)+normal, gotText(hello), gotNormal),
		good(nothing, "7.1.2 close twice", normal+normal, gotNormal),
		good(nothing, "7.1.3 close, then ping", normal+ping(""), gotNormal),
		good(nothing, "7.1.4 close, then text", normal+text(hello), gotNormal),
		good(nothing, "7.1.5 close between fragments", begin("fragment1")+normal+last("fragment2"), gotNormal),
		badAt("RFC 6455 7.4.1", "7.1.6 message of 256 KB, then message, close and ping", tooLarge,
			"\x81"+length(256<<10)+mask, repeat("BAsd7&jh23", 100)+text(hello)+normal+ping("")),
		good(sec, "7.3.1 close without payload", frame(fin|opClose, ""), gotClose(NoCode, "")),
		bad(sec, "7.3.2 close with one byte", protocolError, frame(fin|opClose, "a")),
		good(sec, "7.3.3 close with a code", normal, gotNormal),
		good(sec, "7.3.4 close with code and reason", closing(1000, hello), gotClose(1000, hello)),
		good(sec, "7.3.5 close with the longest reason", closing(1000, repeat("*", 123)), gotClose(1000, repeat("*", 123))),
		badAt("RFC 6455 5.5", "7.3.6 close with a reason that is too long", protocolError, "\x88\xfe", "\x00\x7e"+masked("\x03\xe8"+repeat("*", 124))),
		bad("RFC 6455 8.1", "7.5.1 close with a reason that is not UTF-8", notUTF8, closing(1000, notText)),

		good(nothing, "close, then bytes that are no frame", normal+"\xff\xff\xff\xff\xff", gotNormal),
		bad(sec, "close with a reason that is cut within a rune", notUTF8, closing(1001, "a\xce")),
		good(sec, "close with a reason of runes", closing(1001, kosme), gotClose(1001, kosme)),
		good(sec, "half a close frame", normal[:len(normal)-1]),
		bad(sec, "bad close between fragments", protocolError, begin("a")+frame(fin|opClose, "a")),
	}
}

// closeCodeCases are 7.7 to 7.13: which codes may be sent.
func closeCodeCases() (cases []Case) {
	const sec = "RFC 6455 7.4"
	for i, code := range []uint16{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999} {
		cases = append(cases, good(sec, fmt.Sprintf("7.7.%d code %d", i+1, code), closing(code, ""), gotClose(code, "")))
	}
	for i, code := range []uint16{0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999} {
		cases = append(cases, bad(sec, fmt.Sprintf("7.9.%d code %d", i+1, code), protocolError, closing(code, "")))
	}
	for i, code := range []uint16{5000, 65535} {
		cases = append(cases, bad(sec, fmt.Sprintf("7.13.%d code %d", i+1, code), protocolError, closing(code, "")))
	}
	for _, code := range []uint16{1012, 1013, 1014, 4400, 4401} {
		cases = append(cases, good(sec, fmt.Sprintf("code %d", code), closing(code, "x"), gotClose(code, "x")))
	}
	return append(cases, bad(sec, "code 1015", protocolError, closing(1015, "")))
}
