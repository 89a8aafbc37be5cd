package httploop

import (
	"github.com/icomet/icomet/internal/http1"
	"github.com/icomet/icomet/internal/reactor"
)

// scanned is what a connection keeps of a request head that is not complete, besides its bytes: how far
// they have been searched for the end. It takes no memory of its own while it is small.
type scanned int

// partial is what a connection keeps of a request whose body is not complete.
type partial struct {
	head    []byte // a copy
	body    []byte // what has arrived, decoded
	length  int    // of the whole body if it is not chunked
	chunked bool
	decoder http1.Chunked
}

// beginBody keeps the head of a request whose body is not complete. in[:end] is the head.
func (h *Handler) beginBody(c reactor.Conn, in []byte, end int) (used int) {
	r := &h.x.Request
	p := &partial{
		head:    append([]byte(nil), in[:end]...),
		length:  int(r.ContentLength),
		chunked: r.Chunked,
	}
	if r.Expect100 && len(in) == end {
		h.x.out = append(h.x.out, http1.Continue...)
	}
	c.SetValue(p)
	c.SetState(phaseRequest)
	c.SetDeadline(classBody)
	if len(in) == end {
		return end
	}
	return end + h.moreBody(c, p, in[end:])
}

// moreBody takes more of a body, and serves the request when it is complete.
func (h *Handler) moreBody(c reactor.Conn, p *partial, in []byte) (used int) {
	used, done, err := p.take(in, h.limits)
	if err != nil {
		return h.malformed(c, err, len(in))
	}
	if !done {
		return used
	}
	c.SetValue(nil)
	if err := http1.Parse(p.head, &h.x.Request, h.limits); err != nil {
		return h.malformed(c, err, len(in))
	}
	h.x.Body = p.body
	h.serve(c)
	return used
}

// take moves bytes from in to the body.
func (p *partial) take(in []byte, limits *http1.Limits) (used int, done bool, err error) {
	if !p.chunked {
		used = min(len(in), p.length-len(p.body))
		p.body = append(p.body, in[:used]...)
		return used, len(p.body) == p.length, nil
	}
	body, rest, done, err := p.decoder.Decode(append(p.body, in...), limits)
	p.body = body
	return len(in) - len(rest), done, err
}
