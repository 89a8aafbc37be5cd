package bench

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"time"
)

// reply follows the answer to one request while it arrives (RFC 9112 section 6). It has no pointers and no
// bytes; the zero value expects a head.
type reply struct {
	left  uint32 // content bytes that are still to come, of the body or of a chunk
	stage replyStage
	close bool // the server closes the connection after this answer
}

type replyStage uint8

const (
	replyHead replyStage = iota
	replySized
	replyChunkSize
	replyChunk
	replyChunkEnd
	replyTrailer
	replyUntilClose
	replyEnd
)

// replyEvent is what next has found.
type replyEvent uint8

const (
	replyWants    replyEvent = iota // more bytes are needed
	replyHasHead                    // the head, as piece
	replyHasBody                    // some content, as piece
	replyComplete                   // the answer is over; the zero reply expects the next one
)

// Bounds of what a server may answer.
const (
	headBytesMax = 64 << 10
	sizeDigits   = 8
)

var (
	errReply     = errors.New("bench: answer is no HTTP/1")
	errReplySize = errors.New("bench: answer is too long")
)

// next takes one event off in and tells how many bytes it has used. piece is a part of in.
func (r *reply) next(in []byte) (e replyEvent, piece []byte, used int, err error) {
	switch r.stage {
	case replyHead:
		return r.takeHead(in)
	case replySized, replyChunk:
		return r.takeContent(in)
	case replyChunkSize, replyChunkEnd, replyTrailer:
		return r.takeLine(in)
	case replyUntilClose:
		if len(in) == 0 {
			return replyWants, nil, 0, nil
		}
		return replyHasBody, in, len(in), nil
	}
	*r = reply{}
	return replyComplete, nil, 0, nil
}

func (r *reply) takeHead(in []byte) (replyEvent, []byte, int, error) {
	end := bytes.Index(in, []byte("\r\n\r\n"))
	if end < 0 {
		if len(in) > headBytesMax {
			return replyWants, nil, 0, errReplySize
		}
		return replyWants, nil, 0, nil
	}
	head := in[:end+4]
	h, err := parseHead(head)
	if err != nil {
		return replyWants, nil, 0, err
	}
	r.close, r.left = h.close, h.length
	switch {
	case h.status == 204 || h.status == 304:
		r.stage = replyEnd
	case h.chunked:
		r.stage = replyChunkSize
	case h.sized && h.length == 0:
		r.stage = replyEnd
	case h.sized:
		r.stage = replySized
	default:
		r.stage, r.close = replyUntilClose, true
	}
	return replyHasHead, head, len(head), nil
}

func (r *reply) takeContent(in []byte) (replyEvent, []byte, int, error) {
	if len(in) == 0 {
		return replyWants, nil, 0, nil
	}
	n := min(len(in), int(r.left))
	r.left -= uint32(n)
	if r.left == 0 {
		if r.stage == replyChunk {
			r.stage = replyChunkEnd
		} else {
			r.stage = replyEnd
		}
	}
	return replyHasBody, in[:n], n, nil
}

// takeLine takes a line of the chunked coding (RFC 9112 section 7.1). Those have no content; the event is
// what comes behind them.
func (r *reply) takeLine(in []byte) (replyEvent, []byte, int, error) {
	end := bytes.IndexByte(in, '\n')
	if end < 0 {
		if len(in) > headBytesMax {
			return replyWants, nil, 0, errReplySize
		}
		return replyWants, nil, 0, nil
	}
	if err := r.line(bytes.TrimSuffix(in[:end], []byte("\r"))); err != nil {
		return replyWants, nil, 0, err
	}
	e, piece, used, err := r.next(in[end+1:])
	return e, piece, used + end + 1, err
}

func (r *reply) line(text []byte) error {
	switch r.stage {
	case replyChunkEnd:
		if len(text) > 0 {
			return errReply
		}
		r.stage = replyChunkSize
	case replyTrailer:
		if len(text) == 0 {
			r.stage = replyEnd
		}
	case replyChunkSize:
		digits, _, _ := bytes.Cut(text, []byte(";"))
		if len(digits) > sizeDigits {
			return errReplySize
		}
		size, err := strconv.ParseUint(string(bytes.TrimSpace(digits)), 16, 32)
		if err != nil {
			return errReply
		}
		r.left, r.stage = uint32(size), replyChunk
		if size == 0 {
			r.stage = replyTrailer
		}
	}
	return nil
}

// head is what matters in the head of an answer.
type head struct {
	status  int
	length  uint32 // of the body, if sized
	sized   bool
	chunked bool
	close   bool
}

func parseHead(text []byte) (h head, err error) {
	line, rest, _ := bytes.Cut(text, []byte("\r\n"))
	if len(line) < len("HTTP/1.1 200") || string(line[:7]) != "HTTP/1." {
		return h, errReply
	}
	h.close = line[7] == '0'
	if h.status, err = strconv.Atoi(string(line[9:12])); err != nil || h.status < 200 {
		return h, errReply
	}
	for len(rest) > 0 {
		line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
		name, value, _ := bytes.Cut(line, []byte(":"))
		if err := h.header(name, bytes.TrimSpace(value)); err != nil {
			return h, err
		}
	}
	return h, nil
}

func (h *head) header(name, value []byte) error {
	switch len(name) { // the lengths of the three names differ, which saves most comparisons
	case len("Connection"):
		if isName(name, "Connection") {
			h.close = h.close && !isName(value, "keep-alive") || isName(value, "close")
		}
	case len("Content-Length"):
		if isName(name, "Content-Length") {
			n, err := strconv.ParseUint(string(value), 10, 32)
			if err != nil {
				return errReplySize
			}
			h.sized, h.length = true, uint32(n)
		}
	case len("Transfer-Encoding"):
		if isName(name, "Transfer-Encoding") {
			h.chunked = isName(value, "chunked")
		}
	}
	return nil
}

func isName(b []byte, name string) bool { return strings.EqualFold(string(b), name) }

// headerOf returns the value of a header in the head of an answer, nil if it has none.
func headerOf(text []byte, name string) []byte {
	for len(text) > 0 {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte("\r\n"))
		if n, value, ok := bytes.Cut(line, []byte(":")); ok && isName(n, name) {
			return bytes.TrimSpace(value)
		}
	}
	return nil
}

// stamp is where a poll of nchan goes on: the time and the tag of the last message, in one word.
// The zero value is the beginning.
type stamp uint64

const stampTagBits = 16

// stampOf reads the stamp from the head of an answer; ok is false if there is none.
func stampOf(text []byte) (s stamp, ok bool) {
	modified := headerOf(text, "Last-Modified")
	if modified == nil {
		return 0, false
	}
	t, err := time.Parse(httpTime, string(modified))
	if err != nil {
		return 0, false
	}
	tag, err := strconv.ParseUint(string(bytes.Trim(headerOf(text, "Etag"), `"`)), 10, stampTagBits)
	if err != nil {
		return 0, false
	}
	return stamp(uint64(t.Unix())<<stampTagBits | tag), true
}

// appendTo appends the header lines that ask for what is newer than s.
func (s stamp) appendTo(dst []byte) []byte {
	if s == 0 {
		return dst
	}
	dst = append(dst, "If-Modified-Since: "...)
	dst = time.Unix(int64(s>>stampTagBits), 0).UTC().AppendFormat(dst, httpTime)
	dst = append(dst, "\r\nIf-None-Match: "...)
	dst = strconv.AppendUint(dst, uint64(s&(1<<stampTagBits-1)), 10)
	return append(dst, "\r\n"...)
}

// httpTime is the form of a date in HTTP, RFC 9110 section 5.6.7.
const httpTime = "Mon, 02 Jan 2006 15:04:05 GMT"
