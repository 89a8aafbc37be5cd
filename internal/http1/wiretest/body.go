package wiretest

func lengthCases() []Case {
	const sec, length = "RFC 9112 6.3", "RFC 9110 8.6"
	with := func(value, body string) string { return post + host + "Content-Length: " + value + "\r\n\r\n" + body }
	cases := []Case{
		two(sec, "POST with length", with("3", "a=b")),
		two(sec, "POST with length 0", with("0", "")),
		two(sec, "POST without length has no body", post+host+end),
		two(sec, "POST without length but Content-Type", post+host+"Content-Type: application/x-www-form-urlencoded\r\n\r\n"),
		two(sec, "GET with body", get+host+"Content-Length: 3\r\n\r\na=b"),
		two(length, "leading zeros", with("0003", "a=b")),
		two(length, "white space around", with(" \t3\t ", "a=b")),
		two(sec, "body looks like a request", with("33", "GET /x HTTP/1.1\r\nHost: hidden\r\n\r\n")),
		two(sec, "body of CRLFs", with("6", "\r\n\r\n\r\n")),
		two(sec, "body with NUL and bare LF", with("4", "\x00\n\r\x00")),
		two(sec, "Content-Length in mixed case", post+host+"cOnTeNt-LeNgTh: 3\r\n\r\na=b"),
		two(sec, "Content_Length is another header", post+host+"Content_Length: 99\r\nContent-Length: 3\r\n\r\na=b"),
		answered(sec, "1.0 POST with length", true, []int{Served}, "POST /@ HTTP/1.0\r\nContent-Length: 3\r\n\r\na=b"+hidden),
		waits(sec, "half a body", with("10", "abc")),
		waits(sec, "no body yet", with("10", "")),
		bad(sec, "two different lengths", 400, post+host+"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
		bad(sec, "two equal lengths", 400, post+host+"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
		bad(sec, "two lengths apart, cases mixed", 400, post+"Content-Length: 0\r\nHost: a\r\ncontent-length: 50\r\n\r\n"),
		bad(sec, "different lengths in 1.0", 400, "POST /@ HTTP/1.0\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
		bad(sec, "bad length on GET", 400, get+host+"Content-Length: x\r\n\r\n"),
	}
	for _, v := range []string{
		"", "-1", "-0", "+3", "3x", "x3", "0x3", "3.0", "3,3", "3, 3", "3 3", "3;3", "1e1", "1_0", "three", "\"3\"", "3\t3", "３", "٣", "3,", ",3", "3, 4", "NaN", "--3", "0b11", "3\xa0",
		"9223372036854775808", "18446744073709551616", "18446744073709551619", "99999999999999999999999999999999999999",
	} {
		cases = append(cases, bad(length, "Content-Length: "+v, 400, with(v, "abc")))
	}
	return cases
}

func codingCases() []Case {
	const sec = "RFC 9112 6.1"
	const body = "3\r\na=b\r\n0\r\n\r\n"
	with := func(value string) string {
		return post + host + "Transfer-Encoding: " + value + "\r\n\r\n" + body
	}
	cases := []Case{
		two(sec, "chunked", with("chunked")),
		two(sec, "chunked in mixed case", with("CHUNKed")),
		two(sec, "chunked with white space around", with(" \tchunked\t ")),
		two(sec, "Transfer-Encoding in mixed case", post+host+"tRANSFER-eNCODING: chunked\r\n\r\n"+body),
		two(sec, "chunked GET", get+host+"Transfer-Encoding: chunked\r\n\r\n"+body),
		bad(sec, "chunked in 1.0", 400, "POST /@ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"+body),
		bad(sec, "gzip in 1.0", 400, "POST /@ HTTP/1.0\r\nTransfer-Encoding: gzip\r\n\r\n"+body),
		bad(sec, "chunked in 1.0 with keep-alive", 400, "POST /@ HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"+body),
		bad(sec, "chunked on two lines", 400, post+host+"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"+body),
		bad(sec, "identity on a second line", 400, post+host+"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"+body),
		bad(sec, "chunked on a second line behind gzip", 501, post+host+"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"+body),
		bad(sec, "empty second line", 400, post+host+"Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n\r\n"+body),
	}
	for _, v := range []string{"", ",", "chunked,", ",chunked", ", chunked", "chunked, ", "chunked, chunked", "chunked, gzip", "chunked, identity", "gzip,,chunked", "chunked,gzip,chunked"} {
		cases = append(cases, bad(sec, "Transfer-Encoding: "+v, 400, with(v)))
	}
	for _, v := range []string{
		"gzip", "identity", "deflate", "compress", "gzip, chunked", "identity, chunked", "xchunked", "chunkedx", "x-chunked", "chunk", "chunked;q=1", "\"chunked\"", "'chunked'", "chunked chunked",
		"chunked\tx", "chunked;", "chünked", "\xa0chunked", "(chunked)", "cow", "chunked/1",
	} {
		cases = append(cases, bad(sec, "Transfer-Encoding: "+v, 501, with(v)))
	}
	return join(cases, eachByte([]byte("\x00\x0b\x0c\r\x1f\x7f"), "Transfer-Encoding behind byte", func(name, c string) Case {
		return bad("RFC 9110 5.5", name, 400, with(c+"chunked"))
	}))
}

// disguiseCases try to make two readers disagree about where a request ends.
func disguiseCases() []Case {
	const both, sec = "RFC 9112 6.1", "RFC 9112 11.2"
	const body = "0\r\n\r\n"
	cases := []Case{
		bad(both, "length then chunked", 400, post+host+"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"+body),
		bad(both, "chunked then length", 400, post+host+"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"+body),
		bad(both, "length 0 and chunked", 400, post+host+"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n"+body),
		bad(both, "length and gzip", 400, post+host+"Content-Length: 5\r\nTransfer-Encoding: gzip\r\n\r\n"+body),
		bad(both, "length and identity", 400, post+host+"Content-Length: 5\r\nTransfer-Encoding: identity\r\n\r\n"+body),
		bad(both, "length and chunked in 1.0", 400, "POST /@ HTTP/1.0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"+body),
		bad(both, "length and chunked on GET", 400, get+host+"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"+body),
		bad(both, "length and chunked with Connection: close", 400, post+host+"Connection: close\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"+body),
		bad(both, "length and chunked with Expect", 400, post+host+"Expect: 100-continue\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"+body),
		bad(both, "length and empty coding", 400, post+host+"Content-Length: 5\r\nTransfer-Encoding:\r\n\r\n"+body),
		bad(both, "lengths differ and chunked", 400, post+host+"Content-Length: 5\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n"+body),
		bad(sec, "chunked behind an empty name", 400, post+host+"Content-Length: 5\r\n: x\r\nTransfer-Encoding: chunked\r\n\r\n"+body),
		two(sec, "coding in the query only", "POST /@?Transfer-Encoding:chunked HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"+body),
		two(sec, "coding named in another value", post+host+"X: Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"+body),
		two(sec, "TE is not Transfer-Encoding", post+host+"TE: chunked\r\nContent-Length: 5\r\n\r\n"+body),
		two(sec, "Transfer_Encoding is not Transfer-Encoding", post+host+"Transfer_Encoding: chunked\r\nContent-Length: 5\r\n\r\n"+body),
		two(sec, "X-Transfer-Encoding is not Transfer-Encoding", post+host+"X-Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"+body),
		two(sec, "Connection cannot take away the length", post+host+"Connection: Content-Length\r\nContent-Length: 5\r\n\r\n"+body),
	}
	for name, line := range inOrder(map[string]string{
		"space before the colon":        "Transfer-Encoding : chunked",
		"tab before the colon":          "Transfer-Encoding\t: chunked",
		"space before the name":         " Transfer-Encoding: chunked",
		"vertical tab in the name":      "Transfer-Encoding\v: chunked",
		"form feed before the value":    "Transfer-Encoding:\fchunked",
		"vertical tab before the value": "Transfer-Encoding:\vchunked",
		"NUL behind the value":          "Transfer-Encoding: chunked\x00",
		"NUL in the name":               "Transfer\x00-Encoding: chunked",
		"bare CR before":                "X: y\rTransfer-Encoding: chunked",
		"bare LF before":                "X: y\nTransfer-Encoding: chunked",
		"folded":                        "Transfer-Encoding:\r\n chunked",
		"CR behind the name":            "Transfer-Encoding\r: chunked",
		"DEL behind the value":          "Transfer-Encoding: chunked\x7f",
		"high byte in the name":         "Transfer-Encoding\xa0: chunked",
		"quoted name":                   "\"Transfer-Encoding\": chunked",
		"no colon":                      "Transfer-Encoding chunked",
		"equals sign for the colon":     "Transfer-Encoding= chunked",
		"second line in the value":      "Foo: bar\r\n\r\tTransfer-Encoding: chunked",
	}) {
		cases = append(cases, bad(sec, "length and disguised coding: "+name, 400, post+host+"Content-Length: 5\r\n"+line+"\r\n\r\n"+body))
	}
	for name, line := range inOrder(map[string]string{
		"tab before the colon": "Content-Length\t: 0",
		"plus sign":            "Content-Length: +0",
		"NUL behind":           "Content-Length: 0\x00",
		"form feed before":     "Content-Length:\f0",
		"bare CR before":       "X: y\rContent-Length: 0",
		"bare LF before":       "X: y\nContent-Length: 0",
		"list":                 "Content-Length: 5, 0",
		"folded list":          "Content-Length: 5,\r\n 0",
		"hexadecimal":          "Content-Length: 0x0",
		"minus":                "Content-Length: -5",
	}) {
		cases = append(cases, bad(sec, "length and disguised length: "+name, 400, post+host+"Content-Length: 5\r\n"+line+"\r\n\r\n"+body))
	}
	return cases
}

func pipelineCases() []Case {
	const sec = "RFC 9112 9.3.2"
	query := func(q string) string { return "GET /@?" + q + " HTTP/1.1\r\nHost: a\r\n\r\n" }
	return []Case{
		answered(sec, "three requests at once", true, []int{Served, Served, Served}, query("a=1")+query("a=2")+last),
		answered(sec, "sixteen requests at once", true, repeated(Served, 16),
			repeat(query("a=1"), 15)+last),
		answered(sec, "POST, GET, chunked POST, GET", true, repeated(Served, 4),
			post+host+"Content-Length: 3\r\n\r\na=b"+query("x=y")+post+host+"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"+last),
		answered(sec, "good then bad", true, []int{Served, 400}, query("a=1")+"GET /@ HTTP/1.1\r\n\r\n"+hidden),
		answered(sec, "good then garbage", true, []int{Served, 400}, query("a=1")+"\x00\x01\x02\r\n\r\n"+hidden),
		answered(sec, "good then bare LF", true, []int{Served, 400}, query("a=1")+"\n"+hidden),
		answered(sec, "good then unknown version", true, []int{Served, 505}, query("a=1")+"GET /@ HTTP/2.0\r\nHost: a\r\n\r\n"+hidden),
		answered(sec, "good then unknown coding", true, []int{Served, 501}, query("a=1")+post+host+"Transfer-Encoding: gzip\r\n\r\n"+hidden),
		answered(sec, "good then half", false, []int{Served}, query("a=1")+"GET /@ HT"),
		answered(sec, "body longer than its length is a bad request", true, []int{Served, 400}, post+host+"Content-Length: 1\r\n\r\na=b HTTP/1.1\r\n\r\n"+hidden),
		answered(sec, "chunk data behind a length is a bad request", true, []int{Served, 400}, post+host+"Content-Length: 0\r\n\r\n3\r\na=b\r\n0\r\n\r\n"+hidden),
		answered(sec, "1.0 between", true, []int{Served, Served}, query("a=1")+"GET /@ HTTP/1.0\r\n\r\n"+hidden),
	}
}

func repeated(status, n int) (list []int) {
	for range n {
		list = append(list, status)
	}
	return list
}
