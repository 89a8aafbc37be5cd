package admin

import (
	"strings"
	"testing"
)

// BenchmarkItem reads items of some forms, each with 64 bytes of content.
func BenchmarkItem(b *testing.B) {
	text := strings.Repeat("x", 64)
	for _, c := range []struct{ name, item string }{
		{"content", `{"channel":"room_12345","content":"` + text + `"}`},
		{"escapes", `{"channel":"room_12345","content":"{\"a\":\"` + text + `\"}"}`},
		{"data", `{"channel":"room_12345","data":{"a":"` + text + `"}}`},
		{"all", `{"channels":["room_12345","room_12346"],"data":{"a":"` + text + `"},"event":"price","ttl":60,"key":"order-17","last":true}`},
	} {
		b.Run(c.name, func(b *testing.B) {
			var m item
			item := []byte(c.item)
			b.SetBytes(int64(len(item)))
			b.ReportAllocs()
			for b.Loop() {
				if r := m.parse(item); r != nil {
					b.Fatal(r.text)
				}
			}
		})
	}
}
