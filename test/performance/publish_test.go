//go:build linux

package performance

import (
	"fmt"
	"strings"
	"testing"

	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/server"
)

// BenchmarkPublish is the rate of messages through /v1/publish, and how many times as long as through /push a
// message takes: alone, with escapes, as JSON or with a key, and a hundred in one request.
func BenchmarkPublish(b *testing.B) {
	item := `{"channel":"bench","content":"` + content + `"}`
	escapes := `{"channel":"bench","content":"{\"a\":\"` + content + `\"}"}`
	hundred := "[" + strings.Repeat(item+",", 99) + item + "]"
	for _, c := range []struct {
		name, body string
		messages   int
	}{
		{"content", item, 1},
		{"escapes", escapes, 1},
		{"data", `{"channel":"bench","data":{"a":"` + content + `"}}`, 1},
		{"key", `{"channel":"bench","content":"` + content + `","key":"k"}`, 1},
		{"hundred", hundred, 100},
	} {
		b.Run(c.name, func(b *testing.B) { benchmarkPublish(b, c.body, c.messages) })
	}
}

func benchmarkPublish(b *testing.B, body string, messages int) {
	s := icomettest.Start(b, func(o *server.Options) {
		o.Config.Loops = 1
		o.FirstSeq = 1e9 // so that all answers are as long as the first
	})
	push := "GET /push?cname=bench&content=" + content + " HTTP/1.1\r\nHost: test\r\n\r\n"
	request := fmt.Sprintf("POST /v1/publish HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	pushAnswer, answer := answerBytes(b, s, push), answerBytes(b, s, request)
	var pushes, publishes float64
	for range b.N {
		for range rounds {
			pushes += publish(b, s.Admin, push, pushAnswer, 1)
			publishes += publish(b, s.Admin, request, answer, 1) * float64(messages)
		}
	}
	b.ReportMetric(publishes/float64(b.N*rounds), "message/s")
	b.ReportMetric(pushes/publishes, "x-of-push")
	b.ReportMetric(0, "ns/op")
}

// answerBytes is the length of the answer to a request, with its head.
func answerBytes(b *testing.B, s *icomettest.Server, request string) int {
	b.Helper()
	c := s.DialAdmin(b)
	defer c.Close()
	c.Send(request)
	a := c.Answer()
	if a.Status != 200 {
		b.Fatalf("%q is answered\n%s\n%s", request, a.Head, a.Body)
	}
	return len(a.Head) + len("\r\n\r\n") + len(a.Body)
}
