package ws

import (
	"encoding/binary"

	"github.com/gobwas/ws"
)

// The first byte of a frame, RFC 6455 5.2:
//
//	  7    6    5    4   3 2 1 0
//	+----+----+----+----+--------+
//	|Fin |Rsv1|Rsv2|Rsv3| opcode |
//	+----+----+----+----+--------+
const (
	Fin  = 0x80 // the last frame of its message
	Rsv1 = 0x40 // the message is compressed, RFC 7692 6
	Rsv2 = 0x20 // no meaning
	Rsv3 = 0x10 // no meaning

	OpContinuation = byte(ws.OpContinuation)
	OpText         = byte(ws.OpText)
	OpBinary       = byte(ws.OpBinary)
	OpClose        = byte(ws.OpClose)
	OpPing         = byte(ws.OpPing)
	OpPong         = byte(ws.OpPong)
)

// The second byte of a frame: whether it is masked, and its length if that is at most 125.
const (
	maskBit  = 0x80
	length16 = 126 // the length is in the next 2 bytes
	length64 = 127 // the length is in the next 8 bytes
)

// ControlBytesMax bounds the payload of a ping, pong or close, RFC 6455 5.5.
const ControlBytesMax = ws.MaxControlFramePayloadSize

// parseHeader reads the header that b begins with. size is its length, or 0 if b does not hold all of it yet. What
// its first two bytes make wrong is found as soon as they are there.
func parseHeader(b []byte, state ws.State) (h ws.Header, size int, err *Error) {
	if len(b) < ws.MinHeaderSize {
		return h, 0, nil
	}
	h = ws.Header{
		Fin:    b[0]&Fin != 0,
		Rsv:    b[0] >> 4 & 7,
		OpCode: ws.OpCode(b[0] & 0xf),
		Masked: b[1]&maskBit != 0,
		Length: int64(b[1] &^ maskBit),
	}
	if err := ws.CheckHeader(h, state); err != nil {
		return h, 0, &Error{CloseProtocol, err.Error()}
	}
	size = ws.MinHeaderSize + lengthBytes(h.Length)
	if h.Masked {
		size += len(h.Mask)
	}
	if len(b) < size {
		return h, 0, nil
	}
	if h.Masked {
		copy(h.Mask[:], b[size-len(h.Mask):])
	}
	h.Length, err = parseLength(h.Length, b[ws.MinHeaderSize:])
	return h, size, err
}

// lengthBytes is the number of bytes that hold the length, besides the second byte of the frame.
func lengthBytes(short int64) int {
	switch short {
	case length16:
		return 2
	case length64:
		return 8
	}
	return 0
}

// parseLength reads the length behind the first two bytes. It must take the least number of bytes, and the first bit of
// 64 must be 0 (RFC 6455 5.2).
func parseLength(short int64, b []byte) (int64, *Error) {
	switch short {
	case length16:
		n := binary.BigEndian.Uint16(b)
		if n < length16 {
			return 0, errLengthNotMinimal
		}
		return int64(n), nil
	case length64:
		n := int64(binary.BigEndian.Uint64(b))
		if n < 0 {
			return 0, errLengthTopBit
		}
		if n < 1<<16 {
			return 0, errLengthNotMinimal
		}
		return n, nil
	}
	return short, nil
}

// appendHeader appends the header of a frame of n payload bytes without mask. first is its first byte.
func appendHeader(dst []byte, first byte, n int) []byte {
	dst = append(dst, first)
	switch {
	case n < length16:
		return append(dst, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(dst, length16), uint16(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, length64), uint64(n))
}

func appendFrame(dst []byte, first byte, payload []byte) []byte {
	return append(appendHeader(dst, first, len(payload)), payload...)
}

// AppendText appends a text message as one frame of a server. payload must be UTF-8.
func AppendText(dst, payload []byte) []byte { return appendFrame(dst, Fin|OpText, payload) }

// AppendBinary appends a binary message as one frame of a server.
func AppendBinary(dst, payload []byte) []byte { return appendFrame(dst, Fin|OpBinary, payload) }

// AppendPing appends a ping of a server. payload must have at most ControlBytesMax bytes.
func AppendPing(dst, payload []byte) []byte { return appendFrame(dst, Fin|OpPing, payload) }

// AppendPong appends a pong of a server. payload must be that of the ping that it answers, RFC 6455 5.5.3.
func AppendPong(dst, payload []byte) []byte { return appendFrame(dst, Fin|OpPong, payload) }

// AppendMasked appends one frame of a client. first is its first byte: Fin and Rsv bits, and an opcode. Nothing
// is checked, so that tests can write what no client should. payload is not changed.
func AppendMasked(dst []byte, first byte, payload []byte, mask [4]byte) []byte {
	second := len(dst) + 1
	dst = appendHeader(dst, first, len(payload))
	dst[second] |= maskBit
	dst = append(dst, mask[:]...)
	start := len(dst)
	dst = append(dst, payload...)
	ws.Cipher(dst[start:], mask, 0)
	return dst
}
