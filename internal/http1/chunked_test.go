package http1

import (
	"strings"
	"testing"
)

// decodePieces decodes raw in pieces of size bytes, with a buffer that never holds more than what the
// body and one piece need.
func decodePieces(raw string, size int, lim *Limits) (body, rest string, done bool, err error) {
	var c Chunked
	var buf []byte
	for i := 0; i < len(raw); i += size {
		piece := raw[i:min(i+size, len(raw))]
		content, behind, end, err := c.Decode(append(buf, piece...), lim)
		if err != nil {
			return string(content), string(behind), end, err
		}
		if end {
			return string(content), string(behind) + raw[i+len(piece):], true, nil
		}
		buf = content
	}
	return string(buf), "", false, nil
}

func TestChunkedDecodesInPiecesOfAnySize(t *testing.T) {
	const raw = "5;x=y\r\nhello\r\n1\r\n,\r\n00c\r\n wide  world\r\n0\r\nX: y\r\n\r\nGET / HTTP/1.1"
	const body, rest = "hello, wide  world", "GET / HTTP/1.1"
	lim := DefaultLimits()
	for size := 1; size <= len(raw); size++ {
		b, r, done, err := decodePieces(raw, size, &lim)
		if b != body || r != rest || !done || err != nil {
			t.Errorf("pieces of %d: %q, rest %q, done %t, error %v", size, b, r, done, err)
		}
	}
}

func TestChunkedLeavesNoFramingInTheBuffer(t *testing.T) {
	var c Chunked
	lim := DefaultLimits()
	body, rest, done, err := c.Decode([]byte("3\r\nabc\r\n2\r\nd"), &lim)
	if string(body) != "abcd" || len(rest) > 0 || done || err != nil || c.Len() != 4 {
		t.Errorf("%q, rest %q, done %t, error %v, length %d", body, rest, done, err, c.Len())
	}
}

func TestChunkedBodyOfExactlyTheLimitPasses(t *testing.T) {
	lim := Limits{BodyBytesMax: 20}
	for raw, want := range map[string]error{
		"14\r\n" + strings.Repeat("x", 20) + "\r\n0\r\n\r\n":               nil,
		"a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n":                  nil,
		"15\r\n" + strings.Repeat("x", 21) + "\r\n0\r\n\r\n":               ErrBodyTooLarge,
		"a\r\n0123456789\r\nA\r\n0123456789\r\n1\r\nx\r\n0\r\n\r\n":        ErrBodyTooLarge,
		"a\r\n0123456789\r\nB\r\n0123456789x\r\n0\r\n\r\n":                 ErrBodyTooLarge,
		"ffffffffffffffff\r\n":                                             ErrBodyTooLarge,
		"8000000000000000\r\n":                                             ErrBodyTooLarge,
		"0000000000000014\r\n" + strings.Repeat("x", 20) + "\r\n0\r\n\r\n": nil,
	} {
		if _, _, done, err := decodePieces(raw, 7, &lim); err != want || done != (want == nil) {
			t.Errorf("%q: done %t, error %v, want %v", raw, done, err, want)
		}
	}
}

func TestChunkedErrorsHaveTheirCause(t *testing.T) {
	for raw, want := range map[string]error{
		"\r\n":                                 ErrChunkSize,
		"x":                                    ErrChunkSize,
		"3 \r\n":                               ErrChunkSize,
		"3\rx":                                 ErrChunkSize,
		"3\n":                                  ErrBareLF,
		"00000000000000000":                    ErrChunkSize,
		"3;a\x00":                              ErrChunkExtension,
		"3;a\n":                                ErrBareLF,
		"3;" + strings.Repeat("a", 4096):       ErrChunkExtension,
		"1\r\nab":                              ErrChunkEnd,
		"1\r\na\n":                             ErrChunkEnd,
		"1\r\na\rx":                            ErrChunkEnd,
		"0\r\n:":                               ErrTrailer,
		"0\r\n x":                              ErrTrailer,
		"0\r\nx y":                             ErrTrailer,
		"0\r\nx: \x01":                         ErrTrailer,
		"0\r\nx: y\n":                          ErrBareLF,
		"0\r\nx: y\rz":                         ErrTrailer,
		"0\r\n\rx":                             ErrTrailer,
		"0\r\nx: " + strings.Repeat("y", 4096): ErrTrailerTooLarge,
	} {
		lim := DefaultLimits()
		if _, _, done, err := decodePieces(raw, 1, &lim); err != want || done {
			t.Errorf("%q: done %t, error %v, want %v", clip([]byte(raw)), done, err, want)
		}
	}
}
