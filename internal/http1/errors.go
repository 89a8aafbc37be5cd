package http1

import "strconv"

// Error is a request that must not be served. The variables below are the only values there are, so
// callers can compare with == and count by Reason.
type Error struct {
	Status  int    // status code to answer before closing
	Reason  string // what is wrong, in a few words, without bytes of the request
	Section string // the rule that was broken, e.g. "RFC 9112 2.2"
}

// Error implements error.
func (e *Error) Error() string {
	return "http1: " + e.Reason + " (" + strconv.Itoa(e.Status) + ", " + e.Section + ")"
}

// Errors of the message format as a whole.
var (
	// ErrBareLF is returned when an LF is not preceded by CR.
	ErrBareLF = &Error{400, "bare LF", "RFC 9112 2.2"}
	// ErrNUL is returned when a head holds a NUL.
	ErrNUL = &Error{400, "NUL in head", "RFC 9110 5.5"}
	// ErrEmptyLines is returned when more than EmptyLinesMax empty lines precede a request.
	ErrEmptyLines = &Error{400, "too many empty lines before request", "RFC 9112 2.2"}
	// ErrHeadEnd is returned by Parse when its argument is not exactly one head.
	ErrHeadEnd = &Error{400, "head does not end with an empty line", "RFC 9112 2.1"}
	// ErrHeadTooLarge is returned when a head is larger than Limits.HeadBytesMax.
	ErrHeadTooLarge = &Error{431, "request head too large", "RFC 6585 5"}
	// ErrTooManyHeaders is returned when a head has more than Limits.HeaderCountMax header lines.
	ErrTooManyHeaders = &Error{431, "too many header lines", "RFC 6585 5"}
)

// Errors of the request line.
var (
	// ErrRequestLine is returned when a request line is not three parts divided by single spaces.
	ErrRequestLine = &Error{400, "malformed request line", "RFC 9112 3"}
	// ErrMethod is returned when the method is not a token.
	ErrMethod = &Error{400, "malformed method", "RFC 9110 9.1"}
	// ErrMethodTooLong is returned when the method is longer than MethodBytesMax.
	ErrMethodTooLong = &Error{501, "method too long", "RFC 9112 3"}
	// ErrConnect is returned for the method CONNECT, whose target is an authority.
	ErrConnect = &Error{501, "CONNECT is not served", "RFC 9110 9.3.6"}
	// ErrTarget is returned when the target has none of the forms that a server takes.
	ErrTarget = &Error{400, "malformed request target", "RFC 9112 3.2"}
	// ErrTargetTooLong is returned when the target is longer than Limits.TargetBytesMax.
	ErrTargetTooLong = &Error{414, "request target too long", "RFC 9112 3"}
	// ErrVersion is returned when the version is not HTTP/digit.digit.
	ErrVersion = &Error{400, "malformed version", "RFC 9112 2.3"}
	// ErrMajorVersion is returned when the major version is not 1.
	ErrMajorVersion = &Error{505, "version not supported", "RFC 9110 15.6.6"}
)

// Errors of header lines.
var (
	// ErrFold is returned when a header line begins with white space.
	ErrFold = &Error{400, "folded header line", "RFC 9112 5.2"}
	// ErrHeaderName is returned when a name is empty, not a token or not followed at once by a colon.
	ErrHeaderName = &Error{400, "malformed header name", "RFC 9112 5.1"}
	// ErrHeaderValue is returned when a value holds a control character, CR included, other than HTAB.
	ErrHeaderValue = &Error{400, "control character in header value", "RFC 9110 5.5"}
	// ErrHostMissing is returned for HTTP/1.1 without Host.
	ErrHostMissing = &Error{400, "no Host", "RFC 9112 3.2"}
	// ErrHostRepeated is returned for more than one Host line.
	ErrHostRepeated = &Error{400, "more than one Host", "RFC 9112 3.2"}
	// ErrHost is returned when Host, or the authority of the target, is not host[:port].
	ErrHost = &Error{400, "malformed Host", "RFC 9110 7.2"}
	// ErrExpectation is returned for an Expect other than 100-continue.
	ErrExpectation = &Error{417, "unknown expectation", "RFC 9110 10.1.1"}
)

// Errors of body framing.
var (
	// ErrLength is returned when Content-Length is not one number that fits in 63 bits.
	ErrLength = &Error{400, "malformed Content-Length", "RFC 9112 6.3"}
	// ErrLengthRepeated is returned for more than one Content-Length, equal or not.
	ErrLengthRepeated = &Error{400, "more than one Content-Length", "RFC 9112 6.3"}
	// ErrLengthAndCoding is returned for Content-Length together with Transfer-Encoding.
	ErrLengthAndCoding = &Error{400, "Content-Length with Transfer-Encoding", "RFC 9112 6.1"}
	// ErrCodingVersion is returned for Transfer-Encoding in HTTP/1.0.
	ErrCodingVersion = &Error{400, "Transfer-Encoding in HTTP/1.0", "RFC 9112 6.1"}
	// ErrCodingList is returned when Transfer-Encoding is no list of tokens.
	ErrCodingList = &Error{400, "malformed Transfer-Encoding", "RFC 9112 6.1"}
	// ErrChunkedNotLast is returned when a transfer coding follows chunked, chunked itself included.
	ErrChunkedNotLast = &Error{400, "transfer coding after chunked", "RFC 9112 6.1"}
	// ErrCoding is returned for any transfer coding besides chunked.
	ErrCoding = &Error{501, "transfer coding not supported", "RFC 9112 6.1"}
	// ErrBodyTooLarge is returned when a body is larger than Limits.BodyBytesMax.
	ErrBodyTooLarge = &Error{413, "body too large", "RFC 9110 15.5.14"}
)

// Errors of chunked bodies.
var (
	// ErrChunkSize is returned when a chunk size is not 1 to ChunkSizeDigitsMax hexadecimal digits.
	ErrChunkSize = &Error{400, "malformed chunk size", "RFC 9112 7.1"}
	// ErrChunkExtension is returned when a chunk extension holds a control character, or when the
	// extensions of a body are longer than ChunkExtensionBytesMax.
	ErrChunkExtension = &Error{400, "malformed or too long chunk extension", "RFC 9112 7.1.1"}
	// ErrChunkEnd is returned when CRLF is missing behind a chunk.
	ErrChunkEnd = &Error{400, "chunk without CRLF", "RFC 9112 7.1"}
	// ErrTrailer is returned when a trailer line is malformed.
	ErrTrailer = &Error{400, "malformed trailer", "RFC 9112 7.1.2"}
	// ErrTrailerTooLarge is returned when trailers are larger than TrailerBytesMax.
	ErrTrailerTooLarge = &Error{431, "trailers too large", "RFC 6585 5"}
)
