package ws

import (
	"encoding/binary"
	"strconv"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// Code is the code of a close frame, RFC 6455 7.4.
type Code uint16

// The codes that icomet sends, and CloseNone. docs/protocol.md tells clients about them.
const (
	CloseNormal      = Code(ws.StatusNormalClosure)
	CloseGoingAway   = Code(ws.StatusGoingAway)
	CloseProtocol    = Code(ws.StatusProtocolError)
	CloseUnsupported = Code(ws.StatusUnsupportedData)
	CloseNone        = Code(ws.StatusNoStatusRcvd) // stands for a close frame without a code; never on the wire
	CloseNotUTF8     = Code(ws.StatusInvalidFramePayloadData)
	CloseTooLarge    = Code(ws.StatusMessageTooBig)
	CloseInternal    = Code(ws.StatusInternalServerError)
	CloseBadCommands = Code(4400)
	CloseExpired     = Code(4401)
)

// String is the number, and the meaning if it is one of the codes above.
func (c Code) String() string {
	number := strconv.Itoa(int(c))
	if m := c.meaning(); m != "" {
		return number + ": " + m
	}
	return number
}

func (c Code) meaning() string {
	switch c {
	case CloseNormal:
		return "the client closed"
	case CloseGoingAway:
		return "the server stops or restarts"
	case CloseProtocol:
		return "broken frame"
	case CloseUnsupported:
		return "binary frame as a command"
	case CloseNone:
		return "no code"
	case CloseNotUTF8:
		return "text is not UTF-8"
	case CloseTooLarge:
		return "frame or message too large"
	case CloseInternal:
		return "internal error"
	case CloseBadCommands:
		return "too many bad commands"
	case CloseExpired:
		return "the token has expired and was not renewed"
	}
	return ""
}

// Advice is what a client should do when the server has closed with some code.
type Advice uint8

// ComeBack, the zero value, is for every code that is not known: a client that stays away has lost messages.
const (
	ComeBack    Advice = iota // connect again, with back-off
	DoNothing                 // the client wanted it
	DoNotRepeat               // not repeat what it did: it will fail again
	RenewToken                // get a new token, then connect again
)

// Advice is what a client should do about c.
func (c Code) Advice() Advice {
	switch c {
	case CloseNormal:
		return DoNothing
	case CloseProtocol, CloseUnsupported, CloseNotUTF8, CloseTooLarge, CloseBadCommands:
		return DoNotRepeat
	case CloseExpired:
		return RenewToken
	}
	return ComeBack
}

// String is the advice in words.
func (a Advice) String() string {
	switch a {
	case DoNothing:
		return "nothing"
	case DoNotRepeat:
		return "not repeat it"
	case RenewToken:
		return "get a new token, come back"
	}
	return "come back, with back-off"
}

// mayBeSent tells whether c may stand in a close frame, RFC 6455 7.4: what the registry names (RFC 6455 11.7; 1012 to
// 1014 came later) but for 1004, 1005, 1006 and 1015, and the ranges of libraries and applications.
func (c Code) mayBeSent() bool {
	return 1000 <= c && c <= 1003 || 1007 <= c && c <= 1014 || 3000 <= c && c <= 4999
}

// reasonBytesMax is what the code leaves of a control frame.
const reasonBytesMax = ControlBytesMax - 2

// AppendClose appends a close frame of a server. The reason is cut to 123 bytes, between two runes, if it is longer.
// With CloseNone the frame has neither code nor reason, so that the code of a Close event can be sent back as it is.
func AppendClose(dst []byte, code Code, reason string) []byte {
	if code == CloseNone {
		return appendFrame(dst, Fin|OpClose, nil)
	}
	if n := reasonBytesMax; len(reason) > n {
		for n > 0 && !utf8.RuneStart(reason[n]) {
			n--
		}
		reason = reason[:n]
	}
	dst = appendHeader(dst, Fin|OpClose, 2+len(reason))
	dst = binary.BigEndian.AppendUint16(dst, uint16(code))
	return append(dst, reason...)
}

// parseClose checks the payload of a close frame, RFC 6455 5.5.1.
func parseClose(payload []byte) (Event, *Error) {
	switch len(payload) {
	case 0:
		return Event{Kind: Close, Code: CloseNone}, nil
	case 1:
		return Event{}, errCloseShort
	}
	code, reason := Code(binary.BigEndian.Uint16(payload)), payload[2:]
	if !code.mayBeSent() {
		return Event{}, errCloseCode
	}
	if !utf8.Valid(reason) {
		return Event{}, errCloseReason
	}
	return Event{Kind: Close, Code: code, Payload: reason}, nil
}
