package bench

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// pattern is text with fields in braces, taken apart once.
type pattern []part

// part is a piece of literal text, or a field.
type part struct {
	text  string
	field field
}

// field is what a brace stands for.
type field uint8

const (
	fieldNone    field = iota
	fieldChannel       // name of the channel
	fieldSeq           // seq of the message that the subscriber needs next
	fieldNoop          // seq of the noop that it expects next
	fieldContent       // content of a message
)

var fieldNames = map[string]field{
	"channel": fieldChannel, "seq": fieldSeq, "noop": fieldNoop, "content": fieldContent,
}

// values fill in a pattern.
type values struct {
	channel channelName
	seq     int32
	noop    int32
	content []byte
}

var errBraces = errors.New("expected {channel}, {seq}, {noop} or {content} between braces")

// parsePattern takes text apart. Braces that enclose something that is no field are an error.
func parsePattern(text string) (pattern, error) {
	var p pattern
	for {
		literal, rest, found := strings.Cut(text, "{")
		if literal != "" {
			p = append(p, part{text: literal})
		}
		if !found {
			return p, nil
		}
		name, after, closed := strings.Cut(rest, "}")
		f := fieldNames[name]
		if !closed || f == fieldNone {
			return nil, fmt.Errorf("%q: %w", text, errBraces)
		}
		p = append(p, part{field: f})
		text = after
	}
}

// has tells whether f occurs in p.
func (p pattern) has(f field) bool {
	for _, piece := range p {
		if piece.field == f {
			return true
		}
	}
	return false
}

// append appends p with its fields filled in.
func (p pattern) append(dst []byte, v *values) []byte {
	for _, piece := range p {
		switch piece.field {
		case fieldNone:
			dst = append(dst, piece.text...)
		case fieldChannel:
			dst = v.channel.append(dst)
		case fieldSeq:
			dst = strconv.AppendInt(dst, int64(v.seq), 10)
		case fieldNoop:
			dst = strconv.AppendInt(dst, int64(v.noop), 10)
		case fieldContent:
			dst = append(dst, v.content...)
		}
	}
	return dst
}

// channelName is a name of 16 hexadecimal digits, kept as the number that they write.
type channelName uint64

// nameOf is the name of channel k: random to look at, and made again whenever it is needed instead of kept.
func nameOf(seed uint64, k uint32) channelName {
	x := seed + uint64(k)*0x9E3779B97F4A7C15 // splitmix64
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return channelName(x ^ x>>31)
}

func (n channelName) append(dst []byte) []byte {
	const digits = "0123456789abcdef"
	for shift := 60; shift >= 0; shift -= 4 {
		dst = append(dst, digits[n>>shift&15])
	}
	return dst
}

// String is the name as it goes over the wire.
func (n channelName) String() string { return string(n.append(nil)) }
