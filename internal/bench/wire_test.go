package bench

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// replies are answers as they come over the wire, with what they mean. A cut-off answer has no end.
var replies = []struct{ name, wire, want string }{
	{"sized body", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "head body(hi) end"},
	{"empty body", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", "head end"},
	{"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=1\r\n0123456789\r\n0\r\n\r\n", "head body(abc0123456789) end"},
	{"chunks with a trailer", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\n", "head body(a) end"},
	{"until the connection closes", "HTTP/1.0 200 OK\r\n\r\nabc", "head body(abc)"},
	{"not modified has no body", "HTTP/1.1 304 Not Modified\r\n\r\n", "head end"},
	{"no content", "HTTP/1.1 204 No Content\r\n\r\n", "head end"},
	{"said to close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na", "head body(a) end close"},
	{"1.0 that stays", "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\na", "head body(a) end"},
	{"two answers", "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nz", "head end head body(z) end"},
	{"head that is not over", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", ""},
	{"no HTTP", "SSH-2.0-OpenSSH\r\n\r\n", "error"},
	{"bad chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "head error"},
	{"chunk that is too long", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", "head body(a) error"},
	{"length that is too long", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "error"},
}

func TestReplies(t *testing.T) {
	for _, c := range replies {
		t.Run(c.name, func(t *testing.T) {
			if got := readReplies([]byte(c.wire), len(c.wire)); got != c.want {
				t.Errorf("whole: %q, want %q", got, c.want)
			}
			if got := readReplies([]byte(c.wire), 1); got != c.want {
				t.Errorf("byte by byte: %q, want %q", got, c.want)
			}
		})
	}
}

// readReplies reads answers that arrive in pieces of step bytes, and writes down what they are.
func readReplies(wire []byte, step int) string {
	var r reply
	var said []string
	var body strings.Builder
	flush := func() {
		if body.Len() > 0 {
			said = append(said, "body("+body.String()+")")
			body.Reset()
		}
	}
	for start, end := 0, 0; end < len(wire); {
		end = min(end+step, len(wire))
		for wants := false; !wants; {
			last := r.close
			event, piece, used, err := r.next(wire[start:end])
			start += used
			if err != nil {
				flush()
				return strings.Join(append(said, "error"), " ")
			}
			switch event {
			case replyWants:
				wants = true
			case replyHasHead:
				said = append(said, "head")
			case replyHasBody:
				body.Write(piece)
			case replyComplete:
				flush()
				said = append(said, "end")
				if last {
					said = append(said, "close")
				}
			}
		}
	}
	flush()
	return strings.Join(said, " ")
}

// FuzzReply checks that an answer means the same however it is cut, and that nothing makes the reader use
// more than there is.
func FuzzReply(f *testing.F) {
	for _, c := range replies {
		f.Add([]byte(c.wire), 3)
	}
	f.Fuzz(func(t *testing.T, wire []byte, step int) {
		whole := readReplies(wire, max(1, len(wire)))
		if got := readReplies(wire, 1+step&0xff); got != whole {
			t.Errorf("in pieces %q, whole %q", got, whole)
		}
	})
}

func TestStampOfNchan(t *testing.T) {
	head := "HTTP/1.1 200 OK\r\nLast-Modified: Sun, 22 Nov 2026 19:00:00 GMT\r\nEtag: 3\r\n\r\n"
	s, ok := stampOf([]byte(head))
	if !ok {
		t.Fatal("no stamp")
	}
	const want = "If-Modified-Since: Sun, 22 Nov 2026 19:00:00 GMT\r\nIf-None-Match: 3\r\n"
	if got := string(s.appendTo(nil)); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if _, ok := stampOf([]byte("HTTP/1.1 200 OK\r\nEtag: 3\r\n\r\n")); ok {
		t.Error("a head without a time has a stamp")
	}
	if got := stamp(0).appendTo(nil); len(got) != 0 {
		t.Errorf("the beginning asks for %q", got)
	}
}

func TestUnwrap(t *testing.T) {
	for _, c := range []struct {
		transport  Transport
		line, want string
	}{
		{Poll, "{}\n", "{}"},
		{Poll, "\n", ""},
		{JSONP, "icomet_cb({});\n", "{}"},
		{JSONP, "other({});\n", ""},
		{Stream, "{}\r", "{}"},
		{SSE, "data: {}", "{}"},
		{SSE, "data:{}", "{}"},
		{SSE, "id: 7", ""},
		{SSE, "", ""},
		{SSE, ": comment", ""},
		{Iframe, "<script>parent.icomet_cb({});</script>", "{}"},
		{Iframe, "<html><head>", ""},
	} {
		if got := string(c.transport.unwrap([]byte(c.line))); got != c.want {
			t.Errorf("%v %q: %q, want %q", c.transport, c.line, got, c.want)
		}
	}
}

func TestEnvelopes(t *testing.T) {
	m, ok := parseEnvelope([]byte(`{"type":"data","cname":"q","seq":-7,"content":"a\"b"}`))
	if !ok || string(m.kind) != "data" || m.seq != -7 || string(m.content) != `a\"b` {
		t.Errorf("%+v %v", m, ok)
	}
	for _, bad := range []string{"", "{}", `{"type":"data"}`, `{"type":"data","cname":"q","seq":x,"content":""}`,
		`{"type":"data","cname":"q","seq":1,"content":"`, `[{"type":"data","cname":"q","seq":1,"content":""}]`} {
		if _, ok := parseEnvelope([]byte(bad)); ok {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestArrayIsTakenApart(t *testing.T) {
	const one, two = `{"a":"}]\"{"}`, `{"b":{"c":[1]}}`
	object, rest := nextObject([]byte(one + "," + two + "]"))
	if string(object) != one {
		t.Errorf("first: %q", object)
	}
	if object, rest = nextObject(rest); string(object) != two {
		t.Errorf("second: %q", object)
	}
	if object, _ = nextObject(rest); object != nil {
		t.Errorf("behind the last: %q", object)
	}
}

func TestMarksComeBackWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := mark{rapid.Uint32().Draw(t, "serial"), rapid.Int64Range(0, 1<<62).Draw(t, "sent")}
		size := rapid.IntRange(markBytesMin, 300).Draw(t, "size")
		text := want.append(nil, size)
		got, ours, whole := parseMark(text, size)
		if got != want || !ours || !whole {
			t.Fatalf("%q: %+v ours %v whole %v", text, got, ours, whole)
		}
		if _, _, whole := parseMark(text[:len(text)-1], size); whole {
			t.Fatal("a mark that was cut counts as whole")
		}
	})
	if _, ours, _ := parseMark([]byte("hello"), 5); ours {
		t.Error("a message of others counts as ours")
	}
}

// TestTrackAgainstModel delivers serials in any order, some twice and some never, and compares with a set.
func TestTrackAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var k track
		seen := map[uint32]bool{}
		var lost int64
		for range rapid.IntRange(1, 60).Draw(t, "messages") {
			// Not so far back that it leaves the window.
			low := uint32(max(1, int64(k.last)-trackWindow+1))
			serial := rapid.Uint32Range(low, k.last+5).Draw(t, "serial")
			s, missing := k.see(serial)
			lost += int64(missing)
			switch {
			case seen[serial] != (s == sightDoubled):
				t.Fatalf("serial %d: sight %d, seen before: %v", serial, s, seen[serial])
			case s == sightLate:
				lost--
			}
			seen[serial] = true
			if want := int64(k.last) - int64(len(seen)); lost != want {
				t.Fatalf("%d are missing of %d, want %d", lost, k.last, want)
			}
		}
	})
}

func TestPatterns(t *testing.T) {
	p, err := parsePattern("/sub/{channel}?s={seq}&n={noop}&c={content}.")
	if err != nil {
		t.Fatal(err)
	}
	v := values{channel: nameOf(1, 2), seq: -3, noop: 4, content: []byte("hi")}
	want := fmt.Sprintf("/sub/%s?s=-3&n=4&c=hi.", v.channel)
	if got := string(p.append(nil, &v)); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for _, bad := range []string{"{", "{channel", "{cname}", "{}"} {
		if _, err := parsePattern(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestNamesDiffer(t *testing.T) {
	names := map[channelName]bool{}
	for k := range uint32(10_000) {
		names[nameOf(7, k)] = true
	}
	if len(names) != 10_000 || names[nameOf(8, 0)] {
		t.Errorf("%d names of 10000 differ", len(names))
	}
	if got := nameOf(7, 1).String(); len(got) != 16 {
		t.Errorf("name %q", got)
	}
}
