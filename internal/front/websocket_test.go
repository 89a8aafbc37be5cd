package front_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/server"
	"github.com/icomet/icomet/internal/ws"
)

// webSocket opens a WebSocket and reads its hello.
func (v *conversation) webSocket(target string, headers ...string) *icomettest.WebSocket {
	v.t.Helper()
	w := v.s.DialWebSocket(v.t, v.real(target), headers...)
	v.hears(w, hello)
	return w
}

// hears reads the next messages, and wants these.
func (v *conversation) hears(w *icomettest.WebSocket, want ...string) {
	v.t.Helper()
	for _, text := range want {
		v.same("message", v.show(w.Message()), text)
	}
}

// says sends a command, and wants these answers.
func (v *conversation) says(w *icomettest.WebSocket, command string, want ...string) {
	v.t.Helper()
	w.Say(v.real(command))
	v.hears(w, want...)
}

// anybodyMayPublish opens channels to publishers by WebSocket.
func anybodyMayPublish(patterns ...string) func(o *server.Options) {
	return func(o *server.Options) { o.Config.Front.Publish = patterns }
}

func TestWebSocketSubscribesAndUnsubscribesAtAnyTime(t *testing.T) {
	v := converse(t, history(4))
	v.push("a", "1", "2")
	w := v.webSocket("/ws?cname=a&seq=2")
	v.hears(w, subscribed("a", 2, "E1"), data("a", 2, "E1", "2"))
	v.says(w, `{"id":1,"cmd":"subscribe","cname":"b"}`, `{"type":"subscribed","id":1,"cname":"b","seq":1,"epoch":"E2"}`)
	v.push("b", "1")
	v.push("a", "3")
	v.hears(w, data("b", 1, "E2", "1"), data("a", 3, "E1", "3"))
	v.says(w, `{"id":2,"cmd":"unsubscribe","cname":"a"}`, `{"type":"unsubscribed","id":2,"cname":"a"}`)
	v.push("a", "4", "5", "6", "7")
	v.says(w, `{"cmd":"ping"}`, `{"type":"pong"}`)
	v.says(w, `{"id":3,"cmd":"subscribe","cname":"a","seq":4,"epoch":"E1"}`, `{"type":"subscribed","id":3,"cname":"a","seq":4,"epoch":"E1"}`,
		data("a", 4, "E1", "4"), data("a", 5, "E1", "5"), data("a", 6, "E1", "6"), data("a", 7, "E1", "7"))
	v.says(w, `{"cmd":"subscribe","channels":[{"cname":"a"},{"cname":"c","last":3},{"cname":"d","since":0}]}`,
		`{"type":"error","code":409,"cname":"a","text":"subscribed already"}`, subscribed("c", 1, "E3"), subscribed("d", 1, "E4"))
	v.admin("/close?cname=a")
	v.hears(w, `{"type":"close","cname":"a","seq":8,"epoch":"E1"}`)
	v.push("a", "again")
	v.says(w, `{"cmd":"subscribe","cname":"a","seq":8,"epoch":"E1"}`, subscribed("a", 1, "E5"), gap("a", "E5", 1, 0, "restarted"),
		data("a", 1, "E5", "again"))
	v.says(w, `{"id":9,"cmd":"unsubscribe","cname":"nosuch"}`, `{"type":"error","id":9,"code":404,"cname":"nosuch","text":"not subscribed"}`)
	w.Close()
	v.s.AwaitSubscribers(t, 0)
	if _, subscribers := v.counts(); subscribers != 0 {
		t.Errorf("%d subscribers are left", subscribers)
	}
}

func TestWebSocketWithoutChannelsStays(t *testing.T) {
	v := converse(t, func(o *server.Options) { o.Config.Front.PollingTimeout = time.Second })
	w := v.s.DialWebSocket(t, "/ws", "Sec-WebSocket-Protocol: chat, icomet.v1.json")
	v.hears(w, `{"type":"hello","v":1,"noop":1}`, `{"type":"noop"}`, `{"type":"noop"}`)
	v.says(w, `{"cmd":"subscribe","cname":"a"}`, subscribed("a", 1, "E1"))
	v.says(w, `{"cmd":"unsubscribe","cname":"a"}`, `{"type":"unsubscribed","cname":"a"}`, `{"type":"noop"}`)
	w.SendFrame(ws.Fin|ws.OpPing, "are you there")
	if e := w.Event(); e.Kind != ws.Pong || string(e.Payload) != "are you there" {
		t.Errorf("got %v %q", e.Kind, e.Payload)
	}
	w.SendFrame(ws.Fin|ws.OpClose, "\x03\xe8bye")
	if e := w.Event(); e.Kind != ws.Close || e.Code != ws.CloseNormal {
		t.Errorf("got %v %v", e.Kind, e.Code)
	}
	w.AwaitEnd()
}

func TestWebSocketPublishesWherePermitted(t *testing.T) {
	v := converse(t, anybodyMayPublish("chat-*", "exact"))
	w := v.webSocket("/ws?cname=chat-1&cname=exact&cname=exactly")
	v.hears(w, subscribed("chat-1", 1, "E1"), subscribed("exact", 1, "E2"), subscribed("exactly", 1, "E3"))
	old := v.open("/stream?cname=chat-1&seq=1")
	heard := func(command, message string, answer string) {
		t.Helper()
		w.Say(command)
		got := map[string]bool{v.show(w.Message()): true, v.show(w.Message()): true}
		if !got[message] || !got[answer] {
			t.Errorf("%s: heard %v", command, got)
		}
	}
	heard(`{"id":1,"cmd":"publish","cname":"chat-1","content":"say \"hi\"\n\u2028<"}`,
		`{"type":"data","cname":"chat-1","seq":1,"epoch":"E1","content":"say \"hi\"\n`+"\u2028"+`<"}`,
		`{"type":"published","id":1,"cname":"chat-1","seq":1,"epoch":"E1"}`)
	heard(`{"cmd":"publish","cname":"chat-1","data":{ "a" : [1, "x y"] },"event":"price"}`,
		`{"type":"data","cname":"chat-1","seq":2,"epoch":"E1","event":"price","data":{"a":[1,"x y"]}}`,
		`{"type":"published","cname":"chat-1","seq":2,"epoch":"E1"}`)
	heard(`{"cmd":"publish","cname":"exact","base64":"AAEC"}`,
		`{"type":"data","cname":"exact","seq":1,"epoch":"E2","base64":"AAEC"}`,
		`{"type":"published","cname":"exact","seq":1,"epoch":"E2"}`)
	v.says(w, `{"id":4,"cmd":"publish","cname":"exactly","content":"x"}`,
		`{"type":"error","id":4,"code":403,"cname":"exactly","text":"publishing to this channel is not permitted"}`)
	v.chunks(old, `{"type":"data","cname":"chat-1","seq":1,"content":"say \"hi\"\n`+"\u2028"+`<"}`+"\n",
		`{"type":"data","cname":"chat-1","seq":2,"content":"{\"a\":[1,\"x y\"]}"}`+"\n")
	sse := v.open("/sse?cname=chat-1&seq=2&epoch=E1")
	v.chunks(sse, "data: "+hello+"\n\n", "id: E1.2\ndata: "+subscribed("chat-1", 2, "E1")+"\n\n",
		"event: price\nid: E1.3\n"+`data: {"type":"data","cname":"chat-1","seq":2,"epoch":"E1","event":"price","data":{"a":[1,"x y"]}}`+"\n\n")
}

func TestWebSocketGetsBytesAsBytesIfItWants(t *testing.T) {
	v := converse(t, anybodyMayPublish("*"))
	w := v.webSocket("/ws?binary=1&cname=a")
	v.hears(w, subscribed("a", 1, "E1"))
	w.Say(`{"cmd":"publish","cname":"a","base64":"AAH/"}`)
	var texts, bytes []string
	for range 2 {
		if e := w.Event(); e.Kind == ws.Binary {
			bytes = append(bytes, v.show(string(e.Payload)))
		} else {
			texts = append(texts, v.show(string(e.Payload)))
		}
	}
	if want := `{"type":"data","cname":"a","seq":1,"epoch":"E1"}` + "\n\x00\x01\xff"; len(bytes) != 1 || bytes[0] != want {
		t.Errorf("%q and %q, want %q", bytes, texts, want)
	}
}

func TestWebSocketCompresses(t *testing.T) {
	v := converse(t)
	long := strings.Repeat("long ", 1000)
	v.push("a", "short", long)
	w := v.webSocket("/ws?cname=a&seq=1&v=1", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")
	if !w.Deflate {
		t.Fatal("no compression was agreed on")
	}
	v.hears(w, subscribed("a", 1, "E1"), data("a", 1, "E1", "short"), data("a", 2, "E1", long))
	others := []*icomettest.WebSocket{v.webSocket("/ws?cname=a&seq=3&v=1"),
		v.webSocket("/ws?cname=a&seq=3&v=1", "Sec-WebSocket-Extensions: permessage-deflate")}
	v.push("a", long)
	for _, other := range others {
		v.hears(other, subscribed("a", 3, "E1"), data("a", 3, "E1", long))
	}
	v.hears(w, data("a", 3, "E1", long))
}

// A command that is wrong is answered, and the connection stays; after badCommandsMax it is closed.
func TestWrongCommandsAreAnsweredAndCounted(t *testing.T) {
	v := converse(t, anybodyMayPublish("*"))
	cases := []struct{ command, want string }{
		{`hello`, "a command is one JSON object"},
		{``, "a command is one JSON object"},
		{`{"cmd":"ping"} {}`, "there is something behind the command"},
		{`{"cmd":"fly"}`, "cmd is none of subscribe, unsubscribe, publish, members, auth and ping"},
		{`[]`, "a command is a JSON object, not a JSON array"},
		{`{"cmd":"ping","id":"x"}`, "id cannot be a JSON string"},
		{`{"cmd":"subscribe","colour":1}`, `unknown key "colour"`},
		{`{"cmd":"subscribe"}`, "cname is missing"},
		{`{"cmd":"subscribe","channels":[{}]}`, "cname is missing"},
		{`{"cmd":"subscribe","cname":"a","channels":[{"cname":"b"}]}`, "cname and channels exclude each other"},
		{`{"cmd":"subscribe","cname":"a","seq":-1}`, "seq and last must be numbers from 0 to 2^53-1"},
		{`{"cmd":"subscribe","cname":"a","epoch":"x"}`, "epoch is not one that this server gave"},
		{`{"cmd":"subscribe","cname":"a","since":"never"}`, "since must be seconds since 1970, or a time such as 2026-01-02T15:04:05Z"},
		{`{"cmd":"publish","cname":"a"}`, "exactly one of content, data and base64 is needed"},
		{`{"cmd":"publish","cname":"a","base64":"?"}`, "base64 is not base64 with padding"},
		{`{"cmd":"publish","cname":"a","content":"x","event":"a\nb"}`, "event must be a name of at most 128 bytes without quotes, backslashes and control characters"},
		{`{"cmd":"unsubscribe"}`, "cname is missing"},
		{`{"id":-1,"cmd":"ping"}`, "id must be a number from 0 to 2^53-1"},
	}
	for _, c := range cases {
		w := v.webSocket("/ws")
		w.Say(c.command)
		if got := w.Message(); !strings.HasPrefix(got, `{"type":"error","code":400,"text":"`) || !strings.Contains(got, strings.ReplaceAll(c.want, `"`, `\"`)) {
			t.Errorf("%s: %s", c.command, got)
		}
		v.says(w, `{"id":1,"cmd":"ping"}`, `{"type":"pong","id":1}`)
		w.Close()
	}
	w := v.webSocket("/ws")
	for range 16 {
		w.Say("?")
	}
	for range 16 {
		w.Message()
	}
	if code := w.AwaitCode(); code != ws.CloseBadCommands {
		t.Errorf("closed with %v", code)
	}
}

func TestBrokenFramesCloseTheWebSocketThatSentThem(t *testing.T) {
	v := converse(t)
	other := v.webSocket("/ws?cname=a")
	v.hears(other, subscribed("a", 1, "E1"))
	for name, c := range map[string]struct {
		first   byte
		payload string
		want    ws.Code
	}{
		"bytes as a command": {ws.Fin | ws.OpBinary, "x", ws.CloseUnsupported},
		"not UTF-8":          {ws.Fin | ws.OpText, "\xff", ws.CloseNotUTF8},
		"too large":          {ws.Fin | ws.OpText, strings.Repeat(" ", 64<<10+1), ws.CloseTooLarge},
		"reserved bit":       {ws.Fin | 0x20 | ws.OpText, "x", ws.CloseProtocol},
		"reserved opcode":    {ws.Fin | 3, "x", ws.CloseProtocol},
	} {
		w := v.webSocket("/ws?cname=a")
		v.hears(w, subscribed("a", 1, "E1"))
		w.SendFrame(c.first, c.payload)
		if e := w.Event(); e.Kind != ws.Close || e.Code != c.want {
			t.Errorf("%s: %v %v, want %v", name, e.Kind, e.Code, c.want)
		}
		w.Close()
	}
	w := v.webSocket("/ws?cname=a")
	v.hears(w, subscribed("a", 1, "E1"))
	w.Send("\x81\x01x") // not masked
	if code := w.AwaitCode(); code != ws.CloseProtocol {
		t.Errorf("a frame that is not masked: %v", code)
	}
	v.s.AwaitSubscribers(t, 1)
	v.push("a", "x")
	v.hears(other, data("a", 1, "E1", "x"))
}

func TestCommandsInPiecesAndInOneGo(t *testing.T) {
	v := converse(t)
	w := v.s.DialWebSocket(t, "/ws")
	v.hears(w, hello)
	var frames []byte
	for i := range 50 {
		frames = ws.AppendMasked(frames, ws.Fin|ws.OpText, fmt.Appendf(nil, `{"id":%d,"cmd":"ping"}`, i), [4]byte{byte(i), 2, 3, 4})
	}
	w.Send(string(frames))
	for i := range 50 {
		v.hears(w, fmt.Sprintf(`{"type":"pong","id":%d}`, i))
	}
	frames = ws.AppendMasked(nil, ws.OpText, []byte(`{"id":1,`), [4]byte{1, 2, 3, 4})
	frames = ws.AppendMasked(frames, ws.Fin|ws.OpPing, []byte("between"), [4]byte{1, 2, 3, 4})
	frames = ws.AppendMasked(frames, ws.Fin|ws.OpContinuation, []byte(`"cmd":"ping"}`), [4]byte{4, 3, 2, 1})
	for _, b := range frames {
		w.Send(string([]byte{b}))
	}
	if e := w.Event(); e.Kind != ws.Pong || string(e.Payload) != "between" {
		t.Errorf("got %v %q", e.Kind, e.Payload)
	}
	v.hears(w, `{"type":"pong","id":1}`)
	pad := strings.Repeat(" ", 60<<10)
	v.says(w, pad+`{"id":2,"cmd":"ping"}`, `{"type":"pong","id":2}`)
}

func TestHandshakesAreChecked(t *testing.T) {
	v := converse(t)
	good := icomettest.UpgradeHeaders()
	for name, c := range map[string]struct {
		method, target string
		headers        []string
		status         int
		header         string
	}{
		"plain request":       {"GET", "/ws?cname=a", nil, 400, ""},
		"POST":                {"POST", "/ws", good, 405, "Allow"},
		"another version":     {"GET", "/ws", append(good[:2:2], "Sec-WebSocket-Version: 8", good[3]), 426, "Sec-WebSocket-Version"},
		"no key":              {"GET", "/ws", good[:3], 400, ""},
		"another subprotocol": {"GET", "/ws", append(good[:4:4], "Sec-WebSocket-Protocol: mqtt"), 400, ""},
		"wrong parameter":     {"GET", "/ws?cname=a&seq=x", good, 400, ""},
	} {
		client := v.s.DialFront(t)
		client.Request(c.method, c.target, "", c.headers...)
		a := client.Answer()
		if a.Status != c.status || c.header != "" && a.Header(c.header) == "" {
			t.Errorf("%s:\n%s\n%s", name, a.Head, a.Body)
		}
		client.Close()
	}
}

// What a client sends right behind the handshake is not lost.
func TestCommandsBehindTheHandshake(t *testing.T) {
	v := converse(t)
	c := v.s.DialFront(t)
	frame := ws.AppendMasked(nil, ws.Fin|ws.OpText, []byte(`{"cmd":"ping"}`), [4]byte{1, 2, 3, 4})
	c.Send("GET /ws HTTP/1.1\r\nHost: test\r\n" + strings.Join(icomettest.UpgradeHeaders(), "\r\n") + "\r\n\r\n" + string(frame))
	if a := c.Head(); a.Status != 101 {
		t.Fatal(a.Head)
	}
	v.same("frames", c.Bytes(2+len(hello)+2+len(`{"type":"pong"}`)), "\x81\x20"+hello+"\x81\x0f"+`{"type":"pong"}`)
}

func TestServerThatStopsClosesWebSockets(t *testing.T) {
	v := converse(t)
	idle, busy := v.webSocket("/ws"), v.webSocket("/ws?cname=a&cname=b")
	v.hears(busy, subscribed("a", 1, "E1"), subscribed("b", 1, "E2"))
	stopped := make(chan error, 1)
	go func() { stopped <- v.s.Stop(t.Context()) }()
	for _, w := range []*icomettest.WebSocket{idle, busy} {
		if code := w.AwaitCode(); code != ws.CloseGoingAway {
			t.Errorf("closed with %v", code)
		}
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// A client that sends commands and reads no answers is not read from, and is closed in the end.
func TestWebSocketThatReadsNothingIsNotReadFrom(t *testing.T) {
	v := converse(t, outputBytes(4096), func(o *server.Options) { o.Config.Front.SendTimeout = time.Second })
	w := v.webSocket("/ws")
	w.Shrink()
	frame := string(ws.AppendMasked(nil, ws.Fin|ws.OpPing, []byte(strings.Repeat("x", 125)), [4]byte{1, 2, 3, 4}))
	w.FloodUntilClosed(strings.Repeat(frame, 100))
	v.s.AwaitSubscribers(t, 0)
}
