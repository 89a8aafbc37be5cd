package compat

import (
	"fmt"
	"strings"
	"testing"

	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/server"
)

// Numbers wrap from 2147483647 to -2147483648, and clients on either side of the wrap lose nothing and get
// nothing twice: repairs 13.7.
func TestNumbersWrap(t *testing.T) {
	t.Parallel()
	s := icomettest.Start(t, func(o *server.Options) { o.FirstSeq = 2147483646 })
	for n := range 4 {
		s.Push(t, "w", fmt.Sprint(n))
	}
	numbers := []string{"2147483646", "2147483647", "-2147483648", "-2147483647", "-2147483646"}
	c := s.DialFront(t)
	for from := range 4 {
		c.Get("/sub?cname=w&seq=" + numbers[from])
		body := c.Answer().Body
		if n := strings.Count(body, `"data"`); n != 4-from || !strings.HasPrefix(body, `[{"type":"data","cname":"w","seq":`+numbers[from]+`,`) {
			t.Errorf("from %s: %s", numbers[from], body)
		}
	}
	for _, seq := range []string{"0", "-2147483645"} {
		c.Get("/sub?cname=w&seq=" + seq)
		if body := c.Answer().Body; body != `{"type":"next_seq","cname":"w","seq":-2147483646,"content":""}`+"\n" {
			t.Errorf("seq %s: %s", seq, body)
		}
	}
	live := s.DialFront(t)
	live.Get("/sse?cname=w&seq=-2147483646")
	resumed := s.DialFront(t)
	resumed.Get("/sse?cname=w&seq=1", "Last-Event-ID: 2147483647")
	s.AwaitSubscribers(t, 2)
	s.Push(t, "w", "live")
	live.Head()
	if chunk := live.Chunk(); !strings.HasPrefix(chunk, "id: -2147483646\ndata: ") {
		t.Errorf("live: %q", chunk)
	}
	resumed.Head()
	if chunk := resumed.Chunk(); !strings.HasPrefix(chunk, "id: -2147483648\ndata: ") {
		t.Errorf("resumed: %q", chunk)
	}
}
