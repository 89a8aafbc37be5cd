package wiretest

import "strings"

func repeat(s string, n int) string { return strings.Repeat(s, n) }

const chunkedHead = post + host + "Transfer-Encoding: chunked\r\n\r\n"

func chunkCases() []Case {
	const sec, ext = "RFC 9112 7.1", "RFC 9112 7.1.1"
	const done = "0\r\n\r\n"
	cases := []Case{
		two(sec, "no chunk", chunkedHead+done),
		two(sec, "one chunk", chunkedHead+"3\r\na=b\r\n"+done),
		two(sec, "three chunks", chunkedHead+"1\r\na\r\n1\r\n=\r\n1\r\nb\r\n"+done),
		two(sec, "size in upper case", chunkedHead+"A\r\n0123456789\r\n"+done),
		two(sec, "size in lower case", chunkedHead+"a\r\n0123456789\r\n"+done),
		two(sec, "size of two digits", chunkedHead+"1f\r\n"+repeat("x", 31)+"\r\n"+done),
		two(sec, "size with leading zeros", chunkedHead+"0003\r\na=b\r\n"+done),
		two(sec, "size of 16 digits", chunkedHead+"0000000000000003\r\na=b\r\n"+done),
		two(sec, "last chunk of many zeros", chunkedHead+"3\r\na=b\r\n0000\r\n\r\n"),
		two(sec, "content looks like chunks", chunkedHead+"5\r\n0\r\n\r\n\r\n"+done),
		two(sec, "content looks like a request", chunkedHead+"14\r\nGET /x HTTP/1.1\r\n\r\n\n\r\n"+done),
		two(sec, "content of NUL, CR and LF", chunkedHead+"4\r\n\x00\r\n\r\r\n"+done),
		two(ext, "extension", chunkedHead+"3;a\r\na=b\r\n"+done),
		two(ext, "extension with value", chunkedHead+"3;a=b\r\na=b\r\n"+done),
		two(ext, "extension with quoted value", chunkedHead+"3;a=\"b c\"\r\na=b\r\n"+done),
		two(ext, "extension with white space", chunkedHead+"3; a = b\r\na=b\r\n"+done),
		two(ext, "extension with tab", chunkedHead+"3;\ta\r\na=b\r\n"+done),
		two(ext, "several extensions", chunkedHead+"3;a;b=c;d\r\na=b\r\n"+done),
		two(ext, "extension of the last chunk", chunkedHead+"3\r\na=b\r\n0;a=b\r\n\r\n"),
		waits(sec, "no chunk yet", chunkedHead),
		waits(sec, "half a size line", chunkedHead+"3\r"),
		waits(sec, "half a chunk", chunkedHead+"3\r\na"),
		waits(sec, "no last chunk yet", chunkedHead+"3\r\na=b\r\n"),
		waits(sec, "last chunk without the empty line", chunkedHead+"3\r\na=b\r\n0\r\n"),
		waits(sec, "all but the last LF", chunkedHead+"3\r\na=b\r\n0\r\n\r"),
		bad(sec, "bare LF behind the size", 400, chunkedHead+"3\na=b\r\n"+done),
		bad(sec, "bare LF behind the content", 400, chunkedHead+"3\r\na=b\n"+done),
		bad(sec, "bare CR behind the size", 400, chunkedHead+"3\ra=b\r\n"+done),
		bad(sec, "bare CR behind the content", 400, chunkedHead+"3\r\na=b\r"+done),
		bad(sec, "two CRs behind the size", 400, chunkedHead+"3\r\r\na=b\r\n"+done),
		bad(sec, "bare LF behind the last size", 400, chunkedHead+"0\n\r\n"),
		bad(sec, "bare LF as the empty line of a chunked body", 400, chunkedHead+"0\r\n\n"),
		bad(sec, "bare CR as the empty line of a chunked body", 400, chunkedHead+"0\r\n\rX"),
		bad(sec, "content longer than its size", 400, chunkedHead+"2\r\na=b\r\n"+done),
		bad(sec, "content shorter than its size", 400, chunkedHead+"4\r\na=b\r\n"+done),
		bad(sec, "no CRLF behind the content", 400, chunkedHead+"3\r\na=b"+done),
		bad(sec, "empty line for a size", 400, chunkedHead+"\r\n3\r\na=b\r\n"+done),
		bad(sec, "content behind the last chunk", 400, chunkedHead+"0\r\na=b\r\n"+done),
		bad(ext, "bare LF within an extension", 400, chunkedHead+"3;a\nb\r\na=b\r\n"+done),
		bad(ext, "bare CR within an extension", 400, chunkedHead+"3;a\rb\r\na=b\r\n"+done),
		bad(ext, "NUL within an extension", 400, chunkedHead+"3;a\x00\r\na=b\r\n"+done),
		bad(ext, "DEL within an extension", 400, chunkedHead+"3;a\x7f\r\na=b\r\n"+done),
		bad(ext, "space before an extension", 400, chunkedHead+"3 ;a\r\na=b\r\n"+done),
		bad(ext, "extension without size", 400, chunkedHead+";a\r\na=b\r\n"+done),
		bad(ext, "extensions too long", 400, chunkedHead+"3;"+repeat("a", 4096)+"\r\na=b\r\n"+done),
		bad(ext, "extensions too long together", 400, chunkedHead+repeat("1;"+repeat("a", 1023)+"\r\nx\r\n", 4)+"1;a\r\nx\r\n"+done),
		two(ext, "extensions as long as allowed", chunkedHead+repeat("1;"+repeat("a", 1023)+"\r\nx\r\n", 4)+done),
		bad(sec, "17 digits", 400, chunkedHead+"00000000000000003\r\na=b\r\n"+done),
		bad(sec, "size of 64 bits", 413, chunkedHead+"FFFFFFFFFFFFFFFF\r\na=b\r\n"+done),
		bad(sec, "size of 65 bits", 413, chunkedHead+"10000000000000003\r\na=b\r\n"+done),
		bad(sec, "size of 32 bits", 413, chunkedHead+"FFFFFFFF\r\na=b\r\n"+done),
	}
	for _, v := range []string{" 3", "3 ", "\t3", "3\t", "+3", "-3", "0x3", "x3", "3h", "3x", "g", "3.0", "3,", "\"3\"", "３", "3\x00", "3\v", "_3", "3_", "-0", "+0", "0x0"} {
		cases = append(cases, bad(sec, "chunk size "+v, 400, chunkedHead+v+"\r\na=b\r\n"+done))
	}
	return cases
}

func trailerCases() []Case {
	const sec = "RFC 9112 7.1.2"
	with := func(trailers string) string { return chunkedHead + "3\r\na=b\r\n0\r\n" + trailers + "\r\n" }
	return []Case{
		two(sec, "one trailer", with("X: y\r\n")),
		two(sec, "two trailers", with("X: y\r\nZ:\r\n")),
		two(sec, "trailer with tab and high bytes", with("X: \ty\xe9\r\n")),
		two(sec, "a length as trailer means nothing", with("Content-Length: 999\r\n")),
		two(sec, "a coding as trailer means nothing", with("Transfer-Encoding: gzip\r\n")),
		two(sec, "a Host as trailer means nothing", with("Host: b\r\n")),
		answered(sec, "a Connection as trailer means nothing", false, []int{Served}, with("Connection: close\r\n")),
		bad(sec, "trailer without colon", 400, with("X\r\n")),
		bad(sec, "trailer with empty name", 400, with(": y\r\n")),
		bad(sec, "trailer with space before the colon", 400, with("X : y\r\n")),
		bad(sec, "trailer with space in the name", 400, with("X Y: z\r\n")),
		bad(sec, "folded trailer", 400, with("X: y\r\n z\r\n")),
		bad(sec, "trailer with bare LF", 400, with("X: y\nZ: a\r\n")),
		bad(sec, "trailer with bare CR", 400, with("X: y\rZ: a\r\n")),
		bad(sec, "trailer with NUL", 400, with("X: \x00\r\n")),
		bad(sec, "trailer with DEL", 400, with("X: \x7f\r\n")),
		bad(sec, "request line for a trailer", 400, with("GET /@ HTTP/1.1\r\nHost: a\r\n")),
		bad("RFC 6585 5", "trailers too large", 431, with("X: "+repeat("y", 4096)+"\r\n")),
		bad("RFC 6585 5", "too many small trailers", 431, with(repeat("X: y\r\n", 1000))),
		waits(sec, "half a trailer", chunkedHead+"0\r\nX: y"),
	}
}

// limitCases hold for http1.DefaultLimits: a head of 16 KB, 100 header lines, a target of 8 KB, a body of 1 MB.
func limitCases() []Case {
	const head, line, body = "RFC 6585 5", "RFC 9112 3", "RFC 9110 15.5.14"
	// fill makes a head of exactly n bytes.
	fill := func(n int) string {
		const name = "X: "
		return get + host + name + repeat("y", n-len(get+host+name)-4) + "\r\n\r\n"
	}
	target := func(n int) string { return "GET /@?" + repeat("x", n-3) + " HTTP/1.1\r\nHost: a\r\n\r\n" }
	cases := []Case{
		good(head, "head of 16000 bytes", fill(16000)),
		bad(head, "head of 16500 bytes", 431, fill(16500)),
		bad(head, "head of 300000 bytes", 431, fill(300000)),
		bad(head, "head without end", 431, get+host+repeat("X: y\r\n", 99)+repeat("z", 20000)),
		good(head, "100 header lines", get+host+repeat("X: y\r\n", 99)+"\r\n"),
		bad(head, "101 header lines", 431, get+host+repeat("X: y\r\n", 100)+"\r\n"),
		good(line, "target of 8000 bytes", target(8000)),
		bad(line, "target of 8300 bytes", 414, target(8300)),
		bad(line, "target of 15000 bytes", 414, target(15000)),
		bad(line, "target of 20000 bytes", 414, target(20000)),
		bad(line, "target without end", 414, "GET /@?"+repeat("x", 30000)),
		bad(line, "method without end", 501, repeat("M", 30000)),
		bad(body, "length over the limit", 413, post+host+"Content-Length: 1048577\r\n\r\n"),
		bad(body, "length of 63 bits", 413, post+host+"Content-Length: 9223372036854775807\r\n\r\n"),
		bad(body, "length over the limit with Expect", 413, post+host+"Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n"),
		bad(body, "chunk over the limit", 413, chunkedHead+"100001\r\n"),
		bad(body, "chunks over the limit together", 413, chunkedHead+"10\r\n0123456789abcdef\r\nffff1\r\n"),
		waits(body, "length at the limit", post+host+"Content-Length: 1048576\r\n\r\n"),
		waits(body, "chunk at the limit", chunkedHead+"100000\r\n"),
	}
	for i := range cases {
		cases[i].SizeBound = true
	}
	return cases
}
