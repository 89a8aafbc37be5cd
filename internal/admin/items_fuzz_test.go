package admin

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/hub"
)

// FuzzItems reads bodies as /v1/publish does. What is accepted is compared with what encoding/json reads, and
// is JSON in one line for subscribers of both protocols.
func FuzzItems(f *testing.F) {
	for _, body := range []string{
		`{"channel":"a","content":"text"}`,
		`[{"channels":["a","b"],"data":{"any":"json"},"event":"price","ttl":60,"key":"order-17","last":true},{"channel":"a","base64":"AAEC"}]`,
		"{\"channel\":\"a\",\"content\":\"1\"}\r\n\n{\"channel\":\"a\",\"data\":[null]}",
		`[{"ch\u0061nnel":"\ud800","content":"\n\\\"\u2028"},[],"]",1]`,
		`{"channel":"a","base64":"AA\nEC"}`, `["\`, `[{]`, ` [ ] x`, "{\"data\":\"\xff\xe2\x80\"}",
	} {
		f.Add(uint8(0), []byte(body))
		f.Add(uint8(1), []byte(body))
	}
	f.Fuzz(func(t *testing.T, contentType uint8, body []byte) {
		i, r := newItems([]byte([]string{"application/json", "application/jsonl"}[contentType&1]), body)
		if r != nil {
			t.Fatal(r.text)
		}
		done := false
		for !done {
			if done, r = i.check(64); r != nil {
				checkRefusal(t, r)
				if i.form == itemsInArray && r.reason == ReasonForm && json.Valid(body) {
					t.Fatalf("refused: %s: %q", r.text, body)
				}
				return
			}
		}
		readItems(t, i)
	})
}

// readItems reads all items of a body that has been checked.
func readItems(t *testing.T, i items) {
	var m item
	valid, n := true, 0
	for {
		text, ok, r := i.next()
		if r != nil {
			t.Fatalf("refused behind the check: %s: %q", r.text, i.text)
		}
		if !ok {
			break
		}
		if _, depth := valueEnd(text, 0); depth > depthMax {
			return // encoding/json has a bound of its own
		}
		n++
		valid = valid && json.Valid(text)
		if r := m.parse(text); r != nil {
			checkRefusal(t, r)
		} else {
			compare(t, text, &m)
			deliver(t, &m)
		}
	}
	var all []json.RawMessage
	if i.form == itemsInArray && (json.Unmarshal(i.text, &all) == nil) != valid || valid && all != nil && len(all) != n {
		t.Fatalf("%d items, %d for encoding/json, valid %t: %q", n, len(all), valid, i.text)
	}
}

func checkRefusal(t *testing.T, r *refusal) {
	if text := append(r.append([]byte{'{'}), '}'); !json.Valid(text) {
		t.Fatalf("the refusal is not JSON: %q", text)
	}
}

// compare compares m with what encoding/json reads in the same text.
func compare(t *testing.T, text []byte, m *item) {
	var want struct {
		Channel  *string
		Channels []string
		Content  *string
		Base64   *string
		Event    string
		TTL      float64
		Key      string
		Last     bool
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatalf("accepted: %v: %q", err, text)
	}
	if want.Channel != nil {
		want.Channels = append(want.Channels, *want.Channel)
	}
	got := string(bytes.Join(m.names, []byte{0}))
	p := &m.publication
	if got != strings.Join(want.Channels, "\x00") || m.isList == (want.Channel != nil) {
		t.Fatalf("channels %q, want %q", got, want.Channels)
	}
	if p.Event != want.Event || p.TTL != int64(want.TTL) || p.Key != want.Key || p.Alone != want.Last {
		t.Fatalf("got %+v, want %+v", p, want)
	}
	switch {
	case want.Content != nil && (p.Form != hub.Text || string(delivery.AppendContent(nil, *want.Content)) != p.Content),
		want.Base64 != nil && (p.Form != hub.Binary || p.Content != *want.Base64):
		t.Fatalf("got %+v, want %q", p, text)
	}
}

// deliver makes the messages that subscribers get.
func deliver(t *testing.T, m *item) {
	for _, name := range m.names {
		message := &hub.Message{Channel: string(name), Seq: 1, Epoch: 1, Payload: m.publication.Payload}
		for _, text := range [][]byte{delivery.AppendMessage(nil, message), delivery.AppendLive(nil, message)} {
			if !json.Valid(text) || bytes.ContainsAny(text, "\r\n") {
				t.Fatalf("not JSON in one line: %q", text)
			}
		}
	}
}
