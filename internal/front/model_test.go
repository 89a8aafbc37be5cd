package front_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/server"
)

// channelModel is a channel as polls see it: what each must be answered, and what it waits for.
type channelModel struct {
	outer   *testing.T
	server  *icomettest.Server
	admin   *icomettest.Client
	name    string
	next    int      // number of the next message
	kept    []string // types of the history, the last one is number next-1
	polls   [4]*icomettest.Client
	waiting [4]bool
}

const modelHistory = 4

func (m *channelModel) first() int { return m.next - len(m.kept) }

func (m *channelModel) waits() (n int64) {
	for _, w := range m.waiting {
		if w {
			n++
		}
	}
	return n
}

// client is the connection number i, opened if need be.
func (m *channelModel) client(i int) *icomettest.Client {
	if m.polls[i] == nil {
		m.polls[i] = m.server.DialFront(m.outer)
	}
	return m.polls[i]
}

// poll sends a poll, and checks the answer if one is due at once.
func (m *channelModel) poll(t *rapid.T) {
	i := rapid.IntRange(0, len(m.polls)-1).Draw(t, "client")
	if m.waiting[i] {
		t.Skip("its poll waits")
	}
	seq := rapid.IntRange(-1, m.next+2).Draw(t, "seq")
	c := m.client(i)
	c.Get(fmt.Sprintf("/sub?cname=%s&seq=%d&noop=9", m.name, seq))
	switch {
	case seq == 0 || seq > m.next:
		m.expect(t, i, message{"next_seq", m.name, int32(m.next), ""})
	case seq < m.next && len(m.kept) > 0:
		m.expect(t, i, m.replay(max(seq, m.first()))...)
	default:
		m.waiting[i] = true
	}
	m.server.AwaitSubscribers(m.outer, m.waits())
}

func (m *channelModel) replay(from int) (list []message) {
	for seq := from; seq < m.next; seq++ {
		list = append(list, m.message(seq, m.kept[seq-m.first()])...)
	}
	return list
}

// message is a message as it arrives: a broadcast is followed by next_seq.
func (m *channelModel) message(seq int, kind string) []message {
	list := []message{{kind, m.name, int32(seq), "text"}}
	if kind == "broadcast" {
		list = append(list, message{"next_seq", m.name, int32(seq + 1), ""})
	}
	return list
}

// expect reads the answer to poll i.
func (m *channelModel) expect(t *rapid.T, i int, want ...message) {
	got := messages(m.outer, m.client(i).Answer().Body)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("client %d got %v, want %v", i, got, want)
	}
	m.waiting[i] = false
}

// wake expects an answer at all polls that wait.
func (m *channelModel) wake(t *rapid.T, want ...message) {
	for i, w := range m.waiting {
		if w {
			m.expect(t, i, want...)
		}
	}
	m.server.AwaitSubscribers(m.outer, 0)
}

func (m *channelModel) do(t *rapid.T, request string, want string) {
	m.admin.Get(request)
	if got := m.admin.Answer().Body; got != want {
		t.Fatalf("%s: %q, want %q", request, got, want)
	}
}

func (m *channelModel) publish(t *rapid.T, request, answer, kind string) {
	m.do(t, request, answer)
	m.kept = append(m.kept, kind)
	if 2*len(m.kept) >= 3*modelHistory {
		m.kept = m.kept[len(m.kept)-modelHistory:]
	}
	m.next++
	m.wake(t, m.message(m.next-1, kind)...)
}

func (m *channelModel) push(t *rapid.T) {
	m.publish(t, "/push?cname="+m.name+"&content=text", "{\"type\":\"ok\"}\n", "data")
}

func (m *channelModel) broadcast(t *rapid.T) {
	m.publish(t, "/broadcast?content=text", "ok\n", "broadcast")
}

func (m *channelModel) clear(t *rapid.T) {
	m.do(t, "/clear?cname="+m.name, fmt.Sprintf("ok %d\n", m.next))
	m.kept = nil
}

func (m *channelModel) close(t *rapid.T) {
	m.do(t, "/close?cname="+m.name, fmt.Sprintf("ok %d\n", m.next))
	m.wake(t, message{"close", m.name, int32(m.next), ""})
	m.next, m.kept = 1, nil
	m.do(t, "/clear?cname="+m.name, "channel["+m.name+"] not connected\n")
	m.push(t) // so that it exists again
}

// leave breaks a connection, whether its poll waits or not.
func (m *channelModel) leave(t *rapid.T) {
	i := rapid.IntRange(0, len(m.polls)-1).Draw(t, "client")
	c := m.client(i)
	if rapid.Bool().Draw(t, "reset") {
		c.Reset()
	} else {
		c.Close()
	}
	m.polls[i], m.waiting[i] = nil, false
	m.server.AwaitSubscribers(m.outer, m.waits())
}

func TestPollsFollowTheModel(t *testing.T) {
	s := icomettest.Start(t, history(modelHistory))
	admin := s.DialAdmin(t)
	rounds := 0
	rapid.Check(t, func(rt *rapid.T) {
		rounds++
		m := &channelModel{outer: t, server: s, admin: admin, name: fmt.Sprint("c", rounds), next: 1}
		m.push(rt)
		rt.Repeat(map[string]func(*rapid.T){
			"poll": m.poll, "poll again": m.poll, "poll more": m.poll, "push": m.push, "broadcast": m.broadcast, "clear": m.clear, "close": m.close, "leave": m.leave,
		})
		for i, c := range m.polls {
			if c != nil {
				c.Close()
			}
			m.waiting[i] = false
		}
		s.AwaitSubscribers(t, 0)
		m.do(rt, "/close?cname="+m.name, fmt.Sprintf("ok %d\n", m.next)) // or broadcasts become long
	})
}

// racer is a client that polls without end and checks what it gets, whatever happens meanwhile. The text of a
// message is "LIFE SEQ LAST": the life of the channel in which it was published, its number, and whether
// it is the last of the test.
type racer struct {
	host, name, version, callback string
	seq, life                     int
	answers                       map[string]int
}

var errLast = errors.New("the last message has come")

func (r *racer) run() error {
	for {
		err := r.connect()
		if errors.Is(err, errLast) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// connect polls on one connection until that ends.
func (r *racer) connect() error {
	conn, err := net.Dial("tcp", r.host)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	in := bufio.NewReader(conn)
	for {
		fmt.Fprintf(conn, "GET /sub?cname=%s&seq=%d&noop=%d&cb=%s HTTP/%s\r\nHost: t\r\n\r\n", r.name, r.seq, r.seq, r.callback, r.version)
		answer, err := http.ReadResponse(in, nil)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			return err
		}
		if err := r.take(string(body)); err != nil || answer.Close {
			return err
		}
	}
}

func (r *racer) take(body string) error {
	body = strings.TrimSuffix(body, "\n")
	if r.callback != "" {
		body = strings.TrimSuffix(strings.TrimPrefix(body, r.callback+"("), ");")
	}
	if !strings.HasPrefix(body, "[") {
		body = "[" + body + "]"
	}
	var list []message
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		return fmt.Errorf("%w in %q", err, body)
	}
	for _, m := range list {
		if err := r.check(m); err != nil {
			return err
		}
	}
	return nil
}

func (r *racer) check(m message) error {
	r.answers[m.Type]++
	switch m.Type {
	case "noop":
		if int(m.Seq) != r.seq {
			return fmt.Errorf("noop %d, want %d", m.Seq, r.seq)
		}
		return nil
	case "close":
		r.seq = 1
		return nil
	case "next_seq":
		r.seq = int(m.Seq)
		return nil
	}
	var life, seq int
	var last bool
	if _, err := fmt.Sscan(m.Content, &life, &seq, &last); err != nil {
		return fmt.Errorf("%w in %+v", err, m)
	}
	if seq != int(m.Seq) || life < r.life || life == r.life && seq != r.seq {
		return fmt.Errorf("got %+v, but is at life %d, seq %d", m, r.life, r.seq)
	}
	r.life, r.seq = life, seq+1
	if last {
		return errLast
	}
	return nil
}

// Polls arrive, wait, are woken, time out and are closed in every order; each client gets each message of a
// life of the channel once and in order, and the last one in the end: no wake-up is lost.
func TestPollsUnderRacesLoseNothing(t *testing.T) {
	s := icomettest.Start(t, history(1000), func(o *server.Options) { o.Config.Front.PollingTimeout = time.Millisecond })
	total := map[string]int{}
	names := 0
	rapid.Check(t, func(rt *rapid.T) {
		names++
		name := fmt.Sprint("race", names)
		racers := make([]*racer, rapid.IntRange(1, 4).Draw(rt, "clients"))
		for i := range racers {
			racers[i] = &racer{
				host: s.Front.String(), name: name, seq: 1, answers: map[string]int{},
				version: rapid.SampledFrom([]string{"1.1", "1.1", "1.0"}).Draw(rt, "version"), callback: rapid.SampledFrom([]string{"", "", "f.g"}).Draw(rt, "callback"),
			}
		}
		ops := rapid.SliceOfN(rapid.SampledFrom([]string{"push", "push", "push", "push", "push", "wait", "close"}), 1, 40).Draw(rt, "operations")
		var clients sync.WaitGroup
		var failed atomic.Value
		for _, r := range racers {
			clients.Go(func() {
				if err := r.run(); err != nil {
					failed.Store(err)
				}
			})
		}
		ended := make(chan struct{})
		go func() { clients.Wait(); close(ended) }()
		publishRace(t, s, name, ops, ended)
		if err := failed.Load(); err != nil {
			rt.Fatal(err)
		}
		for _, r := range racers {
			for kind, n := range r.answers {
				total[kind] += n
			}
		}
		s.AwaitSubscribers(t, 0)
	})
	t.Logf("answers: %v", total)
	for _, kind := range []string{"data", "noop", "close"} {
		if total[kind] == 0 {
			t.Errorf("no %s at all: the test is of no use", kind)
		}
	}
}

// publishRace does the operations of one round, then publishes last messages until all clients have ended:
// one that was away while the channel began a new life may have to skip the first of them.
func publishRace(t *testing.T, s *icomettest.Server, name string, ops []string, ended <-chan struct{}) {
	admin := s.DialAdmin(t)
	defer admin.Close()
	life, seq := 0, 1
	push := func(last bool) {
		admin.Get("/push?cname=" + name + "&content=" + strconv.Itoa(life) + "+" + strconv.Itoa(seq) + "+" + strconv.FormatBool(last))
		admin.Answer()
		seq++
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for _, op := range ops {
		switch op {
		case "push":
			push(false)
		case "wait":
			<-tick.C
		case "close":
			admin.Get("/close?cname=" + name)
			admin.Answer()
			life, seq = life+1, 1
		}
	}
	for {
		push(true)
		select {
		case <-ended:
			return
		case <-tick.C:
		}
	}
}
