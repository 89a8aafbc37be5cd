package front

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/http1"
	"github.com/icomet/icomet/internal/hub"
)

var noon = clock{hub: 1000, world: time.Unix(1_700_000_000, 0)}

// What is taken for a command is one JSON object, and what it asks for is within bounds.
func FuzzCommand(f *testing.F) {
	for _, text := range []string{
		`{"id":1,"cmd":"subscribe","cname":"a","seq":42,"epoch":"AQIDBAUGBwg","token":"t","presence":true}`,
		`{"cmd":"subscribe","channels":[{"cname":"a","last":10},{"cname":"b","since":1764000000.5}]}`,
		`{"cmd":"publish","cname":"a","data":{"a":[1,null]},"event":"e"}`, `{"cmd":"publish","cname":"a","base64":"AAEC"}`,
		`{"cmd":"ping"} x`, `{"id":9007199254740992}`, `[]`, `null`, `{"cname":"\ud800"}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cmd, err := parseCommand([]byte(text))
		if err != nil {
			return
		}
		if !json.Valid([]byte(text)) {
			t.Fatalf("%q is taken for a command", text)
		}
		if id := cmd.number(); id < delivery.NoID || id > seqMax {
			t.Fatalf("id %d", id)
		}
		if wants, err := cmd.wants(noon); err == nil {
			for _, w := range wants {
				checkStart(t, w.start)
			}
		}
		if p, err := cmd.publication(); err == nil && p.Form == hub.JSON && (!json.Valid([]byte(p.Content)) || strings.ContainsAny(p.Content, "\r\n")) {
			t.Fatalf("%q is published as %q", text, p.Content)
		}
	})
}

func checkStart(t *testing.T, s hub.Start) {
	t.Helper()
	if s.Kind == hub.FromWire || s.Seq < 0 || s.Seq > seqMax || s.Count < 0 || s.Time > noon.hub && s.Kind != hub.FromTime {
		t.Fatalf("start %+v", s)
	}
}

// Parameters are read without a look at what they are for, and a position comes back as it went out.
func FuzzOrder(f *testing.F) {
	f.Add("v=1&cname=a&seq=5&epoch=AQIDBAUGBwg&cname=b&since=2026-01-02T15:04:05Z", "AQIDBAUGBwg.5,-,*")
	f.Add("seq=last:3&cname=%00&cname=", "*")
	f.Fuzz(func(t *testing.T, query, id string) {
		o := order{kind: delivery.SSE}
		p := orderParser{order: &o, clock: noon, all: want{id: delivery.NoID, start: hub.Start{Kind: hub.FromNow}}}
		for name, value := range http1.Params(query).All {
			if p.param(name, http1.AppendUnescape(nil, value)) != "" {
				return
			}
		}
		o.resume([]byte(id))
		for _, w := range o.wants {
			checkStart(t, w.start)
			if w.start.Kind != hub.FromSeq || w.start.Epoch == 0 {
				continue
			}
			text := appendPosition(nil, w.start.Epoch, w.start.Seq)
			if epoch, next, ok := parsePosition(text); w.start.Seq > 0 && (!ok || epoch != w.start.Epoch || next != w.start.Seq) {
				t.Fatalf("%q is read as %v %d %v", text, epoch, next, ok)
			}
		}
	})
}
