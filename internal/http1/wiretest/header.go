package wiretest

func headerCases() []Case {
	const sec, name, value, fold = "RFC 9112 5", "RFC 9112 5.1", "RFC 9110 5.5", "RFC 9112 5.2"
	with := func(line string) string { return get + host + line + "\r\n\r\n" }
	cases := []Case{
		good(sec, "no white space behind the colon", with("Accept:*/*")),
		good(sec, "white space around a value", with("Accept: \t */* \t ")),
		good(sec, "empty value", with("Accept:")),
		good(sec, "value of white space", with("Accept:   ")),
		good(sec, "colons in a value", with("X: a:b:c")),
		good(sec, "tab within a value", with("X: a\tb")),
		good(value, "UTF-8 in a value", with("X: 日本語")),
		good(value, "Latin-1 in a value", with("X: \xe9\xff\x80")),
		good(value, "quotes in a value", with(`X: "a\"b"`)),
		good(name, "name of all token characters", with("A0!#$%&'*+-.^_`|~: x")),
		good(name, "names in upper case", "GET /@ HTTP/1.1\r\nHOST: a\r\nCONNECTION: KEEP-ALIVE\r\n\r\n"),
		good(sec, "same name twice", with("X: 1\r\nX: 2")),
		good(sec, "two Content-Types", with("Content-Type: a/b\r\nContent-Type: c/d")),
		good("RFC 9110 5.6.1", "unknown Connection option", with("Connection: foo, bar")),
		bad(name, "empty name", 400, with(": x")),
		bad(name, "no colon", 400, with("Accept")),
		bad(name, "no colon but a space", 400, with("Accept x")),
		bad(name, "space before the colon", 400, with("Accept : x")),
		bad(name, "tab before the colon", 400, with("Accept\t: x")),
		bad(name, "space before the colon of Host", 400, get+"Host : a\r\n\r\n"),
		bad(name, "space before the colon of Content-Length", 400, post+host+"Content-Length : 3\r\n\r\nabc"),
		bad(name, "space before the colon of Transfer-Encoding", 400, post+host+"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
		bad(name, "name in quotes", 400, with("\"X\": a")),
		bad(name, "name in UTF-8", 400, with("Größe: 1")),
		bad(fold, "folded value", 400, with("X: a\r\n b")),
		bad(fold, "folded value with tab", 400, with("X: a\r\n\tb")),
		bad(fold, "folded Transfer-Encoding", 400, post+host+"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
		bad(fold, "folded Content-Length", 400, post+host+"Content-Length:\r\n 3\r\n\r\nabc"),
		bad("RFC 9112 2.2", "white space before the first header", 400, get+" Host: a\r\n\r\n"),
		bad("RFC 9112 2.2", "tab before the first header", 400, get+"\tHost: a\r\n\r\n"),
		bad(fold, "fold of nothing", 400, with("X: a\r\n ")),
	}
	return join(cases,
		eachByte(append(controls(), " \"(),/;<=>?@[\\]{}\x80\xff"...), "byte in header name", func(n, c string) Case {
			return bad(name, n, 400, with("X"+c+"Y: a"))
		}),
		eachByte(without(controls(), "\t"), "byte in header value", func(n, c string) Case {
			return bad(value, n, 400, with("X: a"+c+"b"))
		}),
		eachByte([]byte("\x00\x0b\x0c\x7f"), "byte at the end of a header value", func(n, c string) Case {
			return bad(value, n, 400, with("X: 12345678"+c))
		}),
	)
}

func hostCases() []Case {
	const sec, form = "RFC 9112 3.2", "RFC 9110 7.2"
	with := func(value string) string { return get + "Host: " + value + "\r\n\r\n" }
	cases := []Case{
		bad(sec, "1.1 without Host", 400, get+end),
		bad(sec, "1.1 without Host but others", 400, get+"Accept: */*\r\nHosts: a\r\n\r\n"),
		bad(sec, "1.2 without Host", 400, "GET /@ HTTP/1.2\r\n\r\n"),
		bad(sec, "two Hosts", 400, get+"Host: a\r\nHost: b\r\n\r\n"),
		bad(sec, "two equal Hosts", 400, get+"Host: a\r\nHost: a\r\n\r\n"),
		bad(sec, "two Hosts apart, cases mixed", 400, get+"Host: a\r\nAccept: */*\r\nhOST: a\r\n\r\n"),
		bad(sec, "two Hosts, the second empty", 400, get+"Host: a\r\nHost:\r\n\r\n"),
		bad(sec, "two Hosts in 1.0", 400, "GET /@ HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"),
		bad(sec, "bad Host in 1.0", 400, "GET /@ HTTP/1.0\r\nHost: a b\r\n\r\n"),
		good(sec, "empty Host", get+"Host:\r\n\r\n"),
		good(form, "Host last", get+"Accept: */*\r\nHost: a\r\n\r\n"),
		good(form, "Host with white space around", get+"Host: \t a \t\r\n\r\n"),
	}
	for _, v := range []string{
		"a.example", "a.example:8100", "a.example.", "127.0.0.1:8100", "[::1]", "[::1]:8100", "[fe80::1%25eth0]", "[v7.x:y]", "my_host",
		"xn--bcher-kva.example", "a%41b", "A-B.C~d", "a:", ":80", "a!$&'()*+;=b",
	} {
		cases = append(cases, good(form, "Host "+v, with(v)))
	}
	for _, v := range []string{
		"a b", "a, b c", "a:b", "a:80:80", "a:8x", "a:-1", "a/b", "/", "http://a", "me@a", "@", "a?b", "a#b", "a\\b", "[::1", "::1", "[]", "[::1]x", "[::1]80",
		"[::1]]", "[a b]", "x[::1]", "[::1]:x", "a%", "a%4", "a%zz", "\"a\"", "<a>", "a|b", "a^b", "a`b", "{a}", "bücher.example", "a\tb", "\xff",
	} {
		cases = append(cases, bad(form, "Host "+v, 400, with(v)))
	}
	return cases
}

func connectionCases() []Case {
	const sec, option = "RFC 9112 9.3", "RFC 9110 7.6.1"
	one, closes, stays := []int{Served}, true, false
	cases := []Case{
		answered(sec, "1.1 stays open", stays, one, get+host+end),
		answered(sec, "1.0 closes", closes, one, "GET /@ HTTP/1.0\r\n\r\n"),
		answered(sec, "1.0 with a request behind", closes, one, "GET /@ HTTP/1.0\r\n\r\n"+hidden),
		answered(sec, "1.1 close with a request behind", closes, one, last+hidden),
		answered(sec, "1.0 keep-alive and a second request", closes, []int{Served, Served},
			"GET /@ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"+"GET /@ HTTP/1.0\r\n\r\n"),
		answered(option, "close on a line of its own", closes, one, get+host+"Connection: keep-alive\r\nConnection: close\r\n\r\n"),
		answered(option, "close before keep-alive", closes, one, get+host+"Connection: close\r\nConnection: keep-alive\r\n\r\n"),
		answered(option, "Proxy-Connection means nothing", stays, one, get+host+"Proxy-Connection: close\r\n\r\n"),
		answered(option, "Keep-Alive means nothing in 1.0", closes, one, "GET /@ HTTP/1.0\r\nKeep-Alive: 300\r\n\r\n"),
	}
	for value, closing := range inOrder(map[string]bool{
		"close": true, "Close": true, "CLOSE": true, " close ": true, "keep-alive, close": true, "close, keep-alive": true, "foo,close": true, "foo ,\tclose\t, bar": true, ",close,": true,
		"keep-alive": false, "Keep-Alive": false, "closed": false, "clos": false, "\"close\"": false, "close;x": false, "x-close": false, "Upgrade": false, "": false, ",": false, "te, close-x": false,
	}) {
		cases = append(cases, answered(option, "1.1 Connection: "+value, closing, one, get+host+"Connection: "+value+"\r\n\r\n"))
	}
	for value, staying := range inOrder(map[string]bool{
		"keep-alive": true, "Keep-Alive": true, "foo, keep-alive": true, "keep-alive,": true,
		"close": false, "keep-alive, close": false, "keepalive": false, "keep-alive;x": false, "": false,
	}) {
		cases = append(cases, answered(option, "1.0 Connection: "+value, !staying, one, "GET /@ HTTP/1.0\r\nConnection: "+value+"\r\n\r\n"))
	}
	return cases
}

func expectCases() []Case {
	const sec = "RFC 9110 10.1.1"
	with := func(line, rest string) string { return post + host + "Connection: close\r\n" + line + "\r\n" + rest }
	cases := []Case{
		answered(sec, "100-continue with body", true, []int{Served}, with("Expect: 100-continue", "Content-Length: 3\r\n\r\na=b")),
		answered(sec, "100-Continue in mixed case", true, []int{Served}, with("expect: 100-Continue", "Content-Length: 3\r\n\r\na=b")),
		answered(sec, "100-continue with chunked body", true, []int{Served}, with("Expect: 100-continue", "Transfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n")),
		answered(sec, "100-continue without body", true, []int{Served}, with("Expect: 100-continue", "\r\n")),
		answered(sec, "100-continue with empty body", true, []int{Served}, with("Expect: 100-continue", "Content-Length: 0\r\n\r\n")),
		answered(sec, "100-continue is ignored in 1.0", true, []int{Served}, "POST /@ HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\na=b"),
		answered(sec, "100-continue and no body yet", false, nil, post+host+"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n"),
	}
	for i := range cases {
		cases[i].Continue = true
	}
	for _, v := range []string{"", "200-ok", "100", "100-continue, x", "100-continue;q=1", "continue"} {
		cases = append(cases, bad("RFC 9110 15.5.18", "Expect: "+v, 417, with("Expect: "+v, "Content-Length: 3\r\n\r\na=b")))
	}
	return append(cases, bad("RFC 9110 15.5.18", "two Expects, one unknown", 417, with("Expect: 100-continue\r\nExpect: x", "\r\n")))
}
