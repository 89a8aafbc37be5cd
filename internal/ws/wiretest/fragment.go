package wiretest

// fragmentCases are category 5.
func fragmentCases() []Case {
	const sec, control = "RFC 6455 5.4", "RFC 6455 5.5"
	const f12, f = "fragment1fragment2", "fragment"
	const non = "non-continuation payload"
	two := begin("fragment1") + last("fragment2")
	interrupted := begin("fragment1") + ping("ping payload") + last("fragment2")
	orphan := last(non) + text("Hello, world!")
	endless := more(non) + text("Hello, world!")
	five := begin(f+"1") + more(f+"2") + ping("pongme 1!") + more(f+"3") + more(f+"4") + ping("pongme 2!") + last(f+"5")
	gotFive := []Event{gotPing("pongme 1!"), gotPing("pongme 2!"), gotText("fragment1fragment2fragment3fragment4fragment5")}
	head := func(s string) (first, rest string) { return s[:2], s[2:] }
	orphanHead, orphanRest := head(orphan)
	endlessHead, endlessRest := head(endless)
	again := more("fragment1") + begin("fragment2") + last("fragment3")
	return []Case{
		badAt(control, "5.1 ping in two fragments", protocolError, "\x09\x89", masked("fragment1")+last("fragment2")),
		badAt(control, "5.2 pong in two fragments", protocolError, "\x0a\x89", masked("fragment1")+last("fragment2")),
		good(sec, "5.3 text in two fragments", two, gotText(f12)),
		good(sec, "5.4 text in two fragments, frame by frame", two, gotText(f12)),
		good(sec, "5.5 text in two fragments, byte by byte", two, gotText(f12)),
		good(sec, "5.6 ping between two fragments", interrupted, gotPing("ping payload"), gotText(f12)),
		good(sec, "5.7 ping between two fragments, frame by frame", interrupted, gotPing("ping payload"), gotText(f12)),
		good(sec, "5.8 ping between two fragments, byte by byte", interrupted, gotPing("ping payload"), gotText(f12)),
		badAt(sec, "5.9 last fragment of nothing, then text", protocolError, orphanHead, orphanRest),
		badAt(sec, "5.10 last fragment of nothing, then text, frame by frame", protocolError, orphanHead, orphanRest),
		badAt(sec, "5.11 last fragment of nothing, then text, byte by byte", protocolError, orphanHead, orphanRest),
		badAt(sec, "5.12 fragment of nothing, then text", protocolError, endlessHead, endlessRest),
		badAt(sec, "5.13 fragment of nothing, then text, frame by frame", protocolError, endlessHead, endlessRest),
		badAt(sec, "5.14 fragment of nothing, then text, byte by byte", protocolError, endlessHead, endlessRest),
		badAt(sec, "5.15 text in two fragments, fragment of nothing, text", protocolError,
			two+"\x00\x89", masked("fragment3")+text("fragment4"), gotText(f12)),
		badAt(sec, "5.16 fragment of nothing, text in two fragments, twice", protocolError, again[:2], again[2:]+again),
		badAt(sec, "5.17 last fragment of nothing, text in two fragments, twice", protocolError,
			"\x80\x89", masked("fragment1")+begin("fragment2")+last("fragment3")),
		badAt(sec, "5.18 text within text", protocolError, begin("fragment1")+"\x81\x89", masked("fragment2")),
		good(sec, "5.19 text in five fragments with pings between, after a pause", five, gotFive...),
		good(sec, "5.20 text in five fragments with pings between", five, gotFive...),

		badAt(sec, "binary within text", protocolError, begin("a")+"\x82\x81", masked("b")),
		badAt(sec, "begin of text within text", protocolError, begin("a")+"\x01\x81", masked("b")),
		badAt(control, "close in fragments", protocolError, "\x08\x82", masked("\x03\xe8")),
		good(sec, "binary in fragments", frame(opBinary, "\xff")+more("\xfe")+last("\xfd"), gotBinary("\xff\xfe\xfd")),
		good(sec, "message of empty fragments only, binary", frame(opBinary, "")+more("")+last(""), gotBinary("")),
		good(sec, "pong between fragments", begin("a")+pong("x")+last("b"), gotPong("x"), gotText("ab")),
		good(sec, "two messages in fragments, one behind the other", begin("a")+last("b")+begin("c")+last("d"), gotText("ab"), gotText("cd")),
		good(sec, "binary in fragments that are no text, then text in fragments",
			frame(opBinary, "\xf4")+last("\x90")+begin("\xce")+last("\xba"), gotBinary("\xf4\x90"), gotText("κ")),
		good(sec, "message that does not end", begin("a")+more("b")+ping(""), gotPing("")),
		good(sec, "hundred fragments of one byte", begin("a")+repeat(more("b"), 98)+last("c"), gotText("a"+repeat("b", 98)+"c")),
	}
}
