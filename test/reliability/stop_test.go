package reliability

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"
)

// stopDelayMax bounds the moment of SIGTERM, counted from when the load is there.
const stopDelayMax = 150 * time.Millisecond

// witness is a subscriber that stays until the server ends its answer.
type witness struct {
	transport *transport
	link      *link
	answer    answer
	seen      map[string]bool // contents
	err       error           // how the answer ended, nil if properly
}

// stand subscribes to channel "stop".
func stand(t *testing.T, p *program, tr *transport) *witness {
	t.Helper()
	l, err := dial(p.front)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.close)
	l.conn.SetDeadline(time.Now().Add(ioLimit))
	w := &witness{transport: tr, link: l, seen: map[string]bool{}}
	if err := l.write(tr.request("stop", 1, 0)); err != nil {
		t.Fatal(err)
	}
	if w.answer, err = l.readAnswer(); err != nil {
		t.Fatal(err)
	}
	return w
}

// watch reads up to the end, which must be a whole chunked body, or an FIN where that is the end.
func (w *witness) watch() {
	for {
		line, err := w.link.readLine()
		if err == io.EOF && len(line) == 0 {
			w.err = w.link.endBody(w.answer)
			return
		}
		if err != nil {
			w.err = err
			return
		}
		payload, err := w.transport.payload(line)
		if payload == nil && err == nil {
			continue
		}
		messages, _, err2 := parseMessages(nil, payload)
		if err := errors.Join(err, err2); err != nil {
			w.err = err
			return
		}
		for i := range messages {
			w.seen[messages[i].content] = true
		}
	}
}

// insist publishes until the server takes no more, and returns the contents that were answered with 200.
func insist(p *program, name string, random *rand.Rand) (answered []string) {
	l, err := dial(p.admin)
	if err != nil {
		return nil
	}
	defer l.close()
	for n := 0; ; n++ {
		content := fmt.Sprintf("%s.%d", name, n)
		request := "/push?cname=stop&content=" + content
		if random.IntN(50) == 0 {
			request = "/broadcast?content=" + content
		}
		status, _, err := l.request(get(request))
		if err != nil || status != http.StatusOK {
			return answered
		}
		answered = append(answered, content)
	}
}

// pollOn polls until the server takes no more. What has begun as an answer must be whole.
func pollOn(ctx context.Context, p *program) error {
	for seq := int32(1); ctx.Err() == nil; {
		l, err := dial(p.front)
		if err != nil {
			return nil // the server has gone
		}
		for {
			l.conn.SetDeadline(time.Now().Add(ioLimit))
			if l.write(get(fmt.Sprintf("/sub?cname=stop&seq=%d", seq))) != nil {
				break
			}
			if _, err := l.in.Peek(1); err != nil {
				break // the connection ended between two answers
			}
			a, err := l.readAnswer()
			if err != nil {
				return fmt.Errorf("head of a poll's answer: %w", err)
			}
			body, err := io.ReadAll(l.body)
			if err == nil {
				err = l.endBody(a)
			}
			if err != nil {
				return fmt.Errorf("a poll's answer: %w after %q", err, body)
			}
			if a.status != http.StatusOK {
				break
			}
			messages, _, err := parseMessages(nil, body[:len(body)-1])
			if err != nil {
				return err
			}
			if last := messages[len(messages)-1]; last.kind != "noop" {
				seq = last.seq + 1
			}
		}
		l.close()
	}
	return nil
}

func TestServerThatIsStoppedUnderLoadEndsCleanlyAndLosesNothing(t *testing.T) {
	seed := newSeed(t)
	total := 0
	for round := range *roundsFlag {
		n := stopOnce(t, newRandom(seed, round))
		if t.Failed() {
			t.Fatalf("round %d", round)
		}
		total += n
	}
	t.Logf("%d rounds, %d publishes answered 200, all of them seen by all subscribers", *roundsFlag, total)
}

// stopOnce stops a server at a random moment, and returns how many publishes it had answered.
func stopOnce(t *testing.T, random *rand.Rand) (answered int) {
	p := newProgram(t, "", "channel_buffer_size: 100000")
	if !p.start(t, `exec "$@"`) {
		t.Fatalf("the server has not started: %s", p.output(t))
	}
	mustGet(t, p.admin, "/sign?cname=stop")
	var witnesses []*witness
	for i := range transports {
		if transports[i].endless {
			witnesses = append(witnesses, stand(t, p, &transports[i]), stand(t, p, &transports[i]))
		}
	}
	var running sync.WaitGroup
	for _, w := range witnesses {
		running.Go(w.watch)
	}
	ctx, cancel := context.WithCancel(t.Context())
	for range 4 {
		running.Go(func() {
			if err := pollOn(ctx, p); err != nil {
				t.Error(err)
			}
		})
	}
	contents := make([][]string, publishers)
	for i := range contents {
		own := newRandom(random.Uint64(), i)
		running.Go(func() { contents[i] = insist(p, fmt.Sprint("p", i), own) })
	}
	<-time.After(time.Duration(random.Int64N(int64(stopDelayMax))))
	begun := time.Now()
	code := p.end(t, syscall.SIGTERM)
	took := time.Since(begun)
	cancel()
	running.Wait()
	if code != 0 {
		t.Errorf("exit code %d: %s", code, p.output(t))
	}
	for _, w := range witnesses {
		answered = w.check(t, contents)
	}
	t.Logf("ended %v after SIGTERM, %d publishes", took.Round(time.Millisecond), answered)
	return answered
}

// check compares what a witness has seen with what was answered, and returns how much that was.
func (w *witness) check(t *testing.T, contents [][]string) (answered int) {
	t.Helper()
	if w.err != nil {
		t.Errorf("%s ended with %v", w.transport.name, w.err)
	}
	for _, list := range contents {
		for _, content := range list {
			if !w.seen[content] {
				t.Errorf("%s has not seen %s, which was answered with 200", w.transport.name, content)
			}
		}
		answered += len(list)
	}
	return answered
}
