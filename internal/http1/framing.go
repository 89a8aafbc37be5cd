package http1

import (
	"bytes"
	"math"
)

// framing gathers, over all header lines of a head, what decides where the request ends and whether
// another may follow. It lives on the stack of Parse.
type framing struct {
	hostValue   []byte
	length      int64
	hasHost     bool
	hasLength   bool
	hasCoding   bool
	chunked     bool // the last transfer coding so far is chunked
	otherCoding bool
	close       bool
	keepAlive   bool
	expect100   bool
	expectOther bool
}

// host takes a Host line, RFC 9112 3.2.
func (f *framing) host(v []byte) error {
	if f.hasHost {
		return ErrHostRepeated
	}
	if len(v) > 0 && !validAuthority(v) {
		return ErrHost
	}
	f.hasHost, f.hostValue = true, v
	return nil
}

// expect takes an Expect line, RFC 9110 10.1.1.
func (f *framing) expect(v []byte) {
	if equalFold(v, "100-continue") {
		f.expect100 = true
	} else {
		f.expectOther = true
	}
}

// connection takes a Connection line, RFC 9110 7.6.1. Options that mean nothing here are skipped.
func (f *framing) connection(list []byte) {
	for more := true; more; {
		var option []byte
		option, list, more = bytes.Cut(list, comma)
		switch option = trim(option); {
		case equalFold(option, "close"):
			f.close = true
		case equalFold(option, "keep-alive"):
			f.keepAlive = true
		}
	}
}

var comma = []byte(",")

// contentLength takes a Content-Length line, RFC 9110 8.6.
func (f *framing) contentLength(v []byte) error {
	if f.hasLength {
		return ErrLengthRepeated
	}
	f.hasLength = true
	if len(v) == 0 {
		return ErrLength
	}
	for _, c := range v {
		digit := int64(c - '0')
		if !is(c, classDigit) || f.length > (math.MaxInt64-digit)/10 {
			return ErrLength
		}
		f.length = f.length*10 + digit
	}
	return nil
}

// transferEncoding takes a Transfer-Encoding line, RFC 9112 6.1.
func (f *framing) transferEncoding(list []byte) error {
	f.hasCoding = true
	for more := true; more; {
		var coding []byte
		coding, list, more = bytes.Cut(list, comma)
		switch coding = trim(coding); {
		case len(coding) == 0:
			return ErrCodingList
		case f.chunked:
			return ErrChunkedNotLast
		case equalFold(coding, "chunked"):
			f.chunked = true
		default:
			f.otherCoding = true
		}
	}
	return nil
}

// resolve checks the header lines against each other and sets the fields of r that follow from them.
// Ambiguous lengths come before unknown codings: a 400 says that nothing of this head can be trusted.
func (f *framing) resolve(r *Request, lim *Limits) error {
	switch {
	case f.hasCoding && f.hasLength:
		return ErrLengthAndCoding
	case f.hasCoding && r.Minor == 0:
		return ErrCodingVersion
	case f.otherCoding:
		return ErrCoding
	case !f.hasHost && r.Minor > 0:
		return ErrHostMissing
	case f.expectOther && r.Minor > 0:
		return ErrExpectation
	case f.length > int64(lim.BodyBytesMax):
		return ErrBodyTooLarge
	}
	r.Host = f.hostValue
	r.Chunked = f.chunked
	if f.hasLength {
		r.ContentLength = f.length
	}
	r.KeepAlive = !f.close && (r.Minor > 0 || f.keepAlive)
	// An expectation of HTTP/1.0 is ignored, RFC 9110 10.1.1.
	r.Expect100 = f.expect100 && r.Minor > 0 && r.HasBody()
	return nil
}
