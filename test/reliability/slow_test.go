package reliability

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/icomettest"
)

const (
	slowReaders = 1000
	// slowMemoryMax is what readers that do not read may cost together.
	slowMemoryMax = 128 << 20
	// trickleMemoryMax is what a connection may cost whose request head does not come to its end, besides
	// the bytes that it has sent.
	trickleMemoryMax = 256
)

// flood publishes messages of so many bytes over one connection. After each it calls pause.
func flood(p *publisher, messages, bytes int, pause func() error) error {
	c := p.ledger.channels[p.names[0]]
	for range messages {
		if err := pause(); err != nil {
			return err
		}
		p.last++
		c.begun.Add(1)
		body := fmt.Sprintf("content=%s+%d+%s", p.name(), p.last, strings.Repeat("x", bytes))
		request := fmt.Sprintf("POST /push?cname=%s HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n%s", p.names[0], len(body), body)
		if err := p.send(request, 1); err != nil {
			return err
		}
		c.done.Add(1)
	}
	return nil
}

func TestReadersThatDoNotReadAreBoundedAndOthersServed(t *testing.T) {
	const messages, bytes = 1600, 60 << 10
	s := icomettest.StartProcess(t)
	c := newChecker(plan{
		seed: newSeed(t), channels: 1, subscribers: 3, historySize: 10, front: s.Front, admin: s.Admin,
		only: &transports[3], calm: true,
	})
	c.start(t)
	empty := s.Resident(t)
	for range slowReaders {
		l, err := dial(s.Front)
		if err != nil {
			t.Fatal(err)
		}
		defer l.reset()
		l.conn.SetReadBuffer(4 << 10)
		if err := l.write(transports[3].request("room-0", 1, 0)); err != nil {
			t.Fatal(err)
		}
	}
	if !icomettest.Within(ioLimit, func() bool {
		return figure(t, s.Admin, `icomet_subscribers{kind="stream"}`) == slowReaders+3
	}) {
		t.Fatal("not all have subscribed")
	}
	peak, stop := watchResident(t, s)
	// Those who read must keep up, or else they would be closed as well.
	keepUp := func() error {
		if !icomettest.Within(catchUpLimit, func() bool { return c.behind() == "" }) {
			return errors.New("others are not served")
		}
		return nil
	}
	err := flood(c.publishers[0], messages, bytes, keepUp)
	stop()
	if err := errors.Join(err, keepUp()); err != nil {
		t.Error(err)
	}
	c.ledger.report(t)
	full := closed(t, s.Admin, "output_full")
	t.Logf("%d MB pushed: resident memory %s before, %s at most; %d of %d closed with reason output_full",
		messages*bytes/1_000_000, mebibytes(empty), mebibytes(*peak), full, slowReaders)
	if full != slowReaders {
		t.Errorf("%d connections were closed with reason output_full, want %d", full, slowReaders)
	}
	if *peak-empty > slowMemoryMax {
		t.Errorf("they cost %s, at most %s is allowed", mebibytes(*peak-empty), mebibytes(slowMemoryMax))
	}
}

// watchResident notes the highest resident memory until stop, after which peak may be read.
func watchResident(t *testing.T, s *icomettest.Process) (peak *int64, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	peak = new(int64)
	running.Go(func() {
		look := time.NewTicker(10 * time.Millisecond)
		defer look.Stop()
		for {
			*peak = max(*peak, s.Resident(t))
			select {
			case <-look.C:
			case <-ctx.Done():
				return
			}
		}
	})
	return peak, func() {
		cancel()
		running.Wait()
	}
}

func TestReaderThatStopsIsClosedAfterTheSendTimeout(t *testing.T) {
	s := icomettest.StartProcess(t, "send_timeout: 1", "output_bytes: 67108864")
	l, err := dial(s.Front)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	l.conn.SetReadBuffer(4 << 10)
	if err := l.write(transports[3].request("room-0", 1, 0)); err != nil {
		t.Fatal(err)
	}
	p := publisher{server: s.Admin, ledger: newLedger(10, []string{"room-0"}), names: []string{"room-0"}}
	defer p.close()
	if err := flood(&p, 64, 256<<10, func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if !icomettest.Within(ioLimit, func() bool { return closed(t, s.Admin, "send_timeout") == 1 }) {
		t.Error("the reader was not closed with reason send_timeout")
	}
	t.Logf("closed %v after the last push, send_timeout is 1 s", time.Since(begun).Round(10*time.Millisecond))
}

func TestHeadThatTricklesInIsCut(t *testing.T) {
	const limit = time.Second
	s := icomettest.StartProcess(t, "head_timeout: 1")
	l, err := dial(s.Front)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	l.conn.SetDeadline(time.Now().Add(ioLimit))
	begun := time.Now()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { trickle(ctx, l) })
	a, err := l.readAnswer()
	took := time.Since(begun)
	cancel()
	running.Wait()
	if err != nil || a.status != 408 {
		t.Errorf("status %d, %v, want 408", a.status, err)
	}
	if took < limit*9/10 || took > 2*limit {
		t.Errorf("cut after %v, want %v to %v", took, limit, 2*limit)
	}
	t.Logf("cut after %v", took)
}

// trickle sends a request head byte by byte, without end.
func trickle(ctx context.Context, l *link) {
	l.write("GET /sub?cname=a HTTP/1.1\r\nX: ")
	next := time.NewTicker(20 * time.Millisecond)
	defer next.Stop()
	for l.write("x") == nil {
		select {
		case <-next.C:
		case <-ctx.Done():
			return
		}
	}
}

func TestMemoryOfHeadsThatTrickleIn(t *testing.T) {
	const conns = 40_000
	head := "GET /sub?cname=a&seq=1 HTTP/1.1\r\nHost: test\r\nX: "
	s := icomettest.StartProcess(t, "head_timeout: 600")
	mustGet(t, s.Admin, "/metrics") // what this takes stays
	before := s.Resident(t)
	// A whole request before it tells the crowd that the connection stands.
	crowd, err := icomettest.NewCrowd(s.Front, conns, func(int) []byte { return []byte(get("/ping") + head) })
	if err != nil {
		t.Fatal(err)
	}
	defer crowd.Stop()
	if err := crowd.Open(t.Context(), conns); err != nil {
		t.Fatal(err)
	}
	if busy := figure(t, s.Admin, "icomet_connections_busy"); busy < conns {
		t.Fatalf("%v connections have a head that has not ended, want %d", busy, conns)
	}
	each := (s.Resident(t) - before) / conns
	t.Logf("%d heads of %d bytes that do not end: %d bytes of memory each", conns, len(head), each)
	if each > int64(len(head))+trickleMemoryMax {
		t.Errorf("%d bytes each, at most %d + the %d sent are allowed", each, trickleMemoryMax, len(head))
	}
}
