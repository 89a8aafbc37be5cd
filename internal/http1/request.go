package http1

import "bytes"

// Request is one request head, taken apart. All slices point into the head given to Parse and are valid
// as long as those bytes stay. A Request is meant to be reused; it is not safe for concurrent use.
type Request struct {
	// Method is a token of at most MethodBytesMax bytes; case matters. Any token but CONNECT is passed
	// up, so the door answers 405 or 501 for those it does not serve.
	Method []byte
	// Target is the request target as received.
	Target []byte
	// Path is the path of the target, still percent-encoded: it begins with "/", or is "*".
	Path []byte
	// Query is what stands between the first "?" and the first "#" or the end, as received; it may hold
	// any byte above SP except DEL. Read it as Params.
	Query []byte
	// Host is the authority of an absolute target, else the value of Host; empty if there is none.
	Host []byte
	// ContentType is the value of the first Content-Type, or nil.
	ContentType []byte
	// ContentLength is the length of the body in bytes; -1 if the head has no Content-Length.
	ContentLength int64
	// Minor is the minor version to answer with: 0 or 1. A higher one of the client counts as 1.
	Minor int
	// Chunked tells that the body is to be decoded with Chunked. ContentLength is then -1.
	Chunked bool
	// KeepAlive tells that the client takes further answers on this connection, RFC 9112 9.3.
	KeepAlive bool
	// Expect100 tells that a body follows and that the client waits for 100 before it sends it.
	Expect100 bool

	headers []byte // all header lines with their CRLFs, checked
}

// HasBody tells whether at least one byte of body framing follows the head.
func (r *Request) HasBody() bool { return r.Chunked || r.ContentLength > 0 }

// Parse takes apart one whole head, as found by ScanHead, and overwrites all of r. It neither keeps nor
// changes lim. After an error the content of r is only good for logging; r.Minor is right if the
// version could be read, else 1. The error is always an *Error.
func Parse(head []byte, r *Request, lim *Limits) error {
	*r = Request{ContentLength: -1, Minor: 1}
	start, err := skipEmptyLines(head)
	if err != nil {
		return err
	}
	rest, err := r.parseRequestLine(head[start:], lim)
	if err != nil {
		return err
	}
	var f framing
	if err := r.parseHeaders(rest, &f, lim); err != nil {
		return err
	}
	if err := f.resolve(r, lim); err != nil {
		return err
	}
	return r.parseTarget()
}

// parseRequestLine reads method SP target SP version CRLF (RFC 9112 3) and returns what follows.
func (r *Request) parseRequestLine(b []byte, lim *Limits) (rest []byte, err error) {
	m := 0
	for m < len(b) && is(b[m], classToken) {
		m++
	}
	if m > MethodBytesMax {
		return nil, ErrMethodTooLong
	}
	if m == 0 || m == len(b) || b[m] != ' ' {
		return nil, ErrMethod
	}
	r.Method = b[:m]

	t := indexBelow(b, m+1, ' '+1)
	if t-m-1 > lim.TargetBytesMax {
		return nil, ErrTargetTooLong
	}
	if t == m+1 || t == len(b) || b[t] != ' ' {
		return nil, ErrRequestLine
	}
	r.Target = b[m+1 : t]
	return r.parseVersion(b[t+1:])
}

// parseVersion reads HTTP/1.x CRLF (RFC 9112 2.3) and returns what follows.
func (r *Request) parseVersion(b []byte) (rest []byte, err error) {
	const form = "HTTP/d.d\r\n"
	if len(b) < len(form) || string(b[:5]) != "HTTP/" || b[6] != '.' ||
		!is(b[5], classDigit) || !is(b[7], classDigit) || b[8] != '\r' || b[9] != '\n' {
		return nil, ErrVersion
	}
	if b[5] != '1' {
		return nil, ErrMajorVersion
	}
	if b[7] == '0' {
		r.Minor = 0
	}
	return b[len(form):], nil
}

// parseHeaders reads the header lines and the empty line behind them, which must end b.
func (r *Request) parseHeaders(b []byte, f *framing, lim *Limits) error {
	i, count := 0, 0
	for i+1 < len(b) && b[i] != '\r' {
		if count++; count > lim.HeaderCountMax {
			return ErrTooManyHeaders
		}
		colon, end, err := scanHeader(b, i)
		if err != nil {
			return err
		}
		if err := r.header(b[i:colon], b[colon+1:end], f); err != nil {
			return err
		}
		i = end + len("\r\n")
	}
	if string(b[i:]) != "\r\n" {
		return ErrHeadEnd
	}
	r.headers = b[:i]
	return nil
}

// scanHeader checks the header line that begins at b[i] (RFC 9112 5) and returns the index of its colon
// and of its CRLF.
func scanHeader(b []byte, i int) (colon, end int, err error) {
	colon = i
	for colon < len(b) && is(b[colon], classToken) {
		colon++
	}
	if colon == i || colon == len(b) || b[colon] != ':' {
		if b[i] == ' ' || b[i] == '\t' {
			return 0, 0, ErrFold
		}
		return 0, 0, ErrHeaderName
	}
	end = indexBelow(b, colon+1, ' ')
	for end < len(b) && b[end] == '\t' {
		end = indexBelow(b, end+1, ' ')
	}
	if end+1 >= len(b) || b[end] != '\r' || b[end+1] != '\n' {
		return 0, 0, ErrHeaderValue
	}
	return colon, end, nil
}

// header keeps what this package itself needs of one checked header line. Names are told apart by
// length first, so that most lines cost one comparison.
func (r *Request) header(name, value []byte, f *framing) error {
	switch len(name) {
	case len("host"):
		if equalFold(name, "host") {
			return f.host(trim(value))
		}
	case len("expect"):
		if equalFold(name, "expect") {
			f.expect(trim(value))
		}
	case len("connection"):
		if equalFold(name, "connection") {
			f.connection(value)
		}
	case len("content-type"):
		if r.ContentType == nil && equalFold(name, "content-type") {
			r.ContentType = trim(value)
		}
	case len("content-length"):
		if equalFold(name, "content-length") {
			return f.contentLength(trim(value))
		}
	case len("transfer-encoding"):
		if equalFold(name, "transfer-encoding") {
			return f.transferEncoding(trim(value))
		}
	}
	return nil
}

// Header returns the value of the first header line of that name, ASCII case ignored, without white space
// around it. It is nil if there is none and not nil if there is an empty one. It looks through the
// head anew on each call: it is meant for what few requests are asked for.
func (r *Request) Header(name string) []byte {
	for n, v := range r.Headers {
		if equalFold(n, name) {
			return v
		}
	}
	return nil
}

// JoinedHeader returns the values of all header lines of that name, joined by ", " (RFC 9110 section 5.3); nil
// if there is none.
func (r *Request) JoinedHeader(name string) []byte {
	var joined []byte
	for n, v := range r.Headers {
		switch {
		case !equalFold(n, name):
		case joined == nil:
			joined = v[:len(v):len(v)]
		default:
			joined = append(append(joined, ", "...), v...)
		}
	}
	return joined
}

// Headers is an iterator over all header lines in the order received, name as written, value without white
// space around it: for name, value := range r.Headers.
func (r *Request) Headers(yield func(name, value []byte) bool) {
	for b := r.headers; len(b) > 0; {
		end := bytes.IndexByte(b, '\n')
		colon := bytes.IndexByte(b, ':')
		if !yield(b[:colon], trim(b[colon+1:end-1])) {
			return
		}
		b = b[end+1:]
	}
}
