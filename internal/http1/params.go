package http1

import (
	"bytes"
	"math"
)

// Params is a query string or an application/x-www-form-urlencoded body, read where it lies.
//
// Parameters are divided by "&"; ";" is an ordinary byte. One without "=" or with an empty name is skipped
// and spoils no other. Names are compared with ASCII case ignored and are not percent-decoded. Any byte is taken
// as it is, so a JSON text, raw UTF-8 or a lone "%" survives.
type Params []byte

// Get returns the value of the first parameter of that name, still encoded (see AppendUnescape and Atoi),
// and whether there is one. The value points into p.
func (p Params) Get(name string) (raw []byte, ok bool) {
	for len(p) > 0 {
		var n, v []byte
		if n, v, p = p.cut(); len(n) > 0 && equalFold(n, name) {
			return v, true
		}
	}
	return nil, false
}

// IsName tells whether the name of a parameter, as All gives it, is the given one.
func IsName(raw []byte, name string) bool { return equalFold(raw, name) }

// All is an iterator over the parameters in order, still encoded: for name, value := range p.All.
func (p Params) All(yield func(name, value []byte) bool) {
	for len(p) > 0 {
		var n, v []byte
		if n, v, p = p.cut(); len(n) > 0 && !yield(n, v) {
			return
		}
	}
}

// cut takes the first parameter off p. The name is empty if the parameter is to be skipped.
func (p Params) cut() (name, value []byte, rest Params) {
	part := []byte(p)
	if i := bytes.IndexByte(p, '&'); i >= 0 {
		part, rest = p[:i], p[i+1:]
	}
	if eq := bytes.IndexByte(part, '='); eq > 0 {
		name, value = part[:eq], part[eq+1:]
	}
	return name, value, rest
}

// Form is the parameters of a request that may have some in its body.
type Form struct {
	Body, Query Params
}

// Get is like Params.Get. A parameter in the body hides those of the same name in the query.
func (f Form) Get(name string) (raw []byte, ok bool) {
	if raw, ok = f.Body.Get(name); ok {
		return raw, ok
	}
	return f.Query.Get(name)
}

// AppendUnescape appends a parameter value decoded: "+" becomes a space and %XX one byte, NUL included.
// An escape that is none is kept literally. dst may be raw[:0]: the result is never longer.
func AppendUnescape(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		plain := i
		for i < len(raw) && raw[i] != '%' && raw[i] != '+' {
			i++
		}
		dst = append(dst, raw[plain:i]...)
		if i < len(raw) {
			var c byte
			c, i = unescapeAt(raw, i)
			dst = append(dst, c)
		}
	}
	return dst
}

// AppendPath appends a path decoded: %XX becomes one byte; "+" and bad escapes are kept. dst may be raw[:0].
func AppendPath(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		n := bytes.IndexByte(raw[i:], '%')
		if n < 0 {
			return append(dst, raw[i:]...)
		}
		dst = append(dst, raw[i:i+n]...)
		var c byte
		c, i = unescapeAt(raw, i+n)
		dst = append(dst, c)
	}
	return dst
}

// unescapeAt decodes the byte of a parameter value that begins at raw[i] and returns the index behind it.
func unescapeAt(raw []byte, i int) (c byte, next int) {
	switch {
	case raw[i] == '+':
		return ' ', i + 1
	case isEscape(raw[i:]):
		return hexValue(raw[i+1])<<4 | hexValue(raw[i+2]), i + 3
	}
	return raw[i], i + 1
}

// Atoi reads a number from a value that is still encoded, the way C atoi does: white space, a sign, digits
// up to the first other byte; 0 if there are none. What does not fit in 32 bits becomes the nearest
// number that does.
func Atoi(raw []byte) int32 {
	const space, sign, digits = 0, 1, 2
	state, negative, n := space, false, int64(0)
	for i := 0; i < len(raw); {
		var c byte
		c, i = unescapeAt(raw, i)
		switch {
		case is(c, classDigit):
			state = digits
			n = min(n*10+int64(c-'0'), math.MaxInt32+1)
		case state == space && isSpace(c):
		case state == space && (c == '-' || c == '+'):
			state, negative = sign, c == '-'
		default:
			return clamp(n, negative)
		}
	}
	return clamp(n, negative)
}

func isSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

// clamp applies the sign to n, which is at most one more than the largest 32-bit number.
func clamp(n int64, negative bool) int32 {
	if negative {
		return int32(-n)
	}
	return int32(min(n, math.MaxInt32))
}
