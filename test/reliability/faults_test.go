package reliability

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/icomettest"
)

// fault is what a faulty proxy does with a chunk that has messages in it: it returns what goes out instead.
type fault func(p *faultyProxy, chunk []byte) []byte

func forward(_ *faultyProxy, chunk []byte) []byte { return chunk }

// dropOne leaves out one chunk.
func dropOne(p *faultyProxy, chunk []byte) []byte {
	if p.strikes() {
		return nil
	}
	return chunk
}

// dropAtSeam leaves out the first chunk of an answer: what a server does that registers a subscriber after it
// has read the history.
func dropAtSeam(p *faultyProxy, chunk []byte) []byte {
	if p.first && p.strikes() {
		return nil
	}
	return chunk
}

// doubleOne sends one chunk twice.
func doubleOne(p *faultyProxy, chunk []byte) []byte {
	if p.strikes() {
		return append(bytes.Clone(chunk), chunk...)
	}
	return chunk
}

// neverWake leaves out a chunk and all that follow on the same connection: a subscriber that is not woken.
func neverWake(p *faultyProxy, chunk []byte) []byte {
	if p.asleep = p.asleep || p.strikes(); p.asleep {
		return nil
	}
	return chunk
}

// changeOne forges a message's content.
func changeOne(p *faultyProxy, chunk []byte) []byte {
	if p.strikes() {
		return bytes.Replace(chunk, []byte(`"content":"p`), []byte(`"content":"q`), 1)
	}
	return chunk
}

// aboutData is in all chunks with messages.
const aboutData = `"type":"data"`

// A fault lets some occasions pass unharmed, and then strikes so many times, and again later: a client that leaves
// at random may not see it once.
const (
	faultAfter = 8
	faultTimes = 32
	faultEvery = 128
)

// faultyProxy passes a connection on to a server, and does something wrong now and then.
type faultyProxy struct {
	fault     fault
	about     string        // what is in the chunks that the fault is about
	occasions *atomic.Int64 // of all connections
	first     bool          // the chunk is the first of its answer
	asleep    bool
}

// strikes tells whether it is time for the fault.
func (p *faultyProxy) strikes() bool {
	n := p.occasions.Add(1)
	return n >= faultAfter && (n-faultAfter)%faultEvery < faultTimes
}

// startFaultyProxy returns the address of a proxy in front of to.
func startFaultyProxy(t *testing.T, to netip.AddrPort, f fault, about string) netip.AddrPort {
	t.Helper()
	listener, err := net.Listen("tcp", icomettest.Host()+":0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	occasions := &atomic.Int64{}
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			p := &faultyProxy{fault: f, about: about, occasions: occasions}
			running.Go(func() { p.serve(client, to) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		running.Wait()
	})
	return listener.Addr().(*net.TCPAddr).AddrPort()
}

func (p *faultyProxy) serve(client net.Conn, to netip.AddrPort) {
	upstream, err := net.Dial("tcp", to.String())
	if err != nil {
		client.Close()
		return
	}
	var requests sync.WaitGroup
	requests.Go(func() {
		io.Copy(upstream, client)
		upstream.Close()
	})
	for in := bufio.NewReader(upstream); p.passAnswer(in, client) == nil; {
	}
	client.Close()
	requests.Wait()
}

// passAnswer passes one chunked answer on.
func (p *faultyProxy) passAnswer(in *bufio.Reader, out io.Writer) error {
	for line := ""; line != "\r\n"; {
		var err error
		if line, err = in.ReadString('\n'); err != nil {
			return err
		}
		if _, err := io.WriteString(out, line); err != nil {
			return err
		}
	}
	p.first = true
	for last := false; !last; {
		chunk, err := readChunk(in)
		if err != nil {
			return err
		}
		last = bytes.HasPrefix(chunk, []byte("0\r\n"))
		if bytes.Contains(chunk, []byte(p.about)) {
			chunk = p.fault(p, chunk)
			p.first = false
		}
		if _, err := out.Write(chunk); err != nil {
			return err
		}
	}
	return nil
}

// readChunk reads a chunk with its length and line ends.
func readChunk(in *bufio.Reader) ([]byte, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	length, err := strconv.ParseInt(strings.TrimSpace(line), 16, 32)
	if err != nil {
		return nil, fmt.Errorf("length of a chunk: %w", err)
	}
	chunk := make([]byte, len(line)+int(length)+2)
	copy(chunk, line)
	_, err = io.ReadFull(in, chunk[len(line):])
	return chunk, err
}

func TestPlantedFaultsTurnTheCheckerRed(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault fault
		over  string
		calm  bool
		want  violation // none if empty
	}{
		{name: "no fault", fault: forward, over: "stream"},
		{name: "no fault, polls", fault: forward, over: "poll"},
		{name: "message dropped", fault: dropOne, over: "stream", calm: true, want: lost},
		{name: "message dropped at the seam", fault: dropAtSeam, over: "sse resumed", want: lost},
		{name: "message doubled", fault: doubleOne, over: "iframe", calm: true, want: doubled},
		{name: "message doubled in a poll", fault: doubleOne, over: "poll", want: doubled},
		{name: "stream never woken", fault: neverWake, over: "stream", calm: true, want: late},
		{name: "poll never woken", fault: neverWake, over: "jsonp", calm: true, want: late},
		{name: "message forged", fault: changeOne, over: "stream", calm: true, want: wrong},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startServer(t, allInReach)
			ck := newChecker(plan{
				seed: newSeed(t), channels: 1, subscribers: 8, historySize: allInReach,
				front: startFaultyProxy(t, s.Front, c.fault, aboutData), admin: s.Admin, only: transportNamed(t, c.over), calm: c.calm,
			})
			ck.start(t)
			if err := ck.round(200, 3*time.Second); err != nil {
				t.Fatal(err)
			}
			if c.want == "" {
				ck.ledger.report(t)
			} else if ck.ledger.found(c.want) == 0 {
				t.Errorf("not found: %v", c.want)
			}
		})
	}
}
