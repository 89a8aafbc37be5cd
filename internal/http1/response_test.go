package http1

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestResponseOfTheOriginal(t *testing.T) {
	const want = "HTTP/1.1 200 OK\r\nServer: icomet 0.2.5\r\nContent-Type: text/javascript; charset=utf-8\r\n" +
		"Date: Thu, 25 Apr 2024 16:00:00 GMT\r\nContent-Length: 14\r\n\r\n{\"type\":\"ok\"}\n"
	var d Date
	b := AppendStatus(nil, 1, 200, "")
	b = AppendHeader(b, "Server", "icomet 0.2.5")
	b = AppendHeader(b, "Content-Type", []byte("text/javascript; charset=utf-8"))
	b = d.Append(b, 1714060800)
	b = AppendContentLength(b, 14)
	b = append(b, CRLF+"{\"type\":\"ok\"}\n"...)
	if string(b) != want {
		t.Errorf("%q, want %q", b, want)
	}
}

func TestAppendStatus(t *testing.T) {
	for _, c := range []struct {
		minor, status int
		reason, want  string
	}{
		{1, 404, "", "HTTP/1.1 404 Not Found\r\n"},
		{0, 200, "", "HTTP/1.0 200 OK\r\n"},
		{1, 429, "Too Many Channels", "HTTP/1.1 429 Too Many Channels\r\n"},
		{1, 599, "", "HTTP/1.1 599 Unknown\r\n"},
	} {
		if got := AppendStatus(nil, c.minor, c.status, c.reason); string(got) != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestEveryStatusOfAnErrorHasItsText(t *testing.T) {
	for _, status := range []int{100, 101, 200, 204, 304, 400, 401, 403, 404, 405, 408, 413, 414, 415, 417, 426, 429, 431, 500, 501, 503, 505} {
		got, want := StatusText(status), http.StatusText(status)
		switch status {
		case 413:
			want = "Content Too Large" // RFC 9110 15.5.14
		case 414:
			want = "URI Too Long" // RFC 9110 15.5.15
		}
		if got != want {
			t.Errorf("%d: %q, want %q", status, got, want)
		}
	}
}

func TestHeaderValueCannotBeginALine(t *testing.T) {
	const want = "X: a  Y: b\tc d e\xc3\xa9\r\n"
	if got := AppendHeader(nil, "X", "a\r\nY: b\tc\x00d\x7fe\xc3\xa9"); string(got) != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := AppendHeader([]byte("before\r\n"), "X", ""); string(got) != "before\r\nX: \r\n" {
		t.Errorf("%q", got)
	}
}

func TestChunksAreReadBackByAClient(t *testing.T) {
	b := AppendStatus(nil, 1, 200, "")
	b = AppendHeader(b, "Transfer-Encoding", "chunked")
	b = append(b, CRLF...)
	b = AppendChunk(b, "")
	b = AppendChunk(b, "hello, ")
	b = AppendChunk(b, []byte(strings.Repeat("x", 300)))
	b = append(b, LastChunk...)
	resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(string(b)+"rest")), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if want := "hello, " + strings.Repeat("x", 300); string(body) != want || err != nil {
		t.Errorf("%q, error %v", body, err)
	}
}

func TestAppendChunkFraming(t *testing.T) {
	if got := AppendChunk(nil, "{\"a\":1}xxx\n"); string(got) != "b\r\n{\"a\":1}xxx\n\r\n" {
		t.Errorf("%q", got)
	}
}

func TestDateFollowsTheSecond(t *testing.T) {
	var d Date
	for _, c := range []struct {
		unix int64
		want string
	}{
		{0, "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"},
		{0, "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"},
		{784111777, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"},
		{784111778, "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n"},
		{784111777, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"},
		{1709210096, "Date: Thu, 29 Feb 2024 12:34:56 GMT\r\n"},
	} {
		if got := d.Append(nil, c.unix); string(got) != c.want {
			t.Errorf("%d: %q, want %q", c.unix, got, c.want)
		}
	}
}
