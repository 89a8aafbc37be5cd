package http1

import "testing"

const pushRequest = "GET /push?cname=room_12345&content=hello%20world+from+bench HTTP/1.1\r\n" +
	"Host: 127.0.0.1:8000\r\nUser-Agent: wrk/4.1\r\nAccept: */*\r\n\r\n"

const browserRequest = "GET /sub?cb=icomet_cb_0&cname=room_12345&seq=17&noop=3&token=69062d3c177b195a22810d3e260d0eb6&_=1714060800000 HTTP/1.1\r\n" +
	"Host: push.example.com:8100\r\nConnection: keep-alive\r\n" +
	"sec-ch-ua: \"Chromium\";v=\"124\", \"Google Chrome\";v=\"124\", \"Not-A.Brand\";v=\"99\"\r\nsec-ch-ua-mobile: ?0\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36\r\n" +
	"sec-ch-ua-platform: \"Linux\"\r\nAccept: */*\r\nSec-Fetch-Site: same-site\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: script\r\n" +
	"Referer: https://www.example.com/chat/room/12345\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n" +
	"Accept-Language: en-US,en;q=0.9,zh-CN;q=0.8,zh;q=0.7\r\nCookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n\r\n"

func benchmarkHead(b *testing.B, input string) {
	head, lim := []byte(input), DefaultLimits()
	var r Request
	b.ReportAllocs()
	b.SetBytes(int64(len(head)))
	for b.Loop() {
		end, _, err := ScanHead(head, 0, &lim)
		if err != nil || end != len(head) {
			b.Fatal(end, err)
		}
		if err := Parse(head[:end], &r, &lim); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHeadPush(b *testing.B)    { benchmarkHead(b, pushRequest) }
func BenchmarkHeadBrowser(b *testing.B) { benchmarkHead(b, browserRequest) }

func BenchmarkParsePush(b *testing.B) {
	head, lim := []byte(pushRequest), DefaultLimits()
	var r Request
	b.ReportAllocs()
	for b.Loop() {
		if err := Parse(head, &r, &lim); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParamsSub(b *testing.B) {
	q := Params("cb=icomet_cb_0&cname=room_12345&seq=17&noop=3&token=69062d3c177b195a22810d3e260d0eb6&_=1714060800000")
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		for _, name := range [...]string{"cname", "seq", "noop", "token", "cb"} {
			v, ok := q.Get(name)
			if !ok {
				b.Fatal(name)
			}
			buf = AppendUnescape(buf[:0], v)
		}
	}
}

func BenchmarkResponseHead(b *testing.B) {
	var d Date
	buf := make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendStatus(buf[:0], 1, 200, "")
		buf = AppendHeader(buf, "Server", "icomet 0.2.5")
		buf = AppendHeader(buf, "Content-Type", "text/javascript; charset=utf-8")
		buf = d.Append(buf, 1714060800)
		buf = AppendContentLength(buf, 14)
		buf = append(buf, CRLF...)
	}
}
