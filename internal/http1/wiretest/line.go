package wiretest

import "strings"

func requestLineCases() []Case {
	const sec, method = "RFC 9112 3", "RFC 9110 9.1"
	cases := []Case{
		good(sec, "smallest request of 1.1", get+host+end),
		good(sec, "GET with query", "GET /@?cname=a&seq=1 HTTP/1.1\r\nHost: a\r\n\r\n"),
		answered(method, "HEAD", false, []int{Door}, "HEAD /@ HTTP/1.1\r\nHost: a\r\n\r\n"),
		answered(method, "PUT", false, []int{Door}, "PUT /@ HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"),
		answered(method, "DELETE", false, []int{Door}, "DELETE /@ HTTP/1.1\r\nHost: a\r\n\r\n"),
		answered(method, "OPTIONS", false, []int{Door}, "OPTIONS /@ HTTP/1.1\r\nHost: a\r\n\r\n"),
		answered(method, "unknown method is a matter of the door", false, []int{Door}, "BREW /@ HTTP/1.1\r\nHost: a\r\n\r\n"),
		answered(method, "method is case-sensitive", false, []int{Door}, "get /@ HTTP/1.1\r\nHost: a\r\n\r\n"),
		answered(method, "method of all token characters", false, []int{Door}, "A0!#$%&'*+-.^_`|~ /@ HTTP/1.1\r\nHost: a\r\n\r\n"),
		bad("RFC 9110 9.3.6", "CONNECT", 501, "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n"),
		bad("RFC 9110 9.3.6", "CONNECT with a path", 501, "CONNECT /@ HTTP/1.1\r\nHost: a\r\n\r\n"),
		bad(sec, "two spaces before target", 400, "GET  /@ HTTP/1.1\r\nHost: a\r\n\r\n"),
		bad(sec, "two spaces before version", 400, "GET /@  HTTP/1.1\r\nHost: a\r\n\r\n"),
		bad(sec, "space before method", 400, " GET /@ HTTP/1.1\r\nHost: a\r\n\r\n"),
		bad(sec, "space behind version", 400, "GET /@ HTTP/1.1 \r\nHost: a\r\n\r\n"),
		bad(sec, "tab behind version", 400, "GET /@ HTTP/1.1\t\r\nHost: a\r\n\r\n"),
		bad(sec, "tab for the first space", 400, "GET\t/@ HTTP/1.1\r\nHost: a\r\n\r\n"),
		bad(sec, "tab for the second space", 400, "GET /@\tHTTP/1.1\r\nHost: a\r\n\r\n"),
		bad(sec, "space within target", 400, "GET /@ x HTTP/1.1\r\nHost: a\r\n\r\n"),
		bad(sec, "no target", 400, "GET HTTP/1.1\r\nHost: a\r\n\r\n"),
		bad(sec, "empty target", 400, "GET  HTTP/1.1\r\nHost: a\r\n\r\n"),
		bad(sec, "method alone", 400, "GET\r\nHost: a\r\n\r\n"),
		bad(sec, "method and space", 400, "GET \r\nHost: a\r\n\r\n"),
		bad(sec, "no method", 400, "/@ HTTP/1.1\r\nHost: a\r\n\r\n"),
		bad(sec, "header lines only", 400, "Host: a\r\nAccept: */*\r\n\r\n"),
		bad(sec, "a response", 400, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
		bad(sec, "a TLS hello", 400, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
		bad(sec, "method in quotes", 400, "\"GET\" /@ HTTP/1.1\r\nHost: a\r\n\r\n"),
		bad(method, "method in UTF-8", 400, "GÉT /@ HTTP/1.1\r\nHost: a\r\n\r\n"),
		bad(sec, "method of 33 bytes", 501, strings.Repeat("M", 33)+" /@ HTTP/1.1\r\nHost: a\r\n\r\n"),
		answered(sec, "method of 32 bytes", false, []int{Door}, strings.Repeat("M", 32)+" /@ HTTP/1.1\r\nHost: a\r\n\r\n"),
		waits(sec, "nothing yet", ""),
		waits(sec, "half a method", "GE"),
		waits(sec, "half a request line", "GET /@ HT"),
		waits(sec, "request line without its LF", "GET /@ HTTP/1.1\r"),
		waits("RFC 9112 2.1", "request line only", get),
		waits("RFC 9112 2.1", "half a header line", get+"Hos"),
		waits("RFC 9112 2.1", "head without its last LF", get+host+"\r"),
	}
	return join(cases, eachByte(append(controls(), separators+"\x80\xff"...), "byte in method", func(name, c string) Case {
		return bad(method, name, 400, "G"+c+"T /@ HTTP/1.1\r\nHost: a\r\n\r\n")
	}))
}

func versionCases() []Case {
	const sec = "RFC 9112 2.3"
	line := func(version string) string { return "GET /@ " + version + "\r\nHost: a\r\n\r\n" }
	cases := []Case{
		answered(sec, "1.0", true, []int{Served}, "GET /@ HTTP/1.0\r\n\r\n"),
		answered(sec, "1.0 with Host", true, []int{Served}, line("HTTP/1.0")),
		good("RFC 9110 2.5", "1.2 is read as 1.1", line("HTTP/1.2")),
		good("RFC 9110 2.5", "1.9 is read as 1.1", line("HTTP/1.9")),
		bad("RFC 9112 3", "request line of 0.9", 400, "GET /@\r\n\r\n"),
		bad("RFC 9113 3.4", "preface of HTTP/2", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
	}
	for _, v := range []string{"HTTP/0.9", "HTTP/2.0", "HTTP/3.0", "HTTP/9.9", "HTTP/0.0"} {
		cases = append(cases, bad("RFC 9110 15.6.6", "version "+v, 505, line(v)))
	}
	for _, v := range []string{
		"http/1.1", "Http/1.1", "HTTP/1", "HTTP/1.", "HTTP/.1", "HTTP/11", "HTTP/1,1", "HTTP/1.10", "HTTP/10.1",
		"HTTP/01.1", "HTTP/1.01", "HTTP/1.1.1", "HTTP/+1.1", "HTTP/-1.1", "HTTP/1.x", "HTTP/x.1", "HTTP 1.1", "HTTP/ 1.1",
		"HTTP/1 .1", "HTTP\\1.1", "HTTPS/1.1", "HTP/1.1", "/1.1", "1.1", "HTTP/", "HTTP", "ICAP/1.0", "RTSP/1.0", "HTTP/1.1x", "HTTP/１.1",
	} {
		cases = append(cases, bad(sec, "version "+v, 400, line(v)))
	}
	return cases
}

func targetCases() []Case {
	const sec, abs, asterisk = "RFC 9112 3.2", "RFC 9112 3.2.2", "RFC 9112 3.2.4"
	const loose = "icomet protocol 13.1"
	line := func(target string) string { return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n" }
	cases := []Case{
		good(abs, "absolute target", line("http://a/@")),
		good(abs, "absolute target with port", line("http://a:8100/@")),
		good(abs, "absolute target of https", line("https://a/@")),
		good(abs, "scheme in upper case", line("HTTP://a/@")),
		good(abs, "absolute target with IPv6", line("http://[::1]:80/@")),
		good(abs, "absolute target wins over Host", "GET http://a/@ HTTP/1.1\r\nHost: b\r\n\r\n"),
		good(abs, "absolute target with query", line("http://a/@?x=http://b/")),
		answered(abs, "absolute target without path", false, []int{Door}, "OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n"),
		answered(abs, "absolute target of 1.0 without Host", true, []int{Served}, "GET http://a/@ HTTP/1.0\r\n\r\n"),
		bad(abs, "absolute target needs Host too", 400, "GET http://a/@ HTTP/1.1\r\n\r\n"),
		bad(abs, "absolute target without authority", 400, line("http:///@")),
		bad(abs, "absolute target with port only", 400, line("http://:80/@")),
		bad("RFC 9110 4.2.4", "absolute target with user", 400, line("http://me@a/@")),
		bad("RFC 9110 4.2.4", "absolute target with user and password", 400, line("http://me:pw@a/@")),
		bad(abs, "absolute target with bad port", 400, line("http://a:x/@")),
		bad(abs, "absolute target with two ports", 400, line("http://a:1:2/@")),
		bad(abs, "absolute target with backslash", 400, line("http:\\\\a/@")),
		bad(abs, "absolute target with one slash", 400, line("http:/a/@")),
		bad(abs, "scheme ftp", 400, line("ftp://a/@")),
		bad(abs, "scheme httpx", 400, line("httpx://a/@")),
		bad(abs, "no scheme", 400, line("://a/@")),
		answered(asterisk, "OPTIONS *", false, []int{Door}, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
		bad(asterisk, "GET *", 400, line("*")),
		bad(asterisk, "POST *", 400, "POST * HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"),
		bad(asterisk, "OPTIONS * with more", 400, "OPTIONS */@ HTTP/1.1\r\nHost: a\r\n\r\n"),
		bad("RFC 9112 3.2.3", "authority target without CONNECT", 400, line("a:80")),
		bad(sec, "target without slash", 400, line("ping")),
		bad(sec, "target is a query", 400, line("?cname=a")),
		bad(sec, "target is a fragment", 400, line("#a")),
		bad(sec, "target with backslash first", 400, line("\\ping")),
		bad(sec, "target in quotes", 400, line("\"/@\"")),
		bad(sec, "target in UTF-8 without slash", 400, line("é")),
		answered(sec, "target with two slashes", false, []int{Door}, line("//@")),
		good(sec, "empty query", line("/@?")),
		good(sec, "query of question marks", line("/@???")),
		good(sec, "query with slashes", line("/@?a=/../b")),
		good(loose, "fragment ends the query", line("/@?a=b#c?d")),
		good(loose, "fragment behind the path", line("/@#x")),
		good(loose, "JSON in the query", line(`/@?content={"a":[1,2]}`)),
		good(loose, "UTF-8 in the query", line("/@?content=日本語")),
		good(loose, "percent sign alone", line("/@?content=100%")),
		good(loose, "percent sign and one digit", line("/@?content=%4")),
		good(loose, "percent sign and letters", line("/@?content=%zz")),
		good(loose, "encoded NUL", line("/@?content=%00")),
		good(loose, "encoded CRLF", line("/@?content=%0d%0aX:%20y")),
		good(loose, "parameters without value", line("/@?flag&&=x&a=b&")),
	}
	return join(cases,
		eachByte(controls(), "byte in path", func(name, c string) Case {
			return bad(sec, name, 400, line("/@"+c+"x"))
		}),
		eachByte([]byte("\x00\x01\t\n\r\x1b\x7f "), "byte in query", func(name, c string) Case {
			return bad(sec, name, 400, line("/@?a=b"+c+"c"))
		}),
		eachByte([]byte("\"<>[]{}|\\^`'\x80\xa0\xff;%"), "byte in query", func(name, c string) Case {
			return good(loose, name, line("/@?a=b"+c+"c"))
		}),
	)
}

func lineEndCases() []Case {
	const sec = "RFC 9112 2.2"
	crs := strings.Repeat("\r\n", 4)
	return []Case{
		bad(sec, "bare LF throughout", 400, "GET /@ HTTP/1.1\nHost: a\n\n"),
		bad(sec, "bare LF behind the request line", 400, "GET /@ HTTP/1.1\nHost: a\r\n\r\n"),
		bad(sec, "bare LF behind a header", 400, get+"Host: a\n\r\n"),
		bad(sec, "bare LF as the empty line", 400, get+host+"\n"),
		bad(sec, "bare LF within a value", 400, get+host+"X: a\nY: b\r\n\r\n"),
		bad(sec, "bare LF first", 400, "\n"+get+host+end),
		bad(sec, "LF CR for CR LF", 400, "GET /@ HTTP/1.1\n\rHost: a\n\r\n\r"),
		bad(sec, "bare CR behind the request line", 400, "GET /@ HTTP/1.1\rHost: a\r\n\r\n"),
		bad(sec, "bare CR behind a header", 400, get+"Host: a\rX: y\r\n\r\n"),
		bad(sec, "two CRs behind the request line", 400, "GET /@ HTTP/1.1\r\r\nHost: a\r\n\r\n"),
		bad(sec, "two CRs behind a header", 400, get+"Host: a\r\r\n\r\n"),
		bad(sec, "two CRs in the empty line", 400, get+host+"\r\r\n\r\n"),
		bad(sec, "CR first", 400, "\r"+get+host+end),
		bad(sec, "bare CR within a name", 400, get+host+"X\rY: a\r\n\r\n"),
		bad(sec, "space in the empty line", 400, get+host+" \r\n\r\n"),
		bad(sec, "tab in the empty line", 400, get+host+"\t\r\n\r\n"),
		good(sec, "one empty line before", "\r\n"+get+host+end),
		good(sec, "four empty lines before", crs+get+host+end),
		bad(sec, "five empty lines before", 400, crs+"\r\n"+get+host+end),
		bad(sec, "empty line with a space before", 400, " \r\n"+get+host+end),
		waits(sec, "empty lines only", crs),
		waits(sec, "a CR only", "\r"),
		answered(sec, "empty line between requests", true, []int{Served, Served}, get+host+end+"\r\n"+last),
		answered(sec, "CRLF behind a body", true, []int{Served, Served}, post+host+"Content-Length: 3\r\n\r\na=b\r\n"+last),
	}
}
