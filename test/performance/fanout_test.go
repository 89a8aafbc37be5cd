//go:build linux

package performance

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/http1"
	"github.com/icomet/icomet/internal/hub"
	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/ws"
)

// content is what the messages of a benchmark say.
var content = strings.Repeat("x", 64)

// BenchmarkFanout publishes to one channel with 10,000 subscribers, one message after the other, and
// compares the server's processor time for each delivery with that of a bare loop that writes the same
// bytes to as many connections.
func BenchmarkFanout(b *testing.B) {
	const subscribers = 10_000
	s := icomettest.StartProcess(b, "max_connections: 15000", "top loops: 1")
	subscribe := fmt.Sprintf("GET /stream?cname=fan&seq=1 HTTP/1.1\r\nHost: %s\r\n\r\n", s.Front)
	crowd := join(b, s.Front, subscribers, subscribe)
	push := fmt.Sprintf("GET /push?cname=fan&content=%s HTTP/1.1\r\nHost: %s\r\n\r\n", content, s.Admin)
	for seq := range int64(99) { // from here on all numbers have three digits
		receive(b, crowd, subscribers*frameBytes(seq+1), func() { ask(b, s.Admin, push) })
	}
	frame := frameBytes(100)

	base, pid := startBare(b, "fanout", 1, 0, frame)
	bareCrowd := join(b, base, subscribers, "x")
	trigger, err := net.Dial("tcp", fmt.Sprintf("%v:%d", base.Addr(), base.Port()+1))
	if err != nil {
		b.Fatal(err)
	}
	defer trigger.Close()

	const messages = 10
	var server, bare time.Duration
	for range b.N {
		for range rounds {
			begin := s.Processor(b)
			for range messages {
				receive(b, crowd, subscribers*frame, func() { ask(b, s.Admin, push) })
			}
			server += s.Processor(b) - begin
			begin = icomettest.ProcessorOf(b, pid)
			for range messages {
				receive(b, bareCrowd, subscribers*frame, func() { trigger.Write([]byte("x")) })
			}
			bare += icomettest.ProcessorOf(b, pid) - begin
		}
	}
	deliveries := float64(b.N * rounds * messages * subscribers)
	b.ReportMetric(float64(server.Nanoseconds())/deliveries, "server-ns/delivery")
	b.ReportMetric(float64(bare.Nanoseconds())/deliveries, "bare-ns/delivery")
	b.ReportMetric(float64(server)/float64(bare), "ratio")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkWebSocketFanout publishes to one channel with 10,000 WebSockets, and to one with as many streams of
// the original, in turn, and compares the server's processor time for each delivery.
func BenchmarkWebSocketFanout(b *testing.B) {
	const subscribers = 10_000
	s := icomettest.StartProcess(b, "max_connections: 25000", "top loops: 1")
	streams := join(b, s.Front, subscribers, fmt.Sprintf("GET /stream?cname=fan&seq=1 HTTP/1.1\r\nHost: %s\r\n\r\n", s.Front))
	sockets := join(b, s.Front, subscribers, fmt.Sprintf("GET /ws?cname=far HTTP/1.1\r\nHost: %s\r\n%s\r\n\r\n", s.Front,
		strings.Join(icomettest.UpgradeHeaders(), "\r\n")))
	push := func(channel string) func() {
		request := fmt.Sprintf("GET /push?cname=%s&content=%s HTTP/1.1\r\nHost: %s\r\n\r\n", channel, content, s.Admin)
		return func() { ask(b, s.Admin, request) }
	}
	for seq := range int64(99) { // from here on all numbers have three digits
		receive(b, streams, subscribers*frameBytes(seq+1), push("fan"))
		receive(b, sockets, subscribers*webSocketFrameBytes(seq+1), push("far"))
	}
	const messages = 10
	var stream, socket time.Duration
	for range b.N {
		for range rounds {
			begin := s.Processor(b)
			for range messages {
				receive(b, streams, subscribers*frameBytes(100), push("fan"))
			}
			middle := s.Processor(b)
			for range messages {
				receive(b, sockets, subscribers*webSocketFrameBytes(100), push("far"))
			}
			stream += middle - begin
			socket += s.Processor(b) - middle
		}
	}
	deliveries := float64(b.N * rounds * messages * subscribers)
	b.ReportMetric(float64(socket.Nanoseconds())/deliveries, "websocket-ns/delivery")
	b.ReportMetric(float64(stream.Nanoseconds())/deliveries, "stream-ns/delivery")
	b.ReportMetric(float64(socket)/float64(stream), "ratio")
	b.ReportMetric(0, "ns/op")
}

// webSocketFrameBytes is the size of message seq as WebSockets get it.
func webSocketFrameBytes(seq int64) int {
	m := &hub.Message{Type: hub.Data, Channel: "far", Seq: seq, Epoch: 1, Payload: hub.Payload{Content: content}}
	return len(ws.AppendText(nil, delivery.AppendLive(nil, m)))
}

// frameBytes is the size of message seq as streaming subscribers get it.
func frameBytes(seq int64) int {
	m := &hub.Message{Type: hub.Data, Channel: "fan", Seq: seq, Payload: hub.Payload{Content: content}}
	return len(http1.AppendChunk(nil, delivery.Of(delivery.Stream).AppendFrame(nil, m)))
}

// receive does send and waits until so many bytes have come.
func receive(b *testing.B, crowd *icomettest.Crowd, bytes int, send func()) {
	b.Helper()
	want := crowd.Bytes.Load() + int64(bytes)
	send()
	if !icomettest.Within(time.Minute, func() bool { return crowd.Bytes.Load() >= want }) {
		b.Fatalf("%d of %d bytes are missing", want-crowd.Bytes.Load(), bytes)
	}
}

func join(b *testing.B, target netip.AddrPort, n int, request string) *icomettest.Crowd {
	b.Helper()
	crowd, err := icomettest.NewCrowd(target, n, func(int) []byte { return []byte(request) })
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(crowd.Stop)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := crowd.Open(ctx, n); err != nil {
		b.Fatal(err)
	}
	return crowd
}
