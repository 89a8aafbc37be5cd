package wiretest

import "fmt"

// framingCases are category 1: whole messages of all forms of length.
func framingCases() (cases []Case) {
	const sec = "RFC 6455 5.2"
	for i, n := range []int{0, 125, 126, 127, 128, 65535, 65536, 65536} {
		t, b := repeat("*", n), repeat("\xfe", n)
		cases = append(cases,
			good(sec, fmt.Sprintf("1.1.%d text of %d bytes", i+1, n), text(t), gotText(t)),
			good(sec, fmt.Sprintf("1.2.%d binary of %d bytes", i+1, n), binaryMessage(b), gotBinary(b)),
		)
	}
	return cases
}

// pingCases are category 2.
func pingCases() []Case {
	const sec, ponged = "RFC 6455 5.5.2", "RFC 6455 5.5.3"
	const bytes = "\x00\xff\xfe\xfd\xfc\xfb\x00\xff"
	ten, gotTen := "", []Event(nil)
	for i := range 10 {
		p := fmt.Sprint("payload-", i)
		ten, gotTen = ten+ping(p), append(gotTen, gotPing(p))
	}
	return []Case{
		good(sec, "2.1 ping without payload", ping(""), gotPing("")),
		good(sec, "2.2 ping with text", ping("Hello, world!"), gotPing("Hello, world!")),
		good(sec, "2.3 ping with bytes that are no text", ping(bytes), gotPing(bytes)),
		good(sec, "2.4 ping of 125 bytes", ping(repeat("\xfe", 125)), gotPing(repeat("\xfe", 125))),
		badAt("RFC 6455 5.5", "2.5 ping of 126 bytes", protocolError, "\x89\xfe", "\x00\x7e"+masked(repeat("\xfe", 126))),
		good(sec, "2.6 ping of 125 bytes, byte by byte", ping(repeat("\xfd", 125)), gotPing(repeat("\xfd", 125))),
		good(ponged, "2.7 pong that nobody asked for", pong(""), gotPong("")),
		good(ponged, "2.8 pong with payload that nobody asked for", pong("unsolicited pong payload"), gotPong("unsolicited pong payload")),
		good(ponged, "2.9 pong that nobody asked for, then ping", pong("unsolicited pong payload")+ping("ping payload"), gotPong("unsolicited pong payload"), gotPing("ping payload")),
		good(sec, "2.10 ten pings", ten, gotTen...),
		good(sec, "2.11 ten pings, byte by byte", ten, gotTen...),
	}
}

// reservedCases are category 3: reserved bits without an extension.
func reservedCases() []Case {
	const sec = "RFC 6455 5.2"
	const hello = "Hello, world!"
	head := func(first byte) string { return octet(first) + "\x8d" }
	cases := []Case{
		badAt(sec, "3.1 text with RSV3", protocolError, head(fin|rsv3|opText), masked(hello)),
		badAt(sec, "3.2 text, text with RSV2, ping", protocolError, text(hello)+head(fin|rsv2|opText), masked(hello)+ping(""), gotText(hello)),
		badAt(sec, "3.3 text, text with RSV2 and RSV3, ping", protocolError, text(hello)+head(fin|rsv2|rsv3|opText), masked(hello)+ping(""), gotText(hello)),
		badAt(sec, "3.4 text, text with RSV1, ping", protocolError, text(hello)+head(fin|rsv1|opText), masked(hello)+ping(""), gotText(hello)),
		badAt(sec, "3.5 binary with RSV1 and RSV3", protocolError, head(fin|rsv1|rsv3|opBinary), masked(hello)),
		badAt(sec, "3.6 ping with RSV1 and RSV2", protocolError, head(fin|rsv1|rsv2|opPing), masked(hello)),
		badAt(sec, "3.7 close with all of them", protocolError, head(fin|rsv1|rsv2|rsv3|opClose), masked(hello)),
	}
	for _, first := range []byte{rsv1 | opText, rsv1 | opContinuation, fin | rsv1 | opPong, fin | rsv1 | opClose} {
		cases = append(cases, badAt(sec, fmt.Sprintf("first byte %#x", first), protocolError, head(first), masked(hello)))
	}
	return cases
}

// opcodeCases are category 4: opcodes without meaning.
func opcodeCases() (cases []Case) {
	const sec = "RFC 6455 5.2"
	const hello, reserved = "Hello, world!", "reserved opcode payload"
	for kind, first := range []byte{3, 11} {
		for i := range byte(5) {
			op := first + i
			name := fmt.Sprintf("4.%d.%d opcode %d", kind+1, i+1, op)
			switch i {
			case 0:
				cases = append(cases, badAt(sec, name, protocolError, octet(fin|op)+"\x80", mask))
			case 1:
				cases = append(cases, badAt(sec, name+" with payload", protocolError, octet(fin|op)+length(len(reserved)), masked(reserved)))
			case 2:
				cases = append(cases, badAt(sec, name+" behind text", protocolError, text(hello)+octet(fin|op)+"\x80", mask+ping(""), gotText(hello)))
			default:
				cases = append(cases, badAt(sec, name+" with payload behind text", protocolError,
					text(hello)+octet(fin|op)+length(len(reserved)), masked(reserved)+ping(""), gotText(hello)))
			}
		}
	}
	return cases
}
