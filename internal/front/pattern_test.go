package front_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/icomet/icomet/internal/config"
	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/server"
)

// withPatterns permits patterns.
func withPatterns(patterns ...string) func(o *server.Options) {
	return func(o *server.Options) { o.Config.Front.Patterns = patterns }
}

// followed is the acceptance of a pattern.
func followed(pattern string) string { return fmt.Sprintf(`{"type":"subscribed","cname":%q}`, pattern) }

func closed(channel string, seq int, epoch string) string {
	return fmt.Sprintf(`{"type":"close","cname":%q,"seq":%d,"epoch":%q}`, channel, seq, epoch)
}

func refused(code int, channel, text string) string {
	return fmt.Sprintf(`{"type":"error","code":%d,"cname":%q,"text":%q}`, code, channel, text)
}

func TestPatternBringsChannelsThatAreAndThatCome(t *testing.T) {
	v := converse(t, withPatterns("news:*"), history(4))
	v.push("news:old", "1", "2")
	v.push("newspaper", "1")
	w := v.webSocket("/ws")
	v.says(w, `{"id":1,"cmd":"subscribe","cname":"news:*"}`, `{"type":"subscribed","id":1,"cname":"news:*"}`, subscribed("news:old", 3, "E1"))
	v.push("news:old", "3")
	v.push("newspaper", "2")
	v.push("news:eu:a", "1")
	v.push("news:eu:a", "2")
	v.hears(w, data("news:old", 3, "E1", "3"), subscribed("news:eu:a", 1, "E2"), data("news:eu:a", 1, "E2", "1"), data("news:eu:a", 2, "E2", "2"))
	// A channel that is closed comes again with its next life.
	v.admin("/close?cname=news:old")
	v.push("news:old", "new")
	v.hears(w, closed("news:old", 4, "E1"), subscribed("news:old", 1, "E3"), data("news:old", 1, "E3", "new"))
	// The end of the pattern is that of what it has brought, and of nothing else.
	v.says(w, `{"cmd":"subscribe","cname":"news:own"}`, subscribed("news:own", 1, "E4"))
	v.says(w, `{"cmd":"subscribe","cname":"news:eu:*"}`, followed("news:eu:*"))
	v.says(w, `{"id":2,"cmd":"unsubscribe","cname":"news:*"}`, `{"type":"unsubscribed","id":2,"cname":"news:*"}`)
	v.push("news:old", "more")
	v.push("news:late", "1")
	v.push("news:own", "1")
	v.push("news:eu:a", "3")
	v.hears(w, data("news:own", 1, "E4", "1"), data("news:eu:a", 3, "E2", "3"))
	v.says(w, `{"cmd":"unsubscribe","cname":"news:*"}`, refused(404, "news:*", "not subscribed"))
	v.says(w, `{"cmd":"unsubscribe","cname":"news:eu:*"}`, `{"type":"unsubscribed","cname":"news:eu:*"}`)
	v.says(w, `{"cmd":"unsubscribe","cname":"news:own"}`, `{"type":"unsubscribed","cname":"news:own"}`)
	if _, subscribers := v.counts(); subscribers != 0 {
		t.Errorf("%d subscribers are left", subscribers)
	}
}

func TestPatternGoesOnBesideChannelsThatTheClientKnows(t *testing.T) {
	v := converse(t, withPatterns("*"), history(4))
	v.push("a", "1")
	w := v.webSocket("/ws?cname=*")
	v.hears(w, followed("*"), subscribed("a", 2, "E1"))
	v.push("b", "1")
	v.hears(w, subscribed("b", 1, "E2"), data("b", 1, "E2", "1"))
	w.Close()
	v.s.AwaitSubscribers(t, 0)
	v.push("a", "2", "3", "4", "5", "6")
	v.push("b", "2")
	v.push("c", "1")
	w = v.webSocket("/ws?seq=last:1&cname=*&cname=a&seq=2&epoch=E1&cname=b&seq=2&epoch=E2")
	v.hears(w, followed("*"), subscribed("a", 2, "E1"), gap("a", "E1", 2, 2, "trimmed"),
		data("a", 3, "E1", "3"), data("a", 4, "E1", "4"), data("a", 5, "E1", "5"), data("a", 6, "E1", "6"),
		subscribed("b", 2, "E2"), data("b", 2, "E2", "2"), subscribed("c", 1, "E3"), data("c", 1, "E3", "1"))
	// What the client asks for itself takes the place of what the pattern has brought, and outlives it.
	v.says(w, `{"cmd":"subscribe","cname":"c","seq":1,"epoch":"E3"}`, subscribed("c", 1, "E3"), data("c", 1, "E3", "1"))
	v.says(w, `{"cmd":"subscribe","cname":"c"}`, refused(409, "c", "subscribed already"))
	v.says(w, `{"cmd":"unsubscribe","cname":"*"}`, `{"type":"unsubscribed","cname":"*"}`)
	v.push("d", "1")
	v.push("c", "2")
	v.hears(w, data("c", 2, "E3", "2"))
}

func TestPatternsOnlyWherePermitted(t *testing.T) {
	const text = "patterns are not permitted here"
	v := converse(t)
	v.poll("v=1&cname=a*", refused(403, "a*", text))
	c := v.open("/stream?v=1&cname=a*")
	v.chunks(c, hello+"\n", refused(403, "a*", text)+"\n", "")
	old := v.s.DialFront(t)
	old.Get("/sub?cname=a*&seq=0")
	v.same("answer of the original", old.Answer().Body, `{"type":"next_seq","cname":"a*","seq":1,"content":""}`+"\n")
	v = converse(t, withPatterns("news:*"))
	v.poll("v=1&cname=news:*", refused(400, "news:*", "patterns need an answer that stays"))
	w := v.webSocket("/ws?cname=*&cname=news*&cname=news:eu:*&cname=news:eu:*")
	v.hears(w, refused(403, "*", text), refused(403, "news*", text), followed("news:eu:*"), refused(409, "news:eu:*", "subscribed already"))
	v.says(w, `{"cmd":"subscribe","cname":"news:`+strings.Repeat("n", 1024)+`*"}`, `{"type":"error","code":400,"text":"cname is too long"}`)
	for i := range 63 {
		v.says(w, fmt.Sprintf(`{"cmd":"subscribe","cname":"news:%d*"}`, i), followed(fmt.Sprintf("news:%d*", i)))
	}
	v.says(w, `{"cmd":"subscribe","cname":"news:*"}`, refused(429, "news:*", "too many patterns of this subscriber"))
	v = converse(t, withPatterns("*"), func(o *server.Options) { o.Config.Front.Auth = config.AuthToken })
	v.hears(v.webSocket("/ws?cname=*&token=x"), refused(403, "*", text))
}

func TestPatternBringsNoMoreThanASubscriberMayHave(t *testing.T) {
	v := converse(t, withPatterns("*"), func(o *server.Options) { o.Config.Front.MaxChannelsPerSubscriber = 2 })
	w := v.webSocket("/ws?cname=*")
	v.hears(w, followed("*"))
	for _, channel := range []string{"a", "b", "c", "d"} {
		v.push(channel, "1")
	}
	v.hears(w, subscribed("a", 1, "E1"), data("a", 1, "E1", "1"), subscribed("b", 1, "E2"), data("b", 1, "E2", "1"),
		refused(429, "*", "too many channels of this subscriber"))
	v.admin("/close?cname=a")
	v.push("e", "1")
	v.hears(w, closed("a", 2, "E1"), subscribed("e", 1, "E3"), data("e", 1, "E3", "1"))
}

func TestStreamOfAPatternStaysWithoutChannels(t *testing.T) {
	v := converse(t, withPatterns("*"), func(o *server.Options) { o.Config.Front.PollingTimeout = time.Second })
	c := v.open("/stream?v=1&cname=*")
	v.chunks(c, `{"type":"hello","v":1,"noop":1}`+"\n", followed("*")+"\n", `{"type":"noop"}`+"\n")
	v.push("a", "1")
	v.chunks(c, subscribed("a", 1, "E1")+"\n", data("a", 1, "E1", "1")+"\n")
	v.admin("/close?cname=a")
	v.chunks(c, closed("a", 2, "E1")+"\n", `{"type":"noop"}`+"\n")
	c.Close()
	v.s.AwaitSubscribers(t, 0)
}

func TestEventStreamOfAPatternIsToldGapsWhenItComesBack(t *testing.T) {
	v := converse(t, withPatterns("*"), history(4))
	c := v.open("/sse?v=1&cname=*")
	v.chunks(c, "data: "+hello+"\n\n", "id: *\ndata: "+followed("*")+"\n\n")
	v.push("a", "1")
	v.chunks(c, "id: *\ndata: "+subscribed("a", 1, "E1")+"\n\n", "id: *\n", "data: "+data("a", 1, "E1", "1")+"\n\n")
	v.push("a", "2")
	v.chunks(c, "id: *\n", "data: "+data("a", 2, "E1", "2")+"\n\n")
	c.Close()
	v.s.AwaitSubscribers(t, 0)
	v.push("a", "3")
	c = v.open("/sse?v=1&cname=*", "Last-Event-ID: *")
	v.chunks(c, "data: "+hello+"\n\n", "id: *\ndata: "+followed("*")+"\n\n", "id: *\ndata: "+subscribed("a", 1, "E1")+"\n\n",
		"id: *\n", "data: "+gap("a", "E1", 1, 0, "restarted")+"\n\n")
	for i := range 3 {
		v.chunks(c, "id: *\n", "data: "+data("a", i+1, "E1", fmt.Sprint(i+1))+"\n\n")
	}
}

func TestPatternDoesNotKeepChannels(t *testing.T) {
	v := converse(t, withPatterns("*"), func(o *server.Options) {
		o.Config.Front.ChannelTimeout = time.Second
		o.Config.Front.ClientIDs, o.Config.Front.Presence = true, []string{"*"}
	})
	w := v.webSocket("/ws?client=ann&cname=*")
	v.hears(w, followed("*"))
	v.push("a", "1")
	v.hears(w, subscribed("a", 1, "E1"), data("a", 1, "E1", "1"))
	if _, subscribers := v.counts(); subscribers != 1 {
		t.Errorf("%d subscribers, want that of the pattern", subscribers)
	}
	v.hears(w, closed("a", 2, "E1"))
	v.push("a", "again")
	v.hears(w, subscribed("a", 1, "E2"), data("a", 1, "E2", "again"), closed("a", 2, "E2"))
	if channels, subscribers := v.counts(); channels != 0 || subscribers != 0 {
		t.Errorf("%d channels and %d subscribers are left", channels, subscribers)
	}
}

func TestPatternBringsOnlyWhatTheTokenAllows(t *testing.T) {
	v := converse(t, withTokens(t), withPatterns("*"))
	token := signed(t, jwt.MapClaims{"sub": "ann", "channels": []string{"news:*", "a"}})
	v.hears(v.webSocket("/ws?cname=*"), refused(401, "*", "token missing"))
	w := v.webSocket("/ws?token=" + token + "&cname=*")
	v.hears(w, followed("*"))
	v.push("secret", "1")
	v.push("news:1", "1")
	v.push("a", "1")
	v.hears(w, subscribed("news:1", 1, "E1"), data("news:1", 1, "E1", "1"), subscribed("a", 1, "E2"), data("a", 1, "E2", "1"))
	fresh := signed(t, jwt.MapClaims{"sub": "ann", "channels": []string{"a", "b"}})
	v.says(w, `{"cmd":"auth","token":"`+fresh+`"}`, `{"type":"authorized"}`, refused(403, "news:1", "not permitted"))
	v.push("news:2", "1")
	v.push("b", "1")
	v.hears(w, subscribed("b", 1, "E3"), data("b", 1, "E3", "1"))
}

func TestApplicationIsAskedAboutEachChannelOfAPattern(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q struct{ Channel string }
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			t.Error(err)
		}
		mu.Lock()
		asked = append(asked, q.Channel)
		mu.Unlock()
		if q.Channel == "broken" {
			w.WriteHeader(500)
			return
		}
		fmt.Fprintf(w, `{"allow":%v,"ttl":60}`, !strings.HasPrefix(q.Channel, "secret"))
	}))
	t.Cleanup(hook.Close)
	v := converse(t, withPatterns("*"), func(o *server.Options) { o.Config.Hook.SubscribeURL = hook.URL })
	v.push("old", "1")
	w := v.webSocket("/ws?cname=*&seq=last:1")
	v.hears(w, followed("*"), subscribed("old", 1, "E1"), data("old", 1, "E1", "1"))
	v.push("secret", "1")
	v.push("broken", "1")
	v.hears(w, refused(503, "broken", "the application cannot be asked at the moment; try again"))
	v.push("open", "1")
	v.hears(w, subscribed("open", 1, "E2"), data("open", 1, "E2", "1"))
	v.admin("/close?cname=open")
	v.push("open", "2")
	v.hears(w, closed("open", 2, "E2"), subscribed("open", 1, "E3"), data("open", 1, "E3", "2"))
	mu.Lock()
	defer mu.Unlock()
	slices.Sort(asked)
	if want := []string{"broken", "old", "open", "secret"}; !slices.Equal(asked, want) {
		t.Errorf("asked about %v, want %v", asked, want)
	}
}

func TestWalkWaitsForTheApplication(t *testing.T) {
	const count = 1000 // more than may wait
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"allow":true}`)
	}))
	t.Cleanup(hook.Close)
	v := converse(t, withPatterns("*"), func(o *server.Options) {
		o.Config.Loops = 1
		o.Config.Front.ChannelTimeout = time.Hour
		o.Config.Hook.SubscribeURL = hook.URL
	})
	for i := range count {
		v.push(fmt.Sprint("c", i), fmt.Sprint("content ", i))
	}
	w := v.webSocket("/ws?seq=last:1&cname=*&cname=c1*")
	v.hears(w, followed("*"), followed("c1*"))
	got := newPositions(t)
	for len(got.contents) < count {
		got.hear(w.Message())
	}
}

func TestPatternOfASlowReaderBringsAllInTheEnd(t *testing.T) {
	const big, small = 80, 500 // 12 MB, more than the kernel takes
	v := converse(t, withPatterns("*"), history(big), func(o *server.Options) {
		o.Config.Front.OutputBytes = 4096
		o.Config.Front.ChannelTimeout = time.Hour
	})
	w := v.webSocket("/ws?cname=*")
	w.Shrink()
	v.hears(w, followed("*"))
	long := strings.Repeat("long ", 30_000)
	for range big {
		v.push("big", long)
	}
	for i := range small {
		v.push(fmt.Sprint("small", i), fmt.Sprint("content ", i))
	}
	got := newPositions(t)
	for len(got.contents) < small+1 || got.next["big"] <= big {
		got.hear(w.Message())
	}
	if len(got.next) != small+1 {
		t.Errorf("got %d channels, want %d", len(got.next), small+1)
	}
}

func TestPatternsThatComeDuringAWalkGetAllChannels(t *testing.T) {
	const count = 1500 // several steps of a walk
	v := converse(t, withPatterns("*"), history(4), func(o *server.Options) {
		o.Config.Loops = 1
		o.Config.Front.ChannelTimeout = time.Hour
	})
	for i := range count {
		v.push(fmt.Sprintf("%c%d", 'a'+i%3, i), fmt.Sprint("content ", i))
	}
	for range 20 { // those that leave in the middle of it are no trouble
		gone := v.webSocket("/ws?seq=last:1&cname=*")
		v.hears(gone, followed("*"))
		gone.Close()
	}
	for i, query := range []string{"cname=*", "cname=a*&cname=b*&cname=c*", "cname=a*&cname=*", "cname=*&cname=c*"} {
		w := v.webSocket("/ws?seq=last:1&" + query)
		for range strings.Count(query, "cname") {
			w.Message()
		}
		got := newPositions(t)
		for len(got.contents) < count {
			got.hear(w.Message())
		}
		if len(got.next) != count {
			t.Errorf("%d: %d channels", i, len(got.next))
		}
	}
}

// positions is what a client of v1 keeps: where it stands in each of its channels. It fails the test when a
// message is not the next one.
type positions struct {
	t        *testing.T
	next     map[string]int64
	epoch    map[string]string
	contents map[string]bool
}

func newPositions(t *testing.T) *positions {
	return &positions{t: t, next: map[string]int64{}, epoch: map[string]string{}, contents: map[string]bool{}}
}

// hear takes a message.
func (p *positions) hear(text string) {
	p.t.Helper()
	var m struct {
		Type, Cname, Epoch, Content string
		Seq, To                     int64
	}
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		p.t.Fatalf("%v in %s", err, text)
	}
	switch m.Type {
	case "subscribed":
		if _, ok := p.next[m.Cname]; ok {
			p.t.Fatalf("twice: %s", text)
		}
		p.next[m.Cname], p.epoch[m.Cname] = m.Seq, m.Epoch
	case "gap":
		p.next[m.Cname], p.epoch[m.Cname] = m.To+1, m.Epoch
	case "close":
		p.check(m.Cname, m.Epoch, m.Seq, text)
		delete(p.next, m.Cname)
	case "data":
		p.check(m.Cname, m.Epoch, m.Seq, text)
		p.next[m.Cname]++
		p.contents[m.Content] = true
	default:
		p.t.Fatalf("got %s", text)
	}
}

func (p *positions) check(channel, epoch string, seq int64, text string) {
	p.t.Helper()
	if next, ok := p.next[channel]; !ok || next != seq || p.epoch[channel] != epoch {
		p.t.Fatalf("got %s at %d of %s", text, next, p.epoch[channel])
	}
}

// TestPatternLosesNothingWhileChannelsComeAndGo lets publishers make and close channels at random, while
// followers check that they get every message once and in order, and all channels in the end.
func TestPatternLosesNothingWhileChannelsComeAndGo(t *testing.T) {
	const publishers, rounds, channels, readers = 3, 300, 5, 4
	v := converse(t, withPatterns("*"), history(1000), func(o *server.Options) { o.Config.Loops = 2 })
	var all [readers]*icomettest.WebSocket
	for i := range all {
		all[i] = v.webSocket("/ws?cname=c*&cname=c1*")
		v.hears(all[i], followed("c*"), followed("c1*"))
	}
	var work sync.WaitGroup
	for p := range publishers {
		work.Go(func() {
			admin := v.s.DialAdmin(t)
			defer admin.Close()
			for i := range rounds {
				admin.Get(fmt.Sprintf("/push?cname=c%d%d&content=x", p, (i*7)%channels))
				admin.Answer()
				if i%10 == 9 {
					admin.Get(fmt.Sprintf("/close?cname=c%d%d", p, i/10%channels))
					admin.Answer()
				}
			}
			for i := range channels {
				admin.Get(fmt.Sprintf("/push?cname=c%d%d&content=last+of+%d%d", p, i, p, i))
				admin.Answer()
			}
		})
	}
	for _, w := range all {
		work.Go(func() {
			got := newPositions(t)
			for len(got.contents) < publishers*channels+1 {
				got.hear(w.Message())
			}
		})
	}
	work.Wait()
}
