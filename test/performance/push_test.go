//go:build linux

package performance

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/reactor"
)

// rounds is how often the server and its base take turns; the machine's mood changes between them.
const rounds = 3

// roundTime is how long one of them is loaded.
const roundTime = time.Second

// BenchmarkPush is the rate of /push over 16 keep-alive connections, and its ratio to that of a bare loop
// with the same bytes in and out.
func BenchmarkPush(b *testing.B) {
	for _, loops := range []int{1, 2} {
		b.Run(fmt.Sprintf("loops=%d", loops), func(b *testing.B) { benchmarkPush(b, loops, 1) })
	}
	b.Run("loops=1/pipelined=64", func(b *testing.B) { benchmarkPush(b, 1, 64) })
}

func benchmarkPush(b *testing.B, loops, depth int) {
	s := icomettest.StartProcess(b, "max_connections: 10000", fmt.Sprintf("top loops: %d", loops))
	request := "GET /push?cname=bench&content=" + content + " HTTP/1.1\r\nHost: " + s.Admin.String() + "\r\n\r\n"
	answer := ask(b, s.Admin, request)
	base, _ := startBare(b, "echo", loops, len(request), len(answer))
	var server, bare float64
	for range b.N {
		for range rounds {
			server += publish(b, s.Admin, request, len(answer), depth)
			bare += publish(b, base, request, len(answer), depth)
		}
	}
	n := float64(b.N * rounds)
	b.ReportMetric(server/n, "push/s")
	b.ReportMetric(bare/n, "bare/s")
	b.ReportMetric(server/bare, "ratio")
	b.ReportMetric(0, "ns/op")
}

// ask sends a request over a connection of its own and returns the answer as it comes.
func ask(b *testing.B, target netip.AddrPort, request string) string {
	b.Helper()
	conn, err := net.Dial("tcp", target.String())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		b.Fatal(err)
	}
	answer := make([]byte, 4096)
	n, err := conn.Read(answer)
	if err != nil {
		b.Fatal(err)
	}
	return string(answer[:n])
}

// publish loads a target from 16 connections, each with so many requests under way, and returns its rate.
func publish(b *testing.B, target netip.AddrPort, request string, answerBytes, depth int) float64 {
	b.Helper()
	p := &publisher{request: strings.Repeat(request, depth), answerBytes: answerBytes * depth}
	group, err := reactor.New(reactor.Options{Loops: 1, Doors: []reactor.Door{{
		Name: "publisher", InputBytesMax: 1 << 20, OutputBytesMax: 1 << 20,
		NewHandler: func(l *reactor.Loop) reactor.Handler { p.loop = l; return p },
	}}})
	if err != nil {
		b.Fatal(err)
	}
	defer group.Stop()
	for range 16 {
		p.loop.Post(0, 0, target)
	}
	if !icomettest.Within(10*time.Second, func() bool { return p.rounds.Load() > 100 }) {
		b.Fatalf("%v does not answer", target)
	}
	begin, before := time.Now(), p.rounds.Load()
	<-time.After(roundTime)
	return float64(p.rounds.Load()-before) * float64(depth) / time.Since(begin).Seconds()
}

// publisher sends a request again as soon as its answer has come.
type publisher struct {
	request     string
	answerBytes int
	loop        *reactor.Loop
	rounds      atomic.Int64
}

func (p *publisher) Open(c reactor.Conn, _ netip.AddrPort) { c.Write([]byte(p.request)) }

func (p *publisher) Data(c reactor.Conn, in []byte) (used int) {
	if len(in) < p.answerBytes {
		return 0
	}
	p.rounds.Add(1)
	c.Write([]byte(p.request))
	return p.answerBytes
}

func (p *publisher) Mail(m reactor.Mail) {
	if _, err := p.loop.Dial(0, netip.Addr{}, m.Value.(netip.AddrPort)); err != nil {
		panic(err)
	}
}

func (p *publisher) EOF(c reactor.Conn)                  { c.Close(reactor.ReasonPeerClosed) }
func (p *publisher) Drained(reactor.Conn)                {}
func (p *publisher) Expired(reactor.Conn, reactor.Class) {}
func (p *publisher) Closed(reactor.Conn, reactor.Reason) {}
func (p *publisher) Turn()                               {}
