package http1

import (
	"fmt"
	"slices"
	"testing"

	"github.com/icomet/icomet/internal/http1/wiretest"
)

// peer reads one connection the way a server does, without sockets: it is the least that a caller of this
// package has to do.
type peer struct {
	lim     Limits
	buf     []byte
	next    int
	reading bool // the head is parsed, its body is not complete
	req     Request
	chunked Chunked

	answers []int
	closed  bool
	log     []byte // what was understood of each request, to compare ways of cutting the input
}

func newPeer() *peer { return &peer{lim: DefaultLimits()} }

// feed takes bytes from the wire and answers all requests that are complete.
func (p *peer) feed(piece []byte) {
	if p.closed {
		return
	}
	p.buf = append(p.buf, piece...)
	for !p.closed && p.advance() {
	}
}

// advance does one step and tells whether there may be another.
func (p *peer) advance() bool {
	if !p.reading {
		end, next, err := ScanHead(p.buf, p.next, &p.lim)
		if err != nil {
			return p.refuse(err)
		}
		if end == 0 {
			p.next = next
			return false
		}
		head := slices.Clone(p.buf[:end])
		p.buf, p.next = append([]byte(nil), p.buf[end:]...), 0
		if err := Parse(head, &p.req, &p.lim); err != nil {
			return p.refuse(err)
		}
		p.reading, p.chunked = true, Chunked{}
	}
	if p.req.Chunked {
		body, rest, done, err := p.chunked.Decode(p.buf, &p.lim)
		if err != nil {
			return p.refuse(err)
		}
		if !done {
			p.buf = body
			return false
		}
		return p.answer(body, rest)
	}
	n := int(max(p.req.ContentLength, 0))
	if len(p.buf) < n {
		return false
	}
	return p.answer(p.buf[:n], p.buf[n:])
}

func (p *peer) answer(body, rest []byte) bool {
	r := &p.req
	p.log = fmt.Appendf(p.log, "%s %q path=%q query=%q host=%q type=%q 1.%d length=%d chunked=%t keep=%t expect=%t body=%q\n",
		r.Method, r.Target, r.Path, r.Query, r.Host, r.ContentType, r.Minor, r.ContentLength, r.Chunked, r.KeepAlive, r.Expect100, body)
	for name, value := range r.Headers {
		p.log = fmt.Appendf(p.log, "  %q: %q\n", name, value)
	}
	status := wiretest.Door
	if m := string(r.Method); string(r.Path) == wirePath && (m == "GET" || m == "POST") {
		status = wiretest.Served
	}
	p.answers = append(p.answers, status)
	p.reading, p.closed = false, !r.KeepAlive
	p.buf = append([]byte(nil), rest...)
	return true
}

func (p *peer) refuse(err error) bool {
	e := err.(*Error)
	p.answers, p.closed = append(p.answers, e.Status), true
	p.log = fmt.Appendf(p.log, "%d\n", e.Status)
	return false
}

const wirePath = "/ping"

func TestWireTableIsLargeAndNamesAreUnique(t *testing.T) {
	const casesMin = 400
	seen := map[string]bool{}
	for _, c := range wiretest.All() {
		if seen[c.Name] {
			t.Errorf("two cases are named %q", c.Name)
		}
		if seen[c.Name] = true; c.Section == "" {
			t.Errorf("%s: no section", c.Name)
		}
	}
	if len(seen) < casesMin {
		t.Errorf("%d cases, want %d at least", len(seen), casesMin)
	}
	t.Logf("%d cases", len(seen))
}

func TestWire(t *testing.T) {
	for _, c := range wiretest.All() {
		t.Run(c.Name, func(t *testing.T) {
			input := c.Input(wirePath)
			whole := newPeer()
			whole.feed(input)
			if !slices.Equal(whole.answers, c.Answers) || whole.closed != c.Closes {
				t.Fatalf("%s\n%q\nanswers %v, closed %t\nwant    %v, closed %t",
					c.Section, clip(input), whole.answers, whole.closed, c.Answers, c.Closes)
			}
			for cut := 1; cut < len(input); cut += stride(len(input)) {
				p := newPeer()
				p.feed(input[:cut])
				p.feed(input[cut:])
				samePeer(t, fmt.Sprint("cut at ", cut), p, whole)
			}
			p := newPeer()
			for i := range input {
				p.feed(input[i : i+1])
			}
			samePeer(t, "byte by byte", p, whole)
		})
	}
}

// stride keeps the number of ways to cut an input small for the few long ones.
func stride(n int) int { return 1 + n/600 }

func clip(b []byte) []byte { return b[:min(len(b), 400)] }

func samePeer(t *testing.T, how string, got, want *peer) {
	t.Helper()
	if !slices.Equal(got.answers, want.answers) || got.closed != want.closed || string(got.log) != string(want.log) {
		t.Fatalf("%s: answers %v, closed %t, want %v, %t\n%s\nwant\n%s",
			how, got.answers, got.closed, want.answers, want.closed, clip(got.log), clip(want.log))
	}
}
