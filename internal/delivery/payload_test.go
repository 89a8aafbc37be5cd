package delivery_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/hub"
)

func TestPayloadsAreOneOfThreeForms(t *testing.T) {
	text := func(s string) *string { return &s }
	for _, c := range []struct {
		name    string
		content *string
		data    string
		base64  *string
		event   string
		form    hub.Form
		want    string
		err     error
	}{
		{name: "text", content: text("hi"), want: "hi"},
		{name: "empty text", content: text("")},
		{name: "text with escapes", content: text("\"\\\n\x7f\t"), want: `\"\\\n\u007f\u0009`},
		{name: "text with umlauts", content: text("ü"), want: "ü"},
		{name: "text that is not UTF-8", content: text("a\xffb"), want: "a\uFFFDb"},
		{name: "JSON", data: "{ \"a\" :\n[1, null] }", form: hub.JSON, want: `{"a":[1,null]}`},
		{name: "JSON null", data: "null", form: hub.JSON, want: "null"},
		{name: "JSON that is not UTF-8", data: "\"\xff\"", form: hub.JSON, want: "\"\uFFFD\""},
		{name: "bytes", base64: text("AAEC"), form: hub.Binary, want: "AAEC"},
		{name: "no bytes", base64: text(""), form: hub.Binary},
		{name: "bytes with padding", base64: text("AA=="), form: hub.Binary, want: "AA=="},
		{name: "bytes without padding", base64: text("AA"), err: delivery.ErrBase64},
		{name: "bytes with bits behind the end", base64: text("AB=="), err: delivery.ErrBase64},
		{name: "bytes in the alphabet of URLs", base64: text("_-__"), err: delivery.ErrBase64},
		{name: "bytes with a line feed", base64: text("AA\nEC"), err: delivery.ErrBase64},
		{name: "bytes with a carriage return at the end", base64: text("AAEC\r"), err: delivery.ErrBase64},
		{name: "nothing", err: delivery.ErrForm},
		{name: "two", content: text(""), data: "1", err: delivery.ErrForm},
		{name: "event", content: text(""), event: "price"},
		{name: "event of two lines", content: text(""), event: "a\nb", err: delivery.ErrEvent},
		{name: "event with a quote", content: text(""), event: `"`, err: delivery.ErrEvent},
		{name: "long event", content: text(""), event: strings.Repeat("e", 129), err: delivery.ErrEvent},
	} {
		t.Run(c.name, func(t *testing.T) {
			var data json.RawMessage
			if c.data != "" {
				data = json.RawMessage(c.data)
			}
			p, err := delivery.NewPayload(c.content, data, c.base64, c.event)
			if err != c.err {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			if err == nil && (p.Form != c.form || p.Content != c.want || p.Event != c.event) {
				t.Errorf("got %+v, want form %d, %q", p, c.form, c.want)
			}
		})
	}
}
