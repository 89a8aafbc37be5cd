package delivery_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/hub"
)

// v1Text is a message of v1 as a client reads it.
type v1Text struct {
	Type    string          `json:"type"`
	ID      *int64          `json:"id"`
	Name    string          `json:"cname"`
	Seq     int64           `json:"seq"`
	Epoch   string          `json:"epoch"`
	Event   string          `json:"event"`
	Content *string         `json:"content"`
	Data    json.RawMessage `json:"data"`
	Base64  *string         `json:"base64"`
}

func parseV1(t testing.TB, text string) (m v1Text) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&m); err != nil || decoder.More() {
		t.Fatalf("%q is not one message of v1: %v", text, err)
	}
	return m
}

// payloads are the same text in all forms.
func payloads(t testing.TB, text string) map[string]hub.Payload {
	t.Helper()
	value, err := json.Marshal(map[string]string{"text": text})
	if err != nil {
		t.Fatal(err)
	}
	bytes := base64.StdEncoding.EncodeToString([]byte(text))
	all := map[string]hub.Payload{}
	for name, args := range map[string]struct {
		content, b64 *string
		data         json.RawMessage
	}{"content": {content: &text}, "data": {data: value}, "base64": {b64: &bytes}} {
		p, err := delivery.NewPayload(args.content, args.data, args.b64, "")
		if err != nil {
			t.Fatal(err)
		}
		all[name] = p
	}
	return all
}

// checkV1 sends text in all forms through all kinds, and reads it back.
func checkV1(t testing.TB, name, text string) {
	t.Helper()
	for form, p := range payloads(t, text) {
		m := &hub.Message{Type: hub.Data, Channel: name, Seq: 1 << 40, Epoch: 1, Payload: p}
		json := delivery.AppendLive(nil, m)
		for kind, around := range carriers(form) {
			inner := unwrap(t, string(kind.AppendText(nil, json)), around[0], around[1])
			if strings.HasSuffix(around[0], "(") {
				scriptSafe(t, inner)
			}
			got := parseV1(t, inner)
			if got.Type != "data" || got.Name != repaired(name) || got.Seq != 1<<40 || got.Epoch != "AAAAAAAAAAE" || payloadText(t, &got) != understood(form, text) {
				t.Fatalf("%s of name %q, text %q: %+v", form, name, text, got)
			}
		}
	}
}

// carriers are the kinds that a form is sent through, each with the text around a message: all kinds carry JSON alike,
// so for most forms the barest and the one that escapes will do.
func carriers(form string) map[delivery.Encoder][2]string {
	kinds := map[delivery.Encoder][2]string{
		delivery.Of(delivery.Stream): {"", "\n"},
		delivery.Of(delivery.Iframe): {"<script>parent.icomet_cb(", ");</script>\n"},
	}
	if form == "content" {
		kinds[delivery.Of(delivery.SSE)] = [2]string{"data: ", "\n\n"}
		kinds[delivery.Of(delivery.Poll)] = [2]string{"", "\n"}
		kinds[delivery.JSONP{Callback: "a.b"}] = [2]string{"a.b(", ");\n"}
		kinds[delivery.Of(delivery.WebSocket)] = [2]string{"", ""}
	}
	return kinds
}

// understood is what a client must understand of a text in a form: only bytes come through as they are.
func understood(form, text string) string {
	if form == "base64" {
		return text
	}
	return repaired(text)
}

// payloadText is the text in any of the forms.
func payloadText(t testing.TB, m *v1Text) string {
	t.Helper()
	switch {
	case m.Content != nil:
		return *m.Content
	case m.Base64 != nil:
		bytes, err := base64.StdEncoding.DecodeString(*m.Base64)
		if err != nil {
			t.Fatal(err)
		}
		return string(bytes)
	}
	var value map[string]string
	if err := json.Unmarshal(m.Data, &value); err != nil {
		t.Fatalf("%v in %q", err, m.Data)
	}
	return value["text"]
}

func TestAnyBytesReachClientsOfV1(t *testing.T) {
	for _, text := range texts() {
		checkV1(t, "name", text)
		checkV1(t, text, "text")
	}
}

func FuzzKindsOfV1(f *testing.F) {
	for _, b := range boundaries {
		f.Add(b, "</script>"+b)
	}
	f.Fuzz(func(t *testing.T, name, text string) { checkV1(t, name, text) })
}

func TestMessagesOfV1(t *testing.T) {
	const epoch = hub.Epoch(0x0102030405060708)
	p := delivery.Position{Epoch: epoch, Next: 42}
	m := &hub.Message{Type: hub.Broadcast, Channel: "a", Seq: 42, Epoch: epoch, Payload: hub.Payload{Content: "[1]", Form: hub.JSON, Event: "e"}}
	for got, want := range map[string]string{
		string(delivery.AppendHello(nil, 30)):                                                                         `{"type":"hello","v":1,"noop":30}`,
		string(delivery.AppendHeartbeat(nil)):                                                                         `{"type":"noop"}`,
		string(delivery.AppendSubscribed(nil, delivery.NoID, "a", p)):                                                 `{"type":"subscribed","cname":"a","seq":42,"epoch":"AQIDBAUGBwg"}`,
		string(delivery.AppendSubscribed(nil, 0, "\"", p)):                                                            `{"type":"subscribed","id":0,"cname":"\"","seq":42,"epoch":"AQIDBAUGBwg"}`,
		string(delivery.AppendPublished(nil, 7, "a", p)):                                                              `{"type":"published","id":7,"cname":"a","seq":42,"epoch":"AQIDBAUGBwg"}`,
		string(delivery.AppendUnsubscribed(nil, 7, "a")):                                                              `{"type":"unsubscribed","id":7,"cname":"a"}`,
		string(delivery.AppendPong(nil, 7)):                                                                           `{"type":"pong","id":7}`,
		string(delivery.AppendAuthorized(nil, 7, time.Time{})):                                                        `{"type":"authorized","id":7}`,
		string(delivery.AppendAuthorized(nil, 7, time.Unix(99, 0))):                                                   `{"type":"authorized","id":7,"expires":99}`,
		string(delivery.AppendLive(nil, m)):                                                                           `{"type":"broadcast","cname":"a","seq":42,"epoch":"AQIDBAUGBwg","event":"e","data":[1]}`,
		string(delivery.AppendLiveHead(nil, m)):                                                                       `{"type":"broadcast","cname":"a","seq":42,"epoch":"AQIDBAUGBwg","event":"e"}`,
		string(delivery.AppendGap(nil, "a", epoch, &hub.Entry{Seq: 1, To: 0, Reason: hub.Restarted})):                 `{"type":"gap","cname":"a","epoch":"AQIDBAUGBwg","from":1,"to":0,"reason":"restarted"}`,
		string(delivery.AppendProblem(nil, &delivery.Problem{ID: 7, Code: 403, Channel: []byte{}, Text: "no \"x\""})): `{"type":"error","id":7,"code":403,"cname":"","text":"no \"x\""}`,
		string(delivery.AppendProblem(nil, &delivery.Problem{ID: delivery.NoID, Code: 400, Text: "no"})):              `{"type":"error","code":400,"text":"no"}`,
	} {
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestPayloadsAreChecked(t *testing.T) {
	text, b64, padless := "x", "AAEC", "AAE"
	for name, c := range map[string]struct {
		content, b64 *string
		data         json.RawMessage
		event        string
		want         error
	}{
		"nothing":           {want: delivery.ErrForm},
		"two":               {content: &text, data: json.RawMessage("1"), want: delivery.ErrForm},
		"null is a value":   {data: json.RawMessage("null")},
		"base64":            {b64: &b64},
		"without padding":   {b64: &padless, want: delivery.ErrBase64},
		"event":             {content: &text, event: "price é <b>"},
		"event of lines":    {content: &text, event: "a\nb", want: delivery.ErrEvent},
		"event with quotes": {content: &text, event: `a"b`, want: delivery.ErrEvent},
		"event not UTF-8":   {content: &text, event: "\xff", want: delivery.ErrEvent},
		"long event":        {content: &text, event: strings.Repeat("e", 129), want: delivery.ErrEvent},
	} {
		if _, err := delivery.NewPayload(c.content, c.data, c.b64, c.event); err != c.want {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestEncodingOfV1AllocsNothing(t *testing.T) {
	buffer := make([]byte, 0, 4096)
	m := &hub.Message{Type: hub.Data, Channel: "channel", Seq: 7, Epoch: 8, Payload: hub.Payload{Content: "text"}}
	json := delivery.AppendLive(nil, m)
	for name, encode := range map[string]func(){
		"AppendLive":       func() { delivery.AppendLive(buffer, m) },
		"AppendSubscribed": func() { delivery.AppendSubscribed(buffer, 7, "a", delivery.Position{Epoch: 1, Next: 2}) },
		"AppendHeartbeat":  func() { delivery.AppendHeartbeat(buffer) },
		"stream":           func() { delivery.Of(delivery.Stream).AppendText(buffer, json) },
		"sse":              func() { delivery.Of(delivery.SSE).AppendText(buffer, json) },
		"websocket":        func() { delivery.Of(delivery.WebSocket).AppendText(buffer, json) },
	} {
		if n := testing.AllocsPerRun(100, encode); n > 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}
