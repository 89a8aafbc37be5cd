package front_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/server"
)

// presence makes a server know the members of channels that begin with "p", who may name themselves.
func presence(graceSeconds int) func(o *server.Options) {
	return func(o *server.Options) {
		o.Config.Front.Presence, o.Config.Front.ClientIDs = []string{"p*"}, true
		o.Config.Front.MemberGrace = time.Duration(graceSeconds) * time.Second
	}
}

// stream opens an endless answer, and reads what comes before its channels.
func stream(t testing.TB, s *icomettest.Server, target string) *icomettest.Client {
	t.Helper()
	c := s.DialFront(t)
	c.Get(target)
	c.Head()
	if strings.HasPrefix(target, "/iframe") {
		c.Chunk()
	}
	expectChunk(t, c, `"type":"hello"`)
	return c
}

func expectChunk(t testing.TB, c *icomettest.Client, parts ...string) string {
	t.Helper()
	chunk := c.Chunk()
	for _, part := range parts {
		if !strings.Contains(chunk, part) {
			t.Fatalf("got %q, want %q in it", chunk, part)
		}
	}
	return chunk
}

func TestMembersAreToldToWhoAsks(t *testing.T) {
	s := icomettest.Start(t, presence(0))
	const named = "&client=a%22%3Cnn&info=" + `{"n":"%3C"}`
	for path, want := range map[string]string{
		"/stream": `{"type":"join","cname":"p","client":"a\"<nn","info":{"n":"<"}}` + "\n",
		"/sse":    `data: {"type":"join","cname":"p","client":"a\"<nn","info":{"n":"<"}}` + "\n\n",
		"/iframe": `<script>parent.icomet_cb({"type":"join","cname":"p","client":"a\"\u003cnn","info":{"n":"\u003c"}});</script>`,
	} {
		watcher := stream(t, s, path+"?v=1&cname=p&presence=1")
		expectChunk(t, watcher, `"type":"subscribed"`)
		member := stream(t, s, "/stream?v=1&cname=p"+named)
		expectChunk(t, member, `"type":"subscribed"`)
		if got := watcher.Chunk(); strings.TrimSpace(got) != strings.TrimSpace(want) || strings.Contains(got, "id:") {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
		s.Push(t, "p", "x")
		expectChunk(t, member, `"type":"data"`) // it has not asked
		expectChunk(t, watcher, `"type":"data"`)
		member.Close()
		leave := strings.Replace(want, "join", "leave", 1)
		if got := watcher.Chunk(); strings.TrimSpace(got) != strings.TrimSpace(leave) {
			t.Errorf("%s: got %q, want %q", path, got, leave)
		}
		watcher.Close()
		s.AwaitSubscribers(t, 0)
	}
}

func TestAMemberHearsOfItselfAndOthers(t *testing.T) {
	s := icomettest.Start(t, presence(100))
	a := stream(t, s, "/sse?cname=p1&presence=1&client=ann&cname=p2&presence=1&cname=q&presence=1")
	for range 3 {
		expectChunk(t, a, `"type":"subscribed"`)
	}
	expectChunk(t, a, `"cname":"p1","client":"ann"`)
	expectChunk(t, a, `"cname":"p2","client":"ann"`)
	b := stream(t, s, "/stream?v=1&cname=p2&client=bob&presence=1")
	expectChunk(t, b, `"type":"subscribed"`)
	expectChunk(t, b, `"type":"join"`, `"client":"bob"`)
	expectChunk(t, a, `data: {"type":"join"`, `"cname":"p2","client":"bob","info":{}`)
	again := stream(t, s, "/stream?v=1&cname=p2&client=bob")
	expectChunk(t, again, `"type":"subscribed"`)
	other := stream(t, s, "/stream?v=1&cname=p2&client=bob&info={\"n\":2}")
	expectChunk(t, other, `"type":"subscribed"`)
	expectChunk(t, a, `"type":"join"`, `"client":"bob","info":{"n":2}`)
	s.Push(t, "p2", "x")
	expectChunk(t, a, "id: ") // with several channels in a chunk of its own
	expectChunk(t, a, `"type":"data"`)
}

func TestAPollIsWokenByMembers(t *testing.T) {
	s := icomettest.Start(t, presence(100))
	s.Push(t, "p", "1")
	for i, form := range []string{`[%s]`, `cb([%s]);`} {
		poll := s.DialFront(t)
		query := "/sub?v=1&cname=p&seq=2&presence=1"
		if i == 1 {
			query += "&cb=cb"
		}
		poll.Get(query)
		s.AwaitSubscribers(t, 1)
		member := stream(t, s, fmt.Sprintf("/stream?v=1&cname=p&client=%d", i))
		want := fmt.Sprintf(form, fmt.Sprintf(`{"type":"join","cname":"p","client":"%d","info":{}}`, i)) + "\n"
		if got := poll.Answer().Body; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		member.Close()
		s.AwaitSubscribers(t, 0)
	}
}

// A client that polls is there all the time, also when each of its polls is answered at once.
func TestPollsAreOneMember(t *testing.T) {
	s := icomettest.Start(t, presence(100))
	watcher := stream(t, s, "/stream?v=1&cname=p&presence=1")
	expectChunk(t, watcher, `"type":"subscribed"`)
	poll := s.DialFront(t)
	for n := 1; n <= 5; n++ {
		poll.Get(fmt.Sprintf("/sub?v=1&cname=p&seq=%d&client=ann", n))
		s.AwaitSubscribers(t, 2)
		s.Push(t, "p", "live")
		poll.Answer()
	}
	for n := 1; n <= 5; n++ {
		poll.Get(fmt.Sprintf("/sub?v=1&cname=p&seq=%d&client=ann", n))
		poll.Answer()
	}
	expectChunk(t, watcher, `"type":"join"`, `"client":"ann"`)
	for range 5 {
		expectChunk(t, watcher, `"type":"data"`)
	}
	poll.Get("/sub?v=1&cname=p&seq=1&client=bob")
	poll.Answer()
	expectChunk(t, watcher, `"type":"join"`, `"client":"bob"`)
}

func TestWhoMayBeAMember(t *testing.T) {
	s := icomettest.Start(t, presence(100))
	c := s.DialFront(t)
	for query, want := range map[string]string{
		"client=&info={}":                   "info needs client",
		"client=" + url.QueryEscape("\xff"): "client must be",
		"client=a&info=[]":                  "info must be",
		"info={}":                           "info needs client",
	} {
		c.Get("/stream?v=1&cname=p&" + query)
		if a := c.Answer(); a.Status != 400 || !strings.HasPrefix(a.Body, want) {
			t.Errorf("%s: %d %q", query, a.Status, a.Body)
		}
	}
	elsewhere := stream(t, s, "/stream?v=1&cname=q&client=ann&presence=1")
	expectChunk(t, elsewhere, `"type":"subscribed"`)
	s.Push(t, "q", "x")
	expectChunk(t, elsewhere, `"type":"data"`)

	strict := icomettest.Start(t, presence(100), func(o *server.Options) { o.Config.Front.ClientIDs = false })
	c = strict.DialFront(t)
	c.Get("/sub?v=1&cname=p&client=ann")
	const refused = `[{"type":"error","code":403,"cname":"p","text":"clients may not name themselves here"}]` + "\n"
	if got := c.Answer().Body; got != refused {
		t.Errorf("got %q, want %q", got, refused)
	}
}

// Messages and members of one turn come in their order.
func TestMembersAndMessagesKeepTheirOrder(t *testing.T) {
	s := icomettest.Start(t, presence(0), history(100))
	watcher := stream(t, s, "/stream?v=1&cname=p&presence=1")
	expectChunk(t, watcher, `"type":"subscribed"`)
	for round := range 20 {
		m := s.DialFront(t)
		m.Get(fmt.Sprintf("/stream?v=1&cname=p&client=%d", round))
		m.Head()
		expectChunk(t, m, "hello")
		expectChunk(t, m, "subscribed")
		s.Push(t, "p", "x")
		expectChunk(t, watcher, `"type":"join"`, fmt.Sprintf(`"client":"%d"`, round))
		expectChunk(t, watcher, `"type":"data"`, fmt.Sprintf(`"seq":%d,`, round+1))
	}
}

func TestWebSocketsAreMembersAndAskForThem(t *testing.T) {
	v := converse(t, presence(0))
	w := v.webSocket(`/ws?client=ann&info={"n":1}`)
	v.says(w, `{"id":1,"cmd":"members","cname":"p"}`, `{"type":"error","id":1,"code":404,"cname":"p","text":"not subscribed"}`)
	v.says(w, `{"cmd":"members"}`, `{"type":"error","code":400,"text":"cname is missing"}`)
	v.says(w, `{"cmd":"subscribe","cname":"p","presence":true}`, subscribed("p", 1, "E1"),
		`{"type":"join","cname":"p","client":"ann","info":{"n":1}}`)
	other := v.webSocket("/ws?cname=p&client=bob")
	v.hears(other, subscribed("p", 1, "E1"))
	v.hears(w, `{"type":"join","cname":"p","client":"bob","info":{}}`)
	v.says(w, `{"id":2,"cmd":"members","cname":"p"}`,
		`{"type":"members","id":2,"cname":"p","members":[{"client":"ann","info":{"n":1}},{"client":"bob","info":{}}],"count":2}`)
	v.says(other, `{"cmd":"unsubscribe","cname":"p"}`, `{"type":"unsubscribed","cname":"p"}`)
	v.hears(w, `{"type":"leave","cname":"p","client":"bob","info":{}}`)
	v.says(w, `{"cmd":"subscribe","cname":"q","presence":true}`, subscribed("q", 1, "E2"))
	v.says(w, `{"cmd":"members","cname":"q"}`, `{"type":"members","cname":"q","members":[],"count":0}`)
}

func TestWebSocketsMayNotNameThemselvesElsewhere(t *testing.T) {
	v := converse(t, presence(0), func(o *server.Options) { o.Config.Front.ClientIDs = false })
	const text = `"text":"clients may not name themselves here"}`
	w := v.webSocket("/ws?client=ann")
	v.hears(w, `{"type":"error","code":403,`+text)
	v.says(w, `{"cmd":"subscribe","cname":"p","presence":true}`, subscribed("p", 1, "E1"))
	v.says(w, `{"cmd":"members","cname":"p"}`, `{"type":"members","cname":"p","members":[],"count":0}`)
	w = v.webSocket("/ws?client=ann&cname=p")
	v.hears(w, `{"type":"error","code":403,"cname":"p",`+text)
}

// A signed token says who its bearer is, whatever else is said.
func TestTokensNameMembers(t *testing.T) {
	v := converse(t, withTokens(t), func(o *server.Options) { o.Config.Front.Presence = []string{"p*"} })
	token := signed(t, jwt.MapClaims{"sub": "ann", "info": map[string]any{"n": 1}, "channels": []string{"p"}})
	w := v.webSocket("/ws?cname=p&presence=1&client=bob&token=" + token)
	v.hears(w, subscribed("p", 1, "E1"), `{"type":"join","cname":"p","client":"ann","info":{"n":1}}`)
}
