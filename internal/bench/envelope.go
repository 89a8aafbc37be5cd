package bench

import (
	"bytes"
	"strconv"
)

// envelope is a message of an iComet server. Its fields are parts of the text it was read from; content has
// the escapes of JSON.
type envelope struct {
	kind    []byte
	seq     int32
	content []byte
}

// envelopeStart is how every message of an iComet server begins.
const envelopeStart = `{"type":"`

// parseEnvelope reads a message. It relies on the order of the members, which the protocol fixes, and on
// names of channels without quotes, which are our own.
func parseEnvelope(text []byte) (m envelope, ok bool) {
	rest, ok := bytes.CutPrefix(text, []byte(envelopeStart))
	if !ok {
		return m, false
	}
	if m.kind, rest, ok = bytes.Cut(rest, []byte(`"`)); !ok {
		return m, false
	}
	if _, rest, ok = bytes.Cut(rest, []byte(`,"seq":`)); !ok {
		return m, false
	}
	digits, rest, ok := bytes.Cut(rest, []byte(`,"content":"`))
	if !ok {
		return m, false
	}
	seq, err := strconv.ParseInt(string(digits), 10, 32)
	if err != nil {
		return m, false
	}
	m.seq = int32(seq)
	m.content, ok = bytes.CutSuffix(rest, []byte(`"}`))
	return m, ok
}

// nextObject cuts the first object off the inside of an array of objects.
func nextObject(text []byte) (object, rest []byte) {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case quoted && b == '\\':
			i++
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '{':
			depth++
		case b == '}':
			if depth--; depth == 0 {
				return text[:i+1], bytes.TrimLeft(text[i+1:], ", ")
			}
		}
	}
	return nil, nil
}

// mark is what the bench's own messages say about themselves.
type mark struct {
	serial uint32 // counts the messages of a channel from 1
	sentNs int64  // since the crowd began
}

// A message's content is markStart, its serial, the time and a filling, parted by markSep. All of it
// means itself in URLs, forms and JSON.
const (
	markStart = "icb-"
	markSep   = '-'
	markFill  = 'x'
	// markBytesMin holds the longest mark.
	markBytesMin = len(markStart) + len("4294967295") + len("9223372036854775807") + 2
)

// append appends the content of a message of size bytes, at least markBytesMin.
func (m mark) append(dst []byte, size int) []byte {
	from := len(dst)
	dst = append(dst, markStart...)
	dst = strconv.AppendUint(dst, uint64(m.serial), 10)
	dst = append(dst, markSep)
	dst = strconv.AppendInt(dst, m.sentNs, 10)
	dst = append(dst, markSep)
	for len(dst)-from < size {
		dst = append(dst, markFill)
	}
	return dst
}

// parseMark reads the mark of content. ours is false for messages that others have published, whole for
// those of ours that have been damaged on their way.
func parseMark(content []byte, size int) (m mark, ours, whole bool) {
	rest, ours := bytes.CutPrefix(content, []byte(markStart))
	if !ours {
		return m, false, false
	}
	serial, rest, _ := bytes.Cut(rest, []byte{markSep})
	sent, filling, ok := bytes.Cut(rest, []byte{markSep})
	n, err := strconv.ParseUint(string(serial), 10, 32)
	if err != nil {
		return m, true, false
	}
	m.serial = uint32(n)
	if m.sentNs, err = strconv.ParseInt(string(sent), 10, 64); err != nil {
		return m, true, false
	}
	whole = ok && len(content) == size && len(bytes.Trim(filling, string(markFill))) == 0
	return m, true, whole
}
