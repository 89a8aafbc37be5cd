package http1

import "bytes"

var rootPath = []byte("/")

// parseTarget takes Target apart by its form, RFC 9112 3.2. It runs after the header lines, since the
// authority of an absolute target replaces Host.
func (r *Request) parseTarget() error {
	switch t := r.Target; {
	case string(r.Method) == "CONNECT":
		return ErrConnect
	case t[0] == '/':
		r.splitTarget(t)
		return nil
	case t[0] == '*':
		if len(t) > 1 || string(r.Method) != "OPTIONS" {
			return ErrTarget
		}
		r.Path = t
		return nil
	default:
		return r.parseAbsoluteTarget(t)
	}
}

// parseAbsoluteTarget reads http://authority/path?query, RFC 9112 3.2.2. The authority must be there and
// have no user information, RFC 9110 4.2.
func (r *Request) parseAbsoluteTarget(t []byte) error {
	scheme, rest, found := bytes.Cut(t, []byte("://"))
	if !found || !equalFold(scheme, "http") && !equalFold(scheme, "https") {
		return ErrTarget
	}
	n := bytes.IndexAny(rest, "/?#")
	if n < 0 {
		n = len(rest)
	}
	r.Host = rest[:n]
	if n == 0 || rest[0] == ':' || !validAuthority(r.Host) {
		return ErrHost
	}
	r.splitTarget(rest[n:])
	if len(r.Path) == 0 {
		r.Path = rootPath
	}
	return nil
}

// splitTarget sets Path and Query from a path with query. A fragment, which no client should send, is cut off.
func (r *Request) splitTarget(t []byte) {
	if i := bytes.IndexByte(t, '#'); i >= 0 {
		t = t[:i]
	}
	r.Path = t
	if i := bytes.IndexByte(t, '?'); i >= 0 {
		r.Path, r.Query = t[:i], t[i+1:]
	}
}

// validAuthority checks host [":" port] as of RFC 3986 3.2.2 and 3.2.3. The host may be empty.
func validAuthority(b []byte) bool {
	i := 0
	if b[0] == '[' {
		if i = scanIPLiteral(b); i < 0 {
			return false
		}
	} else {
		for i < len(b) && (is(b[i], classHost) || isEscape(b[i:])) {
			i++
		}
	}
	if i < len(b) && b[i] == ':' {
		for i++; i < len(b) && is(b[i], classDigit); {
			i++
		}
	}
	return i == len(b)
}

// scanIPLiteral is the length of the bracketed address that b begins with, or -1.
func scanIPLiteral(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch c := b[i]; {
		case c == ']' && i > 1:
			return i + 1
		case c != ':' && !is(c, classHost) && !isEscape(b[i:]):
			return -1
		}
	}
	return -1
}

// isEscape tells whether b begins with a percent sign and two hexadecimal digits.
func isEscape(b []byte) bool {
	return len(b) > 2 && b[0] == '%' && is(b[1], classHex) && is(b[2], classHex)
}
