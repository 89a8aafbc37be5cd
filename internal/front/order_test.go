package front_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/icomet/icomet/internal/config"
	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/server"
)

// conversation is a client of v1 and the epochs that it has seen.
type conversation struct {
	t *testing.T
	s *icomettest.Server
	epochs
}

func converse(t *testing.T, change ...func(o *server.Options)) *conversation {
	return &conversation{t: t, s: icomettest.Start(t, change...)}
}

// poll asks at a new connection, and wants this answer.
func (v *conversation) poll(query string, want ...string) {
	v.t.Helper()
	c := v.s.DialFront(v.t)
	defer c.Close()
	c.Get("/sub?" + v.real(query))
	v.same("answer to "+query, v.show(c.Answer().Body), "["+strings.Join(want, ",")+"]\n")
}

func (v *conversation) same(what, got, want string) {
	v.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		v.t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

// chunks reads the next chunks of an endless answer, and wants these.
func (v *conversation) chunks(c *icomettest.Client, want ...string) {
	v.t.Helper()
	for _, w := range want {
		v.same("chunk", v.show(c.Chunk()), w)
	}
}

// open begins an endless answer.
func (v *conversation) open(target string, headers ...string) *icomettest.Client {
	v.t.Helper()
	c := v.s.DialFront(v.t)
	c.Get(v.real(target), headers...)
	if a := c.Head(); a.Status != 200 {
		v.t.Fatalf("%s:\n%s", target, a.Head)
	}
	return c
}

func (v *conversation) admin(target string) {
	v.t.Helper()
	c := v.s.DialAdmin(v.t)
	defer c.Close()
	c.Get(target)
	if a := c.Answer(); a.Status != 200 {
		v.t.Fatalf("%s:\n%s", target, a.Head)
	}
}

func (v *conversation) push(channel string, contents ...string) {
	v.t.Helper()
	for _, content := range contents {
		v.s.Push(v.t, channel, content)
	}
}

func data(channel string, seq int, epoch, content string) string {
	return fmt.Sprintf(`{"type":"data","cname":%q,"seq":%d,"epoch":%q,"content":%q}`, channel, seq, epoch, content)
}

func subscribed(channel string, seq int, epoch string) string {
	return fmt.Sprintf(`{"type":"subscribed","cname":%q,"seq":%d,"epoch":%q}`, channel, seq, epoch)
}

func gap(channel, epoch string, from, to int, reason string) string {
	return fmt.Sprintf(`{"type":"gap","cname":%q,"epoch":%q,"from":%d,"to":%d,"reason":%q}`, channel, epoch, from, to, reason)
}

const hello = `{"type":"hello","v":1,"noop":30}`

func TestPollOfV1TellsWhereItStandsAndGoesOnFromThere(t *testing.T) {
	v := converse(t, history(4))
	v.push("a", "1", "2")
	v.poll("v=1&cname=a", subscribed("a", 3, "E1"))
	v.poll("cname=a&seq=1&epoch=E1", data("a", 1, "E1", "1"), data("a", 2, "E1", "2"))
	v.poll("v=1&seq=2&cname=a", data("a", 2, "E1", "2"))
	v.poll("cname=a&seq=last:1", subscribed("a", 2, "E1"), data("a", 2, "E1", "2"))
	v.push("a", "3", "4", "5", "6")
	v.poll("cname=a&seq=1&epoch=E1", gap("a", "E1", 1, 2, "trimmed"),
		data("a", 3, "E1", "3"), data("a", 4, "E1", "4"), data("a", 5, "E1", "5"), data("a", 6, "E1", "6"))
	v.admin("/close?cname=a")
	v.push("a", "new")
	v.poll("cname=a&seq=7&epoch=E1", subscribed("a", 1, "E2"), gap("a", "E2", 1, 0, "restarted"), data("a", 1, "E2", "new"))
	v.poll("cname=a&since=0", subscribed("a", 1, "E2"), data("a", 1, "E2", "new"))
	v.poll("cname=a&since=2000-01-01T00:00:00Z", subscribed("a", 1, "E2"), data("a", 1, "E2", "new"))
	v.poll("cname=a&since="+fmt.Sprint(time.Now().Add(time.Hour).Unix()), subscribed("a", 2, "E2"))
}

func TestPollOfManyChannelsWaitsForAnyOfThem(t *testing.T) {
	v := converse(t)
	v.push("b", "1")
	c := v.s.DialFront(t)
	c.Get("/sub?cname=a&seq=1&cname=b&seq=2&cname=x%2Cy&seq=1")
	v.s.AwaitSubscribers(t, 1)
	v.push("b", "2")
	v.same("answer", v.show(c.Answer().Body), "["+data("b", 2, "E1", "2")+"]\n")
	v.s.AwaitSubscribers(t, 0)
	v.push("a", "1")
	c.Get("/sub?cname=a&seq=1&cname=b&seq=2&cname=c&seq=last:3")
	v.same("answer", v.show(c.Answer().Body),
		"["+data("a", 1, "E2", "1")+","+data("b", 2, "E1", "2")+","+subscribed("c", 1, "E3")+"]\n")
	v.s.AwaitSubscribers(t, 0)
	c.Get("/sub?v=1&cname=x%2Cy&seq=1&cb=app.on")
	v.s.AwaitSubscribers(t, 1)
	v.push("x,y", "<1>")
	v.same("JSONP", v.show(c.Answer().Body), `app.on([{"type":"data","cname":"x,y","seq":1,"epoch":"E4","content":"\u003c1>"}]);`+"\n")
}

func TestStreamOfManyChannels(t *testing.T) {
	v := converse(t)
	v.push("a", "1", "2")
	c := v.open("/stream?cname=a&seq=2&cname=b&cname=a")
	v.chunks(c, hello+"\n", subscribed("a", 2, "E1")+"\n", data("a", 2, "E1", "2")+"\n", subscribed("b", 1, "E2")+"\n",
		`{"type":"error","code":409,"cname":"a","text":"subscribed already"}`+"\n")
	v.s.AwaitSubscribers(t, 1)
	v.push("b", "1")
	v.push("a", "3")
	v.chunks(c, data("b", 1, "E2", "1")+"\n", data("a", 3, "E1", "3")+"\n")
	v.admin("/broadcast?content=all")
	got := map[string]bool{v.show(c.Chunk()): true, v.show(c.Chunk()): true}
	for _, want := range []string{
		`{"type":"broadcast","cname":"a","seq":4,"epoch":"E1","content":"all"}` + "\n",
		`{"type":"broadcast","cname":"b","seq":2,"epoch":"E2","content":"all"}` + "\n",
	} {
		if !got[want] {
			t.Errorf("no %s in %v", want, got)
		}
	}
	v.admin("/close?cname=a")
	v.chunks(c, `{"type":"close","cname":"a","seq":5,"epoch":"E1"}`+"\n")
	v.push("b", "3")
	v.chunks(c, data("b", 3, "E2", "3")+"\n")
	v.admin("/close?cname=b")
	v.chunks(c, `{"type":"close","cname":"b","seq":4,"epoch":"E2"}`+"\n", "")
	c.Get("/sub?v=1&cname=fresh")
	v.same("next answer", v.show(c.Answer().Body), "["+subscribed("fresh", 1, "E3")+"]\n")
}

func TestEventStreamOfManyChannelsResumesByItself(t *testing.T) {
	v := converse(t, history(10))
	v.push("a", "1")
	v.push("b", "1")
	const target = "/sse?cname=a&seq=1&cname=refused%s&cname=b&v=1"
	bad := strings.ReplaceAll(target, "%s", strings.Repeat("n", 1100))
	c := v.open(bad)
	v.chunks(c, "data: "+hello+"\n\n",
		"id: E1.1,-,-\ndata: "+subscribed("a", 1, "E1")+"\n\n",
		"id: E1.2,-,-\n", "data: "+data("a", 1, "E1", "1")+"\n\n",
		`data: {"type":"error","code":400,"text":"cname is too long"}`+"\n\n",
		"id: E1.2,-,E2.2\ndata: "+subscribed("b", 2, "E2")+"\n\n")
	v.push("b", "2")
	v.chunks(c, "id: E1.2,-,E2.3\n", "data: "+data("b", 2, "E2", "2")+"\n\n")
	c.Reset()
	v.s.AwaitSubscribers(t, 0)
	v.push("a", "2")
	v.push("b", "3")
	c = v.open(bad, v.real("Last-Event-ID: E1.2,-,E2.3"))
	v.chunks(c, "data: "+hello+"\n\n",
		"id: E1.2,-,E2.3\ndata: "+subscribed("a", 2, "E1")+"\n\n", "id: E1.3,-,E2.3\n", "data: "+data("a", 2, "E1", "2")+"\n\n",
		`data: {"type":"error","code":400,"text":"cname is too long"}`+"\n\n",
		"id: E1.3,-,E2.3\ndata: "+subscribed("b", 3, "E2")+"\n\n", "id: E1.3,-,E2.4\n", "data: "+data("b", 3, "E2", "3")+"\n\n")
	// A server that has been started anew knows none of these lives.
	c = v.open("/sse?v=1&cname=a", "Last-Event-ID: AAAAAAAAAAE.9")
	v.chunks(c, "data: "+hello+"\n\n", "id: E1.1\ndata: "+subscribed("a", 1, "E1")+"\n\n",
		"id: E1.1\ndata: "+gap("a", "E1", 1, 0, "restarted")+"\n\n",
		"id: E1.2\ndata: "+data("a", 1, "E1", "1")+"\n\n", "id: E1.3\ndata: "+data("a", 2, "E1", "2")+"\n\n")
}

func TestEventStreamOfTooManyChannelsForAnIDSaysThatItCannotResume(t *testing.T) {
	v := converse(t)
	var query strings.Builder
	for i := range 65 {
		fmt.Fprintf(&query, "&cname=c%d", i)
	}
	c := v.open("/sse?v=1" + query.String())
	for range 1 + 64 {
		v.show(c.Chunk())
	}
	v.chunks(c, "id: *\ndata: "+subscribed("c64", 1, "E65")+"\n\n")
	v.push("c3", "1")
	v.chunks(c, "id: *\n", "data: "+data("c3", 1, "E4", "1")+"\n\n")
}

func TestThousandsOfChannelsByPost(t *testing.T) {
	v := converse(t, func(o *server.Options) { o.Config.Front.MaxChannelsPerSubscriber = 3000 })
	form := url.Values{}
	for i := range 3001 {
		form.Add("cname", fmt.Sprint("c", i))
	}
	c := v.s.DialFront(t)
	c.Request("POST", "/stream?v=1", form.Encode(), "Content-Type: application/x-www-form-urlencoded")
	if a := c.Head(); a.Status != 200 {
		t.Fatal(a.Head)
	}
	v.chunks(c, hello+"\n")
	for i := range 3000 {
		if got := c.Chunk(); !strings.HasPrefix(got, fmt.Sprintf(`{"type":"subscribed","cname":"c%d",`, i)) {
			t.Fatalf("channel %d: %s", i, got)
		}
	}
	v.chunks(c, `{"type":"error","code":429,"cname":"c3000","text":"too many channels of this subscriber"}`+"\n")
	for _, i := range []int{2999, 0, 1500} {
		v.push(fmt.Sprint("c", i), "x")
		if got := c.Chunk(); !strings.HasPrefix(got, fmt.Sprintf(`{"type":"data","cname":"c%d",`, i)) {
			t.Fatalf("to channel %d: %s", i, got)
		}
	}
	c.Reset()
	v.s.AwaitSubscribers(t, 0)
	if channels, subscribers := v.counts(); channels != 3000 || subscribers != 0 {
		t.Errorf("%d channels, %d subscribers", channels, subscribers)
	}
}

func TestPollsAreHeldToTheBoundsOfASubscriberToo(t *testing.T) {
	v := converse(t, func(o *server.Options) { o.Config.Front.MaxChannelsPerSubscriber = 2 })
	v.push("a", "1")
	v.poll("cname=a&seq=1&cname=b&cname=a&seq=1&cname=c", data("a", 1, "E1", "1"), subscribed("b", 1, "E2"),
		`{"type":"error","code":409,"cname":"a","text":"subscribed already"}`,
		`{"type":"error","code":429,"cname":"c","text":"too many channels of this subscriber"}`)
}

// counts asks /info.
func (v *conversation) counts() (channels, subscribers int) {
	c := v.s.DialAdmin(v.t)
	defer c.Close()
	c.Get("/info")
	var version string
	body := strings.NewReplacer(`"`, " ", ",", " ", ":", " ", "{", " ", "}", " ").Replace(c.Answer().Body)
	if _, err := fmt.Sscan(body, new(string), &version, new(string), &channels, new(string), &subscribers); err != nil {
		v.t.Fatalf("%v in %q", err, body)
	}
	return channels, subscribers
}

func TestWrongParametersOfV1AreRefused(t *testing.T) {
	v := converse(t)
	for query, want := range map[string]string{
		"v=1":                              "cname is missing\n",
		"v=1&seq=1":                        "cname is missing\n",
		"v=1&cname=a&seq=x":                "seq must be a number to go on from, or last:N\n",
		"v=1&cname=a&seq=-1":               "seq must be a number to go on from, or last:N\n",
		"cname=a&seq=last:":                "seq must be a number to go on from, or last:N\n",
		"cname=a&seq=last:-1":              "seq must be a number to go on from, or last:N\n",
		"v=1&cname=a&seq=9007199254740992": "seq must be a number to go on from, or last:N\n",
		"cname=a&epoch=short":              "epoch is not one that this server gave\n",
		"cname=a&epoch=AAAAAAAAAAA":        "epoch is not one that this server gave\n",
		"cname=a&since=yesterday":          "since must be seconds since 1970, or a time such as 2026-01-02T15:04:05Z\n",
		"cname=a&since=-1":                 "since must be seconds since 1970, or a time such as 2026-01-02T15:04:05Z\n",
		"cname=a&since=NaN":                "since must be seconds since 1970, or a time such as 2026-01-02T15:04:05Z\n",
		"cname=a&since=1e300":              "since must be seconds since 1970, or a time such as 2026-01-02T15:04:05Z\n",
		"v=1&cname=a&cb=alert(1)":          "cb must be a JavaScript name such as icomet_cb or app.onMessage\n",
	} {
		for _, path := range []string{"/sub", "/stream", "/sse", "/iframe"} {
			c := v.s.DialFront(t)
			c.Get(path + "?" + query)
			if a := c.Answer(); a.Status != 400 || a.Body != want || a.Header("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%s?%s: %s\n%q, want %q", path, query, a.Head, a.Body, want)
			}
			c.Close()
		}
	}
}

func TestRefusalsOfV1ComeAsMessages(t *testing.T) {
	v := converse(t, func(o *server.Options) {
		o.Config.Front.MaxChannels, o.Config.Front.MaxSubscribersPerChannel = 2, 1
	})
	c := v.open("/stream?v=1&cname=a")
	v.chunks(c, hello+"\n", subscribed("a", 1, "E1")+"\n")
	v.poll("v=1&cname=a", `{"type":"error","code":429,"cname":"a","text":"too many subscribers"}`)
	v.poll("cname=b&cname=d&cname=a", subscribed("b", 1, "E2"),
		`{"type":"error","code":429,"cname":"d","text":"too many channels"}`, `{"type":"error","code":429,"cname":"a","text":"too many subscribers"}`)
	c = v.open("/sse?v=1&cname=a")
	v.chunks(c, "data: "+hello+"\n\n", `data: {"type":"error","code":429,"cname":"a","text":"too many subscribers"}`+"\n\n", "")
	c.Request("HEAD", "/sse?v=1&cname=a", "")
	if a := c.Head(); a.Status != 200 || a.Header("Content-Type") != "text/event-stream; charset=utf-8" {
		t.Errorf("HEAD:\n%s", a.Head)
	}
}

func TestTokensOfV1BelongToTheirChannels(t *testing.T) {
	v := converse(t, func(o *server.Options) { o.Config.Front.Auth = config.AuthToken })
	admin := v.s.DialAdmin(t)
	token := func(name string) string {
		admin.Get("/sign?cname=" + name)
		_, rest, _ := strings.Cut(admin.Answer().Body, `"token":"`)
		return rest[:32]
	}
	a, b := token("a"), token("b")
	v.poll("v=1&cname=a&token="+a+"&cname=b&token="+b, subscribed("a", 1, "E1"), subscribed("b", 1, "E2"))
	v.poll("v=1&cname=a&token="+b+"&cname=b", `{"type":"error","code":401,"cname":"a","text":"token error"}`,
		`{"type":"error","code":401,"cname":"b","text":"token error"}`)
	v.poll("v=1&token="+a+"&cname=a&cname=b", subscribed("a", 1, "E1"), `{"type":"error","code":401,"cname":"b","text":"token error"}`)
}

func TestHeartbeatsOfV1(t *testing.T) {
	v := converse(t, func(o *server.Options) { o.Config.Front.PollingTimeout = time.Second })
	stream, sse, poll := v.open("/stream?v=1&cname=a"), v.open("/sse?v=1&cname=a"), v.s.DialFront(t)
	poll.Get("/sub?v=1&cname=a&seq=1&cname=b&seq=1")
	for range 2 {
		stream.Chunk()
		sse.Chunk()
	}
	v.chunks(stream, `{"type":"noop"}`+"\n", `{"type":"noop"}`+"\n")
	v.chunks(sse, `data: {"type":"noop"}`+"\n\n")
	v.same("poll", poll.Answer().Body, `[{"type":"noop"}]`+"\n")
}

// A subscriber of v1 that reads too slowly is not closed: what it has missed is in the history, or is told.
func TestSlowSubscriberOfV1IsToldWhatItHasMissed(t *testing.T) {
	v := converse(t, history(4), outputBytes(4096), func(o *server.Options) { o.Config.Front.SendTimeout = patience })
	c := v.s.DialFront(t)
	c.Shrink()
	c.Get("/stream?v=1&cname=a&seq=1")
	c.Head()
	v.chunks(c, hello+"\n", subscribed("a", 1, "E1")+"\n")
	const messages, size = 400, 64 << 10
	for i := range messages {
		v.push("a", strings.Repeat(string(rune('a'+i%26)), size))
	}
	gaps := 0
	for next := 1; next <= messages; {
		text := v.show(c.Chunk())
		var from, to int
		if n, _ := fmt.Sscanf(text, `{"type":"gap","cname":"a","epoch":"E1","from":%d,"to":%d,"reason":"slow"}`, &from, &to); n == 2 {
			if from != next || to < from {
				t.Fatalf("gap from %d to %d where %d was next", from, to, next)
			}
			next, gaps = to+1, gaps+1
			continue
		}
		want := fmt.Sprintf(`{"type":"data","cname":"a","seq":%d,"epoch":"E1","content":"%s`, next, strings.Repeat(string(rune('a'+(next-1)%26)), 8))
		if !strings.HasPrefix(text, want) {
			t.Fatalf("got %.100q, want %q", text, want)
		}
		next++
	}
	if gaps == 0 {
		t.Error("the subscriber was not slow: nothing was checked")
	}
	v.push("a", "live")
	v.chunks(c, data("a", messages+1, "E1", "live")+"\n")
}
