// Package wiretest is a table of what WebSocket clients send, byte for byte, with what a strict server makes
// of it. The numbered cases are those of categories 1 to 7 of the Autobahn test suite, with the strict outcome
// where it allows more than one; the others are about lengths, masks, limits and compression.
//
// It deliberately holds no test, no transport, and none of the code under test: frames are put together here anew.
// Nothing but tests imports it. Start with All.
package wiretest

import (
	"encoding/binary"
	"slices"
	"strings"
)

// Case is what a client sends behind the handshake, and what a server must find in it.
type Case struct {
	// Name is unique in the table. It begins with the number that the case has in the Autobahn test suite, if it
	// has one.
	Name string
	// Section is the rule that the case is about.
	Section string
	// Deflate tells that permessage-deflate was agreed on.
	Deflate bool
	// Input is what the client sends. How it is cut must not matter.
	Input []byte
	// Want are the messages and control frames that are found, in order.
	Want []Event
	// Fails is the code of the close frame with which the server fails the connection behind Want; 0 if it does
	// not.
	Fails uint16
	// FailsAt is how many bytes of Input the server must have at least and needs at most to fail; 0 if that
	// is not the matter of the case.
	FailsAt int
}

// Event is a message or control frame.
type Event struct {
	Op      byte   // opcode of its first frame
	Payload string // unmasked and decompressed; the reason of a close frame
	Code    uint16 // of a close frame; NoCode if it has none
}

const (
	// MessageBytesMax is the largest message that the server must take in all of this table, and the largest that it may
	// take.
	MessageBytesMax = 64 << 10
	// NoCode stands for a close frame without a code, RFC 6455 7.1.5.
	NoCode = 1005
)

// All returns the whole table.
func All() []Case {
	return slices.Concat(
		framingCases(), pingCases(), reservedCases(), opcodeCases(), fragmentCases(),
		textCases(), textTableCases(), closeCases(), closeCodeCases(),
		lengthCases(), maskCases(), limitCases(), earlyCases(), deflateCases(),
	)
}

const (
	fin  = 0x80
	rsv1 = 0x40
	rsv2 = 0x20
	rsv3 = 0x10

	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xa
)

// Codes of close frames, RFC 6455 7.4.1.
const (
	protocolError = 1002
	notUTF8       = 1007
	tooLarge      = 1009
)

// mask is the one of the examples in RFC 6455 5.7.
const mask = "\x37\xfa\x21\x3d"

// frame is a frame of a client with the shortest length.
func frame(first byte, payload string) string {
	return octet(first) + length(len(payload)) + masked(payload)
}

func octet(first byte) string { return string([]byte{first}) }

// length is the second byte of a frame with the mask bit, and what follows it for the length.
func length(n int) string {
	switch {
	case n < 126:
		return string([]byte{0x80 | byte(n)})
	case n < 1<<16:
		return "\xfe" + string(binary.BigEndian.AppendUint16(nil, uint16(n)))
	}
	return "\xff" + string(binary.BigEndian.AppendUint64(nil, uint64(n)))
}

// masked is the mask and the payload under it.
func masked(payload string) string {
	b := []byte(mask + payload)
	for i := range len(payload) {
		b[len(mask)+i] ^= mask[i%len(mask)]
	}
	return string(b)
}

// Frames of a client.
func text(p string) string          { return frame(fin|opText, p) }
func binaryMessage(p string) string { return frame(fin|opBinary, p) }
func ping(p string) string          { return frame(fin|opPing, p) }
func pong(p string) string          { return frame(fin|opPong, p) }
func begin(p string) string         { return frame(opText, p) }
func more(p string) string          { return frame(opContinuation, p) }
func last(p string) string          { return frame(fin|opContinuation, p) }
func closing(code uint16, reason string) string {
	return frame(fin|opClose, string(binary.BigEndian.AppendUint16(nil, code))+reason)
}

// Events of a server.
func gotText(p string) Event   { return Event{Op: opText, Payload: p} }
func gotBinary(p string) Event { return Event{Op: opBinary, Payload: p} }
func gotPing(p string) Event   { return Event{Op: opPing, Payload: p} }
func gotPong(p string) Event   { return Event{Op: opPong, Payload: p} }
func gotClose(code uint16, reason string) Event {
	return Event{Op: opClose, Code: code, Payload: reason}
}

// good is a case that goes well.
func good(section, name, input string, want ...Event) Case {
	return Case{Name: name, Section: section, Input: []byte(input), Want: want}
}

// bad is a case that fails with a code behind what is wanted. A good message follows, which must not be found.
func bad(section, name string, code uint16, input string, want ...Event) Case {
	return Case{Name: name, Section: section, Input: []byte(input + text("hidden")), Want: want, Fails: code}
}

// badAt is a case that fails as soon as the first part of the input is there, whatever follows, and not before.
func badAt(section, name string, code uint16, input, rest string, want ...Event) Case {
	return Case{Name: name, Section: section, Input: []byte(input + rest), Want: want, Fails: code, FailsAt: len(input)}
}

func repeat(s string, n int) string { return strings.Repeat(s, n) }
