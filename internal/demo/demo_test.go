package demo

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icomet/icomet/internal/hub"
)

// sink takes what the hub posts, on a bubble's own time.
type sink struct{ got chan *hub.Message }

func (s *sink) Deliver(_ hub.ChannelID, m *hub.Message) {
	s.got <- m
	m.Done()
}

func (s *sink) Overloaded() bool { return false }

func (s *sink) Created(hub.ChannelID, string) {}

// stage is the demos on a hub of their own, without sockets.
type stage struct {
	t    *testing.T
	hub  *hub.Hub
	demo *Demo
	sink *sink

	looking map[string]int // subscriptions by channel
}

func newStage(t *testing.T) *stage {
	t.Helper()
	h := hub.New(hub.Options{MaxChannels: 100, MaxSubscribers: 10, HistorySize: HistorySize, ChannelTimeout: 30, MembersMax: 10})
	s := &stage{t, h, New(h, func() int64 { return 0 }), &sink{make(chan *hub.Message, 1<<12)}, map[string]int{}}
	h.SetSinks([]hub.Sink{s.sink})
	t.Cleanup(func() {
		s.demo.Stop()
		h.Free()
	})
	return s
}

// look subscribes a channel, and returns how to end that.
func (s *stage) look(name string) (leave func()) {
	s.t.Helper()
	subscribed, _, err := s.hub.Subscribe(0, hub.SubscribeRequest{Name: []byte(name), Start: hub.Start{Kind: hub.FromNow}}, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.looking[name]++
	return func() {
		s.looking[name]--
		s.hub.Leave(0, subscribed.ID, 0, s.looking[name] == 0)
	}
}

// next is the next message that the hub posts.
func (s *stage) next() *hub.Message { return <-s.sink.got }

// ask makes a request and returns its status and its answer.
func (s *stage) ask(method, target, body string, headers ...string) (int, string) {
	r := httptest.NewRequestWithContext(context.Background(), method, target, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.demo.ServeHTTP(w, r)
	answer, _ := io.ReadAll(w.Result().Body)
	return w.Code, string(answer)
}

const asJSON = "application/json"

// ---- chart

func TestAChartWorksOnlyWhileSomebodyLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		idle := func() {
			t.Helper()
			<-time.After(10 * time.Minute)
			synctest.Wait()
			if n := s.demo.charts.running(); n != 0 || len(s.sink.got) != 0 {
				t.Fatalf("%d charts run without subscribers, %d messages", n, len(s.sink.got))
			}
		}
		idle()
		leave := s.look("chart-a")
		for range 40 {
			s.next()
		}
		again := s.look("chart-a")
		leave()
		for range 40 {
			s.next()
		}
		again()
		<-time.After(batchInterval)
		for len(s.sink.got) > 0 {
			s.next()
		}
		idle()
		leave = s.look("chart-a")
		if m := s.next(); m.Channel != "chart-a" {
			t.Errorf("got a message of %s", m.Channel)
		}
		leave()
	})
}

// Somebody who comes before the goroutine has seen that the last one was gone keeps it going.
func TestAChartThatIsLeftAndEnteredAtOnceGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		for range 100 {
			leave := s.look("chart-a")
			s.next()
			leave()
		}
		defer s.look("chart-a")()
		synctest.Wait()
		if n := s.demo.charts.running(); n != 1 {
			t.Errorf("%d goroutines for one chart", n)
		}
		s.next()
	})
}

func TestAChartBringsThousandsOfPointsASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		defer s.look("chart-a")()
		began := time.Now()
		points, last := 0, 0.0
		for time.Since(began) < 2*time.Second {
			var batch struct {
				At, Step float64
				Lines    [][]int
			}
			m := s.next()
			if err := json.Unmarshal([]byte(m.Content), &batch); err != nil || m.Form != hub.JSON || len(batch.Lines) != signalLines {
				t.Fatalf("%v: %s", err, m.Content)
			}
			if points > 0 && batch.At != last+batch.Step {
				t.Fatalf("a batch begins at %f, the last one ended at %f", batch.At, last)
			}
			n := len(batch.Lines[0])
			last = batch.At + float64(n-1)*batch.Step
			for _, values := range batch.Lines {
				if len(values) != n || slices.Max(values) > signalMax || slices.Min(values) < -signalMax {
					t.Fatalf("bad values: %s", m.Content)
				}
				points += n
			}
		}
		if rate := points / 2; rate < 2500 || rate > 3500 {
			t.Errorf("%d points a second", rate)
		}
	})
}

func TestASignalLeavesOutWhatAMachineHasSleptThrough(t *testing.T) {
	now := time.Unix(1_764_000_000, 0)
	s := newSignal(now)
	s.appendBatch(nil, now)
	text := s.appendBatch(nil, now.Add(time.Hour))
	var batch struct {
		At    float64
		Lines [][]int
	}
	if err := json.Unmarshal(text, &batch); err != nil {
		t.Fatal(err)
	}
	if n := len(batch.Lines[0]); n != batchPointsMax || batch.At <= milliseconds(now.Add(59*time.Minute)) {
		t.Errorf("%d points from %f on", n, batch.At)
	}
}

func TestChartsHaveABound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		for _, name := range []string{"chart-1", "chart-2", "chart-3", "chart-4", "other", "chat-1"} {
			defer s.look(name)()
		}
		synctest.Wait()
		defer s.look("chart-5")()
		if m := s.next(); m.Channel != "chart-5" || m.Event != "full" || !strings.Contains(m.Content, "4 charts") {
			t.Errorf("got %q %q of %s", m.Event, m.Content, m.Channel)
		}
		if n := s.demo.charts.running(); n != chartsMax {
			t.Errorf("%d charts run", n)
		}
	})
}

func TestTheClockTellsTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		status, answer := s.ask("GET", "/demo/chart/clock", "")
		var told struct{ Now float64 }
		if err := json.Unmarshal([]byte(answer), &told); err != nil || status != http.StatusOK || told.Now != milliseconds(time.Now()) {
			t.Errorf("%d %s %v", status, answer, err)
		}
	})
}

// ---- tokens

func TestATextComesWholeOnAChannelOfItsOwn(t *testing.T) {
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				status, answer := s.ask("POST", "/demo/tokens?text="+name, "")
				var at position
				if err := json.Unmarshal([]byte(answer), &at); err != nil || status != http.StatusOK || !strings.HasPrefix(at.Channel, tokensPrefix) {
					t.Fatalf("%d %s %v", status, answer, err)
				}
				<-time.After(time.Minute)
				synctest.Wait()
				if n := s.demo.tokens.streams.Load(); n != 0 {
					t.Errorf("%d texts are still told", n)
				}
				epoch, _ := hub.ParseEpoch([]byte(at.Epoch))
				_, entries, err := s.hub.Subscribe(0, hub.SubscribeRequest{
					Name: []byte(at.Channel), Start: hub.Start{Kind: hub.FromSeq, Seq: at.Seq, Epoch: epoch},
				}, nil)
				if err != nil || len(entries) == 0 {
					t.Fatal(err)
				}
				var told strings.Builder
				for _, e := range entries[:len(entries)-1] {
					if e.Event != "token" {
						t.Fatalf("%+v among the tokens", e)
					}
					var token string
					if err := json.Unmarshal([]byte(`"`+e.Content+`"`), &token); err != nil {
						t.Fatal(err)
					}
					told.WriteString(token)
				}
				if last := entries[len(entries)-1]; told.String() != text || last.Event != "end" {
					t.Errorf("told %q, then %+v", told.String(), last)
				}
			})
		})
	}
}

// A page that comes back must find all of a text, so it has to fit in the history with its end.
func TestTextsFitInTheHistory(t *testing.T) {
	for name, text := range texts {
		pieces := split(text)
		if n := len(pieces) + 1; n > HistorySize || n < 100 {
			t.Errorf("%s has %d pieces", name, n)
		}
		if strings.Join(pieces, "") != text {
			t.Errorf("the pieces of %s do not make it again", name)
		}
		for _, piece := range pieces {
			if n := len([]rune(piece)); n == 0 || n > pieceRunesMax {
				t.Errorf("%s has a piece of %d characters: %q", name, n, piece)
			}
		}
	}
}

func TestTextsHaveABound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		for range streamsMax {
			if status, answer := s.ask("POST", "/demo/tokens?text=poem", ""); status != http.StatusOK {
				t.Fatal(status, answer)
			}
		}
		if status, answer := s.ask("POST", "/demo/tokens?text=poem", ""); status != http.StatusTooManyRequests || !strings.Contains(answer, "32 texts") {
			t.Errorf("one too many: %d %s", status, answer)
		}
		if status, _ := s.ask("POST", "/demo/tokens?text=nosuch", ""); status != http.StatusNotFound {
			t.Errorf("no such text: %d", status)
		}
		if status, _ := s.ask("GET", "/demo/tokens?text=poem", ""); status != http.StatusNotFound {
			t.Errorf("GET: %d", status)
		}
		s.demo.Stop()
		if n := s.demo.tokens.streams.Load(); n != 0 {
			t.Errorf("%d texts are told after the end", n)
		}
		if status, _ := s.ask("POST", "/demo/tokens?text=poem", ""); status != http.StatusServiceUnavailable {
			t.Errorf("after the end: %d", status)
		}
	})
}

// ---- chat

func TestRoomsTakeShortJSONOnly(t *testing.T) {
	s := newStage(t)
	for _, c := range []struct {
		name, target, body, media string
		status                    int
	}{
		{"a message", "/demo/chat/message?cname=chat-1", `{"text":"\u2028<b>"}`, asJSON, 200},
		{"with a character set", "/demo/chat/message?cname=chat-1", `"a"`, asJSON + "; charset=utf-8", 200},
		{"another channel", "/demo/chat/message?cname=news", `"a"`, asJSON, 403},
		{"no channel", "/demo/chat/message", `"a"`, asJSON, 403},
		{"a long name", "/demo/chat/message?cname=chat-" + strings.Repeat("x", roomBytesMax), `"a"`, asJSON, 403},
		{"what a form of another page can send", "/demo/chat/message?cname=chat-1", `"a"`, "text/plain", 415},
		{"no type", "/demo/chat/message?cname=chat-1", `"a"`, "", 415},
		{"no JSON", "/demo/chat/message?cname=chat-1", `a`, asJSON, 400},
		{"nothing", "/demo/chat/message?cname=chat-1", ``, asJSON, 400},
		{"as long as may be", "/demo/chat/message?cname=chat-1", `"` + strings.Repeat("x", MessageBytesMax-2) + `"`, asJSON, 200},
		{"longer", "/demo/chat/message?cname=chat-1", `"` + strings.Repeat("x", MessageBytesMax) + `"`, asJSON, 413},
	} {
		if status, answer := s.ask("POST", c.target, c.body, "Content-Type", c.media); status != c.status {
			t.Errorf("%s: %d %s, want %d", c.name, status, answer, c.status)
		}
	}
}

func TestARoomTellsItsMembers(t *testing.T) {
	s := newStage(t)
	defer s.look("chat-1")()
	id, _ := s.hub.ID([]byte("chat-1"))
	s.hub.Join(0, id, hub.Member{Client: "ann", Info: `{"name":"Ann"}`})
	status, answer := s.ask("GET", "/demo/chat/members?cname=chat-1", "")
	want := `{"type":"members","cname":"chat-1","members":[{"client":"ann","info":{"name":"Ann"}}],"count":1}` + "\n"
	if status != http.StatusOK || answer != want {
		t.Errorf("%d %s, want %s", status, answer, want)
	}
	if status, _ := s.ask("GET", "/demo/chat/members?cname=chart-1", ""); status != http.StatusForbidden {
		t.Errorf("another channel: %d", status)
	}
}

// ---- pages

func TestPagesAreHarmless(t *testing.T) {
	s := newStage(t)
	for _, path := range []string{"/", "/chat.html", "/icomet.js", "/icomet.esm.js", "/demo/chart/clock", "/nosuch"} {
		w := httptest.NewRecorder()
		s.demo.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Header().Get("Content-Security-Policy") != "default-src 'self'; connect-src *" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, w.Header())
		}
	}
}

func TestEachQuestionOfThePageHasAText(t *testing.T) {
	s := newStage(t)
	_, page := s.ask("GET", "/tokens.html", "")
	asked := 0
	for part := range strings.SplitSeq(page, `data-text="`) {
		if name, _, ok := strings.Cut(part, `"`); ok && texts[name] != "" {
			asked++
		}
	}
	if asked != len(texts) || strings.Count(page, "data-text=") != len(texts) {
		t.Errorf("%d of %d texts are asked for by %d buttons", asked, len(texts), strings.Count(page, "data-text="))
	}
}
