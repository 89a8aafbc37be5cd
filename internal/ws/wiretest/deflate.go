package wiretest

import (
	"bytes"
	"compress/flate"
)

// deflateCases are about permessage-deflate.
func deflateCases() []Case {
	const sec, bits, bomb = "RFC 7692 7.2.3", "RFC 7692 6", "RFC 7692 8"
	const hello = "\xf2\x48\xcd\xc9\xc9\x07\x00"
	first := func(op byte, p string) string { return frame(op|rsv1, p) }
	head := func(first byte) string { return octet(first) + "\x81" }
	full := repeat("\x00", MessageBytesMax)
	swelling := deflated(repeat("\x00", 4<<20)) // to a thousand times its length
	cases := []Case{
		good("RFC 7692 7.2.3.1", "one compressed block", first(fin|opText, hello), gotText("Hello")),
		good("RFC 7692 7.2.3.1", "one compressed block in two fragments", first(opText, hello[:3])+last(hello[3:]), gotText("Hello")),
		good("RFC 7692 7.2.3.3", "block without compression", first(fin|opText, "\x00\x05\x00\xfa\xffHello\x00"), gotText("Hello")),
		good("RFC 7692 7.2.3.4", "block that is marked as the last", first(fin|opText, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), gotText("Hello")),
		good("RFC 7692 7.2.3.4", "two blocks that are marked as the last", first(fin|opText, "\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), gotText("HelloHello")),
		good("RFC 7692 7.2.3.5", "two blocks", first(fin|opText, "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"), gotText("Hello")),
		good("RFC 7692 7.2.3.6", "empty message", first(fin|opText, "\x00"), gotText("")),
		good(bits, "message that is not compressed", text("Hello"), gotText("Hello")),
		good(bits, "compressed, plain, compressed", first(fin|opText, hello)+text("a")+first(fin|opBinary, hello), gotText("Hello"), gotText("a"), gotBinary("Hello")),
		good(bits, "ping between compressed fragments", first(opText, hello[:3])+ping("x")+more(hello[3:5])+last(hello[5:]), gotPing("x"), gotText("Hello")),
		good(bits, "empty fragments around a compressed message", first(opText, "")+more(hello)+last(""), gotText("Hello")),
		badAt(bits, "RSV1 on a continuation", protocolError, first(opText, hello[:3])+head(fin|rsv1|opContinuation), masked("\x00")),
		badAt(bits, "RSV1 on a continuation of a plain message", protocolError, begin("a")+head(fin|rsv1|opContinuation), masked("\x00")),
		badAt(bits, "RSV1 on a ping", protocolError, head(fin|rsv1|opPing), masked("a")),
		badAt(bits, "RSV1 on a pong", protocolError, head(fin|rsv1|opPong), masked("a")),
		badAt(bits, "RSV1 on a close", protocolError, head(fin|rsv1|opClose), masked("a")),
		badAt(bits, "RSV1 on a reserved opcode", protocolError, head(fin|rsv1|3), masked("a")),
		badAt(bits, "RSV1 and RSV2", protocolError, head(fin|rsv1|rsv2|opText), masked("a")),
		badAt(bits, "RSV1 and RSV3", protocolError, head(fin|rsv1|rsv3|opBinary), masked("a")),
		badAt(bits, "RSV2", protocolError, head(fin|rsv2|opText), masked("a")),
		badAt(bits, "compressed text within text", protocolError, begin("a")+head(fin|rsv1|opText), masked("a")),
		bad(sec, "block of a kind that is not there", protocolError, first(fin|opText, "\x06")),
		bad(sec, "reference to before the message", protocolError, first(fin|opText, "\x02\x13\x00\x00")),
		bad(sec, "message that is cut", protocolError, first(fin|opText, "\x00\x05\x00\xfa\xffHel")),
		bad(sec, "compressed message of nothing", protocolError, first(fin|opText, "")),
		bad(sec, "garbage", protocolError, first(fin|opBinary, "\xff\xff\xff\xff")),
		bad(sec, "many blocks that are marked as the last", protocolError, first(fin|opText, repeat("\x03\x00", 1000)+"\x00")),
		bad("RFC 6455 8.1", "compressed text is not UTF-8", notUTF8, first(fin|opText, deflated("a\xff"))),
		bad("RFC 6455 8.1", "compressed text in fragments is not UTF-8", notUTF8, first(opText, deflated("a\xce")[:2])+last(deflated("a\xce")[2:])),
		good("RFC 6455 8.1", "compressed bytes are not UTF-8", first(fin|opBinary, deflated("a\xff")), gotBinary("a\xff")),
		good(bomb, "message that swells to all that may be", first(fin|opBinary, deflated(full)), gotBinary(full)),
		bad(bomb, "message that swells to one byte too many", tooLarge, first(fin|opBinary, deflated(full+"\x00"))),
		bad(bomb, "message that swells a thousand times", tooLarge, first(fin|opBinary, swelling)),
		bad(bomb, "fragments that swell a thousand times", tooLarge, first(opBinary, swelling[:1000])+last(swelling[1000:])),
		badAt(bomb, "compressed message that is too large as it is", tooLarge, "\xc2"+length(2*MessageBytesMax)+mask, repeat("a", 100)),
		badAt(bomb, "compressed fragments that are too large as they are", tooLarge,
			"\x42"+length(MessageBytesMax)+masked(repeat("a", MessageBytesMax))+"\x80"+length(MessageBytesMax)+mask, repeat("a", 100)),
		good(bomb, "message that cannot be compressed", first(fin|opBinary, deflated(noise(MessageBytesMax))), gotBinary(noise(MessageBytesMax))),
	}
	for i := range cases {
		cases[i].Deflate = true
		cases[i].Name = "deflate: " + cases[i].Name
	}
	return cases
}

// deflated is s as the payload of a compressed message, RFC 7692 7.2.1.
func deflated(s string) string {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		panic(err) // there is no such level
	}
	_, _ = w.Write([]byte(s))
	_ = w.Flush()
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\x00\x00\xff\xff")))
}

// noise is n bytes without any pattern, always the same.
func noise(n int) string {
	b, x := make([]byte, n), uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return string(b)
}
