package delivery_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/hub"
)

// envelope is a message as a client sees it.
type envelope struct {
	Type    string `json:"type"`
	Name    string `json:"cname"`
	Seq     int32  `json:"seq"`
	Content string `json:"content"`
}

// parse reads one envelope and holds it to the form that simple clients search for.
func parse(t testing.TB, text string) (e envelope) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&e); err != nil || decoder.More() {
		t.Fatalf("%q is not one envelope: %v", text, err)
	}
	if !strings.HasPrefix(text, `{"type":"`+e.Type+`","cname":"`) || !strings.Contains(text, fmt.Sprintf(`","seq":%d,"content":"`, e.Seq)) {
		t.Fatalf("keys, order or spaces of %q are not the original's", text)
	}
	return e
}

func message(name, text string) *hub.Message {
	return &hub.Message{Type: hub.Data, Channel: name, Seq: 7, Payload: hub.Payload{Content: string(delivery.AppendContent(nil, text))}}
}

// want is what a client must understand of message(name, text).
func want(name, text string) envelope { return envelope{"data", repaired(name), 7, repaired(text)} }

// unwrap takes the form of a kind away and returns the JSON text.
func unwrap(t testing.TB, frame, before, after string) string {
	t.Helper()
	inner, ok := strings.CutPrefix(frame, before)
	inner, ok2 := strings.CutSuffix(inner, after)
	if !ok || !ok2 {
		t.Fatalf("%q is not %q...%q", frame, before, after)
	}
	if !utf8.ValidString(inner) || strings.ContainsAny(inner, "\r\n\x00") {
		t.Fatalf("%q has a raw newline, NUL or bad UTF-8", inner)
	}
	return inner
}

// scriptSafe fails for what could end a script element, or a line of old JavaScript.
func scriptSafe(t testing.TB, text string) {
	t.Helper()
	if strings.ContainsAny(text, "<\u2028\u2029") {
		t.Fatalf("%q must not stand in a script", text)
	}
}

// checkKinds sends a message through all kinds and reads it back.
func checkKinds(t testing.TB, name, text string) {
	t.Helper()
	m, want := message(name, text), want(name, text)
	frame := func(e delivery.Encoder) string { return string(e.AppendFrame(nil, m)) }
	check := func(kind, inner string) {
		t.Helper()
		if got := parse(t, inner); got != want {
			t.Fatalf("%s of name %q, text %q: %+v, want %+v", kind, name, text, got, want)
		}
	}
	check("poll", unwrap(t, frame(delivery.Of(delivery.Poll)), "", "\n"))
	check("stream", unwrap(t, frame(delivery.Of(delivery.Stream)), "", "\n"))
	check("sse", unwrap(t, frame(delivery.Of(delivery.SSE)), "id: 7\ndata: ", "\n\n"))

	page := unwrap(t, frame(delivery.Of(delivery.Iframe)), "<script>parent.icomet_cb(", ");</script>\n")
	scriptSafe(t, page)
	check("iframe", page)
	call := unwrap(t, frame(delivery.JSONP{Callback: "a.b"}), "a.b(", ");\n")
	scriptSafe(t, call)
	check("jsonp", call)
}

func TestAnyBytesReachClientsOfEveryKind(t *testing.T) {
	for _, text := range texts() {
		checkKinds(t, "name", text)
		checkKinds(t, text, "text")
	}
}

func FuzzKinds(f *testing.F) {
	for _, b := range boundaries {
		f.Add(b, "</script>"+b)
		f.Add("\n\ndata: "+b, b)
	}
	f.Fuzz(func(t *testing.T, name, text string) { checkKinds(t, name, text) })
}

func TestSeqIsThatOfTheWire(t *testing.T) {
	for seq, want := range map[int64]string{1: "1", 1<<31 - 1: "2147483647", 1 << 31: "-2147483648", 1<<32 + 5: "5"} {
		m := &hub.Message{Type: hub.Data, Channel: "c", Seq: seq}
		if got := string(delivery.AppendMessage(nil, m)); got != `{"type":"data","cname":"c","seq":`+want+`,"content":""}` {
			t.Errorf("seq %d: %s", seq, got)
		}
	}
}

func TestPollSendsSeveralMessagesAsArray(t *testing.T) {
	a, b := message("c", "<a>"), message("c", "b")
	const first, second = `{"type":"data","cname":"c","seq":7,"content":"<a>"}`, `{"type":"data","cname":"c","seq":7,"content":"b"}`
	for got, want := range map[string]string{
		string(delivery.Of(delivery.Poll).AppendFrame(nil, a, b)):              "[" + first + "," + second + "]\n",
		string(delivery.Of(delivery.Poll).AppendFrame([]byte("x"), b)):         "x" + second + "\n",
		string(delivery.AppendArray(nil, []*hub.Message{b})):                   "[" + second + "]",
		string(delivery.JSONP{Callback: "f"}.AppendFrame(nil, a, b)):           "f([" + strings.ReplaceAll(first, "<", `\u003c`) + "," + second + "]);\n",
		string(delivery.Of(delivery.Stream).AppendFrame(nil, a, b)):            first + "\n" + second + "\n",
		string(delivery.AppendCall([]byte("x"), "", []byte(`{"a":"\u2029"}`))): `x({"a":"\u2029"});` + "\n",
	} {
		if got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

// The id is the number that a browser sends back: that of the last message the client has.
func TestEventsSayWhereToResume(t *testing.T) {
	for kind, id := range map[hub.Type]string{
		hub.Data: "id: 7\n", hub.Broadcast: "id: 7\n", hub.NextSeq: "id: 6\n", hub.Noop: "", hub.Close: "", hub.TokenError: "", hub.TooManyChannels: "",
	} {
		m := &hub.Message{Type: kind, Channel: "c", Seq: 7}
		got := string(delivery.Of(delivery.SSE).AppendFrame(nil, m))
		if want := id + "data: " + string(delivery.AppendMessage(nil, m)) + "\n\n"; got != want {
			t.Errorf("%v: %q, want %q", kind, got, want)
		}
	}
}

func TestKindsSayTheirTypes(t *testing.T) {
	for kind, want := range map[delivery.Kind][2]string{
		delivery.Poll: {"poll", "application/json; charset=utf-8"}, delivery.Stream: {"stream", "application/json; charset=utf-8"},
		delivery.Iframe: {"iframe", "text/html; charset=utf-8"}, delivery.SSE: {"sse", "text/event-stream; charset=utf-8"},
	} {
		e := delivery.Of(kind)
		if kind.String() != want[0] || e.ContentType() != want[1] || kind.Endless() == (kind == delivery.Poll) {
			t.Errorf("kind %v: type %q, endless %t", kind, e.ContentType(), kind.Endless())
		}
		if hasPage := len(e.AppendPreamble(nil)) > 0; hasPage != (kind == delivery.Iframe) {
			t.Errorf("kind %v begins with %q", kind, e.AppendPreamble(nil))
		}
	}
	if j := (delivery.JSONP{Callback: "f"}); j.ContentType() != "text/javascript; charset=utf-8" || len(j.AppendPreamble(nil)) > 0 {
		t.Errorf("JSONP is %q", j.ContentType())
	}
}

func TestCallbacksAreDottedNames(t *testing.T) {
	for _, good := range []string{"f", "icomet_cb_0", "jQuery123_456", "a.b.c", "$", "_", "$.x9", strings.Repeat("a", 256)} {
		if !delivery.IsCallback(good) || !delivery.IsCallback([]byte(good)) {
			t.Errorf("%q is refused", good)
		}
	}
	bad := []string{"", ".", "a.", ".a", "a..b", "1a", "a.1", "a b", "a(", "alert(1)//", "<script>", "a;b", "a-b", "a[0]", "é", "a\x00", "a\n", "a\u2028", strings.Repeat("a", 257)}
	for b := range 256 {
		if c := byte(b); !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '$' || c == '.') {
			bad = append(bad, "a"+string([]byte{c})+"b")
		}
	}
	for _, name := range bad {
		if delivery.IsCallback(name) {
			t.Errorf("%q is accepted", name)
		}
	}
}

func TestEncodingAllocsNothing(t *testing.T) {
	m := message("channel", "text with \"quotes\", 日本語 and \x00")
	buffer := make([]byte, 0, 4096)
	for name, encode := range map[string]func(){
		"AppendContent": func() { delivery.AppendContent(buffer, m.Content) },
		"IsContent":     func() { delivery.IsContent([]byte(`\u4f60\ud83d\ude00`)) },
		"IsCallback":    func() { delivery.IsCallback("a.b.c") },
		"poll":          func() { delivery.Of(delivery.Poll).AppendFrame(buffer, m) },
		"stream":        func() { delivery.Of(delivery.Stream).AppendFrame(buffer, m) },
		"sse":           func() { delivery.Of(delivery.SSE).AppendFrame(buffer, m) },
	} {
		// The slice of messages that the call through the interface needs is one allocation.
		allowed := 0.0
		if name == "poll" || name == "stream" || name == "sse" {
			allowed = 1
		}
		if n := testing.AllocsPerRun(100, encode); n > allowed {
			t.Errorf("%s allocates %v times, at most %v are allowed", name, n, allowed)
		}
	}
}
