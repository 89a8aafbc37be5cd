//go:build linux

package performance

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/icomettest"
)

// subscribersVariable sets how many subscribers BenchmarkPushDuringBroadcast has.
const subscribersVariable = "ICOMET_SUBSCRIBERS"

// BenchmarkPushDuringBroadcast sends a broadcast to 100,000 channels with a subscriber each, or as many as
// ICOMET_SUBSCRIBERS says, and meanwhile pushes to another channel 200 times a second: how long do these
// take from push to arrival?
func BenchmarkPushDuringBroadcast(b *testing.B) {
	subscribers := 100_000
	if n, err := strconv.Atoi(os.Getenv(subscribersVariable)); err == nil {
		subscribers = n
	}
	s := icomettest.StartProcess(b, fmt.Sprintf("max_connections: %d", subscribers+100),
		fmt.Sprintf("max_channels: %d", subscribers+100), "polling_timeout: 3600")
	crowd, err := icomettest.NewCrowd(s.Front, subscribers, streamOf(s.Front.String()))
	if err != nil {
		b.Fatal(err)
	}
	defer crowd.Stop()
	if err := crowd.Open(b.Context(), subscribers); err != nil {
		b.Fatal(err)
	}
	delays := listen(b, s)
	for range b.N {
		quiet := pushWhile(b, s, delays, func() { <-time.After(2 * time.Second) })
		var took time.Duration
		busy := pushWhile(b, s, delays, func() {
			begin := time.Now()
			ask(b, s.Admin, "GET /broadcast?content=all HTTP/1.0\r\n\r\n")
			took = time.Since(begin)
		})
		b.ReportMetric(took.Seconds(), "s/broadcast")
		b.ReportMetric(milliseconds(quiet, 50), "quiet-p50-ms")
		b.ReportMetric(milliseconds(quiet, 99), "quiet-p99-ms")
		b.ReportMetric(milliseconds(busy, 50), "p50-ms")
		b.ReportMetric(milliseconds(busy, 99), "p99-ms")
		b.ReportMetric(milliseconds(busy, 100), "max-ms")
	}
	b.ReportMetric(0, "ns/op")
}

func streamOf(host string) func(n int) []byte {
	return func(n int) []byte {
		return fmt.Appendf(nil, "GET /stream?cname=channel%d&seq=1 HTTP/1.1\r\nHost: %s\r\n\r\n", n, host)
	}
}

// listen subscribes to the channel "clock" and returns the delays of what arrives there.
func listen(b *testing.B, s *icomettest.Process) <-chan time.Duration {
	b.Helper()
	conn, err := net.Dial("tcp", s.Front.String())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	io.WriteString(conn, "GET /stream?cname=clock&seq=1 HTTP/1.0\r\n\r\n")
	delays := make(chan time.Duration, 1<<16)
	go func() {
		lines := bufio.NewScanner(conn)
		for lines.Scan() {
			_, content, _ := strings.Cut(lines.Text(), `"content":"`)
			if sent, err := strconv.ParseInt(strings.TrimSuffix(content, `"}`), 10, 64); err == nil {
				delays <- time.Since(time.Unix(0, sent))
			}
		}
	}()
	return delays
}

// pushWhile pushes the time to the channel "clock" again and again while act runs, and returns the delays
// in ascending order.
func pushWhile(b *testing.B, s *icomettest.Process, delays <-chan time.Duration, act func()) (sorted []time.Duration) {
	b.Helper()
	ended := make(chan struct{})
	go func() {
		act()
		close(ended)
	}()
	every := time.NewTicker(5 * time.Millisecond)
	defer every.Stop()
	pushed := 0
	for running := true; running; {
		select {
		case <-every.C:
			ask(b, s.Admin, fmt.Sprintf("GET /push?cname=clock&content=%d HTTP/1.0\r\n\r\n", time.Now().UnixNano()))
			pushed++
		case <-ended:
			running = false
		}
	}
	for range pushed {
		sorted = append(sorted, <-delays)
	}
	slices.Sort(sorted)
	return sorted
}

func milliseconds(sorted []time.Duration, percent int) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[(len(sorted)-1)*percent/100].Microseconds()) / 1000
}
