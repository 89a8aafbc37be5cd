package http1

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// parsed parses a request that must be good.
func parsed(t *testing.T, head string) *Request {
	t.Helper()
	lim := DefaultLimits()
	r := new(Request)
	if err := Parse([]byte(head), r, &lim); err != nil {
		t.Fatalf("%q: %v", head, err)
	}
	return r
}

func TestParseTakesApartTheTarget(t *testing.T) {
	for _, c := range []struct{ line, path, query, host string }{
		{"GET /", "/", "", "h"},
		{"GET /push?a=b", "/push", "a=b", "h"},
		{"GET /push?", "/push", "", "h"},
		{"GET /push?a=b?c=d", "/push", "a=b?c=d", "h"},
		{"GET /push?a=b#c", "/push", "a=b", "h"},
		{"GET /push#a?b=c", "/push", "", "h"},
		{"GET /p%75sh?a=%62", "/p%75sh", "a=%62", "h"},
		{`GET /push?content={"a":"\"}`, "/push", `content={"a":"\"}`, "h"},
		{"GET /push?content=日本", "/push", "content=日本", "h"},
		{"GET //x/y", "//x/y", "", "h"},
		{"GET http://other:81/push?a=b", "/push", "a=b", "other:81"},
		{"GET HTTPS://other", "/", "", "other"},
		{"GET http://other?a=b", "/", "a=b", "other"},
		{"GET http://other#a", "/", "", "other"},
		{"GET http://[::1]:81/a", "/a", "", "[::1]:81"},
		{"OPTIONS *", "*", "", "h"},
	} {
		r := parsed(t, c.line+" HTTP/1.1\r\nHost: h\r\n\r\n")
		got := []string{string(r.Path), string(r.Query), string(r.Host)}
		if diff := cmp.Diff([]string{c.path, c.query, c.host}, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", c.line, diff)
		}
		if _, target, _ := strings.Cut(c.line, " "); target != string(r.Target) {
			t.Errorf("%s: target %q", c.line, r.Target)
		}
	}
}

func TestParseFindsWhatADoorNeeds(t *testing.T) {
	r := parsed(t, "POST /push HTTP/1.1\r\nHost:  a:8000 \r\nContent-TYPE: application/x-www-form-urlencoded \r\n"+
		"Content-Length: 12\r\nExpect: 100-continue\r\nContent-Type: second\r\n\r\n")
	if string(r.Method) != "POST" || string(r.Host) != "a:8000" || string(r.ContentType) != "application/x-www-form-urlencoded" {
		t.Errorf("method %q, host %q, type %q", r.Method, r.Host, r.ContentType)
	}
	if r.ContentLength != 12 || r.Chunked || !r.KeepAlive || !r.Expect100 || r.Minor != 1 || !r.HasBody() {
		t.Errorf("%+v", r)
	}
	r = parsed(t, "GET / HTTP/1.0\r\n\r\n")
	if r.Host != nil || r.ContentType != nil || r.ContentLength != -1 || r.KeepAlive || r.Minor != 0 || r.HasBody() {
		t.Errorf("%+v", r)
	}
	r = parsed(t, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
	if !r.Chunked || r.ContentLength != -1 || !r.HasBody() {
		t.Errorf("%+v", r)
	}
}

func TestExpectationIsOnlyKeptWithABody(t *testing.T) {
	for rest, want := range map[string]bool{
		"Content-Length: 1\r\n":          true,
		"Transfer-Encoding: chunked\r\n": true,
		"Content-Length: 0\r\n":          false,
		"":                               false,
	} {
		r := parsed(t, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"+rest+"\r\n")
		if r.Expect100 != want {
			t.Errorf("%q: %t", rest, r.Expect100)
		}
	}
}

func TestExpectationOfHTTP10IsIgnored(t *testing.T) {
	for _, value := range []string{"100-continue", "x"} {
		r := parsed(t, "POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: "+value+"\r\n\r\n")
		if r.Expect100 {
			t.Errorf("Expect: %s is kept", value)
		}
	}
}

func TestHeaderLookup(t *testing.T) {
	r := parsed(t, "GET / HTTP/1.1\r\nHost: a\r\norigin: https://a \r\nEmpty:\r\nX: 1\r\nx: 2\r\nLast-Event-ID:\t7\r\n\r\n")
	for name, want := range map[string]string{"Origin": "https://a", "ORIGIN": "https://a", "x": "1", "last-event-id": "7", "Host": "a"} {
		if got := r.Header(name); string(got) != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if v := r.Header("Empty"); v == nil || len(v) != 0 {
		t.Errorf("empty header: %v", v)
	}
	if v := r.Header("Accept"); v != nil {
		t.Errorf("no header: %v", v)
	}
	var all []string
	for name, value := range r.Headers {
		all = append(all, string(name)+"="+string(value))
	}
	want := []string{"Host=a", "origin=https://a", "Empty=", "X=1", "x=2", "Last-Event-ID=7"}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("all headers: -want +got\n%s", diff)
	}
}

func TestParseOverwritesAllOfARequest(t *testing.T) {
	lim := DefaultLimits()
	var r Request
	full := "POST http://b/x?y HTTP/1.0\r\nHost: a\r\nContent-Type: t\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\n"
	if err := Parse([]byte(full), &r, &lim); err != nil {
		t.Fatal(err)
	}
	if err := Parse([]byte("GET / HTTP/1.1\r\nHost: c\r\n\r\n"), &r, &lim); err != nil {
		t.Fatal(err)
	}
	fresh := parsed(t, "GET / HTTP/1.1\r\nHost: c\r\n\r\n")
	if diff := cmp.Diff(*fresh, r, cmp.AllowUnexported(Request{})); diff != "" {
		t.Errorf("something is left: -fresh +reused\n%s", diff)
	}
}

func TestParseTellsTheVersionToAnswerWithAfterAnError(t *testing.T) {
	lim := DefaultLimits()
	for head, minor := range map[string]int{
		"GET / HTTP/1.0\r\nHost: a b\r\n\r\n": 0,
		"GET / HTTP/1.1\r\nHost: a b\r\n\r\n": 1,
		"GET / HTTP/7.0\r\nHost: a\r\n\r\n":   1,
		"GET\r\n\r\n":                         1,
	} {
		var r Request
		if err := Parse([]byte(head), &r, &lim); err == nil || r.Minor != minor {
			t.Errorf("%q: minor %d, error %v", head, r.Minor, err)
		}
	}
}

// Each error is given for its own reason; the statuses alone are the matter of wiretest.
func TestEachErrorHasItsCause(t *testing.T) {
	const get, end = "GET / HTTP/1.1\r\nHost: a\r\n", "\r\n"
	for _, c := range []struct {
		head string
		want *Error
	}{
		{"\r\n\r\n\r\n\r\n\r\n" + get + end, ErrEmptyLines},
		{"", ErrMethod},
		{"GET", ErrMethod},
		{"G(T / HTTP/1.1\r\n\r\n", ErrMethod},
		{strings.Repeat("M", 33) + " / HTTP/1.1\r\n\r\n", ErrMethodTooLong},
		{"GET / ", ErrVersion},
		{"GET /", ErrRequestLine},
		{"GET /\x01 HTTP/1.1\r\n\r\n", ErrRequestLine},
		{"GET /" + strings.Repeat("x", 8192) + " HTTP/1.1\r\n\r\n", ErrTargetTooLong},
		{"GET / HTTP/1.1\n\n", ErrVersion},
		{"GET / HTTP/2.0\r\n\r\n", ErrMajorVersion},
		{"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", ErrConnect},
		{"GET x HTTP/1.1\r\nHost: a\r\n\r\n", ErrTarget},
		{"GET * HTTP/1.1\r\nHost: a\r\n\r\n", ErrTarget},
		{"GET http://@/ HTTP/1.1\r\nHost: a\r\n\r\n", ErrHost},
		{get, ErrHeadEnd},
		{get + "\r", ErrHeadEnd},
		{get + end + end, ErrHeadEnd},
		{get + end + "x", ErrHeadEnd},
		{get + strings.Repeat("X: y\r\n", 100) + end, ErrTooManyHeaders},
		{get + " X: y\r\n" + end, ErrFold},
		{get + "X : y\r\n" + end, ErrHeaderName},
		{get + "X", ErrHeadEnd},
		{get + "XY", ErrHeaderName},
		{get + "\rX: y\r\n" + end, ErrHeadEnd},
		{get + "X: y", ErrHeaderValue},
		{get + "X: y\r", ErrHeaderValue},
		{get + "X: y\n" + end, ErrHeaderValue},
		{get + "X: y\x7f\r\n" + end, ErrHeaderValue},
		{"GET / HTTP/1.1\r\n\r\n", ErrHostMissing},
		{get + "Host: a\r\n" + end, ErrHostRepeated},
		{"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", ErrHost},
		{get + "Expect: x\r\n" + end, ErrExpectation},
		{get + "Content-Length: x\r\n" + end, ErrLength},
		{get + "Content-Length: 1\r\nContent-Length: 1\r\n" + end, ErrLengthRepeated},
		{get + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n" + end, ErrLengthAndCoding},
		{"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", ErrCodingVersion},
		{get + "Transfer-Encoding: ,\r\n" + end, ErrCodingList},
		{get + "Transfer-Encoding: chunked, gzip\r\n" + end, ErrChunkedNotLast},
		{get + "Transfer-Encoding: gzip\r\n" + end, ErrCoding},
		{get + "Content-Length: 1048577\r\n" + end, ErrBodyTooLarge},
	} {
		lim := DefaultLimits()
		if err := Parse([]byte(c.head), new(Request), &lim); err != c.want {
			t.Errorf("%q: %v, want %v", clip([]byte(c.head)), err, c.want)
		}
	}
}

func TestErrorText(t *testing.T) {
	const want = "http1: bare LF (400, RFC 9112 2.2)"
	if got := ErrBareLF.Error(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
