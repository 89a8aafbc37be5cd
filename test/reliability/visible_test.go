package reliability

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/icomettest"
)

// pollAtOnce asks for the message with number seq and returns whether it came from the history, as a poll
// that waited and was woken does not.
func pollAtOnce(l *link, channel string, seq int) (atOnce bool, m message, err error) {
	_, body, err := l.request(get(fmt.Sprintf("/sub?cname=%s&seq=%d", channel, seq)))
	if err != nil {
		return false, m, err
	}
	messages, isArray, err := parseMessages(nil, []byte(body[:max(0, len(body)-1)]))
	if err != nil {
		return false, m, err
	}
	return isArray && len(messages) == 1, messages[0], nil
}

func TestAnsweredPushIsSeenByTheNextPoll(t *testing.T) {
	const pairs = 4
	s := startServer(t, 10)
	var running sync.WaitGroup
	for n := range pairs {
		running.Go(func() {
			if err := pushAndPoll(s, fmt.Sprint("own-", n), *repeatsFlag/pairs); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	t.Logf("%d pushes, each seen by the poll that followed its answer", *repeatsFlag)
}

// pushAndPoll pushes and polls in turn over two connections.
func pushAndPoll(s *icomettest.Server, channel string, times int) error {
	admin, err := dial(s.Admin)
	if err != nil {
		return err
	}
	defer admin.close()
	front, err := dial(s.Front)
	if err != nil {
		return err
	}
	defer front.close()
	for seq := 1; seq <= times; seq++ {
		status, body, err := admin.request(get(fmt.Sprintf("/push?cname=%s&content=%d", channel, seq)))
		if err != nil || status != 200 {
			return fmt.Errorf("push %d: status %d, %s, %w", seq, status, body, err)
		}
		atOnce, m, err := pollAtOnce(front, channel, seq)
		if err != nil || !atOnce || int(m.seq) != seq || m.content != fmt.Sprint(seq) {
			return fmt.Errorf("poll after push %d: at once %v, %+v, %w", seq, atOnce, m, err)
		}
	}
	return nil
}

func TestLatencyFromPushToReceiveOfEveryTransport(t *testing.T) {
	const pushes = 300
	s := startServer(t, 10)
	for i := range transports {
		tr := &transports[i]
		t.Run(tr.name, func(t *testing.T) {
			took := make([]time.Duration, 0, pushes)
			channel := fmt.Sprint("latency-", i)
			r := newReceiver(t, s, tr, channel)
			admin, err := dial(s.Admin)
			if err != nil {
				t.Fatal(err)
			}
			defer admin.close()
			for seq := int32(1); seq <= pushes; seq++ {
				r.wait(seq)
				s.AwaitSubscribers(t, 1)
				begun := time.Now()
				if status, _, err := admin.request(get(fmt.Sprintf("/push?cname=%s&content=%d", channel, seq))); status != 200 || err != nil {
					t.Fatalf("push: status %d, %v", status, err)
				}
				if got := r.next(); got != seq {
					t.Fatalf("got number %d, want %d", got, seq)
				}
				took = append(took, time.Since(begun))
			}
			r.close()
			s.AwaitSubscribers(t, 0)
			slices.Sort(took)
			t.Logf("%d pushes: median %v, p99 %v", pushes, took[pushes/2], took[pushes*99/100])
		})
	}
}

// receiver is one subscriber whose messages are timed.
type receiver struct {
	t         *testing.T
	server    *icomettest.Server
	transport *transport
	channel   string
	link      *link
	answer    answer
	open      bool // an endless answer is being read
}

func newReceiver(t *testing.T, s *icomettest.Server, tr *transport, channel string) *receiver {
	return &receiver{t: t, server: s, transport: tr, channel: channel}
}

// wait subscribes for the message with number seq, unless an endless answer is open already.
func (r *receiver) wait(seq int32) {
	r.t.Helper()
	if r.open {
		return
	}
	var err error
	if r.link == nil {
		if r.link, err = dial(r.server.Front); err != nil {
			r.t.Fatal(err)
		}
		r.link.conn.SetDeadline(time.Now().Add(ioLimit))
	}
	if err := r.link.write(r.transport.request(r.channel, seq, 0)); err != nil {
		r.t.Fatal(err)
	}
	if r.answer, err = r.link.readAnswer(); err != nil {
		r.t.Fatal(err)
	}
	r.open = true
}

// next reads one message and returns its number.
func (r *receiver) next() (seq int32) {
	r.t.Helper()
	for {
		line, err := r.link.readLine()
		if err != nil {
			r.t.Fatal(err)
		}
		payload, err := r.transport.payload(line)
		if err != nil {
			r.t.Fatal(err)
		}
		if payload == nil {
			continue
		}
		messages, _, err := parseMessages(nil, payload)
		if err != nil {
			r.t.Fatal(err)
		}
		if !r.transport.endless {
			r.endPoll()
		}
		return messages[0].seq
	}
}

func (r *receiver) close() {
	if r.link != nil {
		r.link.close()
		r.link, r.open = nil, false
	}
}

// endPoll reads the end of a poll's answer. The connection is used again where it can be.
func (r *receiver) endPoll() {
	r.t.Helper()
	r.open = false
	if _, err := r.link.body.ReadByte(); err == nil {
		r.t.Fatal("a poll was answered twice")
	}
	if err := r.link.endBody(r.answer); err != nil {
		r.t.Fatal(err)
	}
	if !r.answer.keepAlive {
		r.close()
	}
}
