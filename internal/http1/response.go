package http1

import "strconv"

// Continue is the interim answer to a request with Expect100, RFC 9110 15.2.1.
const Continue = "HTTP/1.1 100 Continue\r\n\r\n"

// LastChunk ends a chunked body without trailers.
const LastChunk = "0\r\n\r\n"

// CRLF ends a header line and, alone, a head.
const CRLF = "\r\n"

// StatusText is the standard reason phrase of a status that this server uses, or "Unknown".
func StatusText(status int) string {
	switch status {
	case 100:
		return "Continue"
	case 101:
		return "Switching Protocols"
	case 200:
		return "OK"
	case 204:
		return "No Content"
	case 304:
		return "Not Modified"
	case 400:
		return "Bad Request"
	case 401:
		return "Unauthorized"
	case 403:
		return "Forbidden"
	case 404:
		return "Not Found"
	case 405:
		return "Method Not Allowed"
	case 408:
		return "Request Timeout"
	case 413:
		return "Content Too Large"
	case 414:
		return "URI Too Long"
	case 415:
		return "Unsupported Media Type"
	case 417:
		return "Expectation Failed"
	case 426:
		return "Upgrade Required"
	case 429:
		return "Too Many Requests"
	case 431:
		return "Request Header Fields Too Large"
	case 500:
		return "Internal Server Error"
	case 501:
		return "Not Implemented"
	case 503:
		return "Service Unavailable"
	case 505:
		return "HTTP Version Not Supported"
	}
	return "Unknown"
}

// AppendStatus appends a status line, RFC 9112 4. minor is 0 or 1, status has three digits; an empty reason
// stands for StatusText(status).
func AppendStatus(dst []byte, minor, status int, reason string) []byte {
	if minor == 0 {
		dst = append(dst, "HTTP/1.0 "...)
	} else {
		dst = append(dst, "HTTP/1.1 "...)
	}
	dst = strconv.AppendInt(dst, int64(status), 10)
	dst = append(dst, ' ')
	if reason == "" {
		reason = StatusText(status)
	}
	dst = append(dst, reason...)
	return append(dst, CRLF...)
}

// AppendHeader appends one header line. The name is written as it is. Control characters in the value other
// than HTAB are written as spaces, so that no value can begin a line of its own.
func AppendHeader[T string | []byte](dst []byte, name string, value T) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	from := len(dst)
	dst = append(dst, value...)
	for i := indexBelow(dst, from, ' '); i < len(dst); i = indexBelow(dst, i+1, ' ') {
		if dst[i] != '\t' {
			dst[i] = ' '
		}
	}
	return append(dst, CRLF...)
}

// AppendContentLength appends a Content-Length line for n bytes.
func AppendContentLength(dst []byte, n int) []byte {
	dst = append(dst, "Content-Length: "...)
	dst = strconv.AppendInt(dst, int64(n), 10)
	return append(dst, CRLF...)
}

// AppendChunkSize appends the size line of a chunk of n > 0 bytes; CRLF must follow the content.
func AppendChunkSize(dst []byte, n int) []byte {
	dst = strconv.AppendInt(dst, int64(n), 16)
	return append(dst, CRLF...)
}

// AppendChunk appends body as one chunk, RFC 9112 7.1. An empty body appends nothing, since an empty chunk would end
// the response.
func AppendChunk[T string | []byte](dst []byte, body T) []byte {
	if len(body) == 0 {
		return dst
	}
	dst = AppendChunkSize(dst, len(body))
	dst = append(dst, body...)
	return append(dst, CRLF...)
}
