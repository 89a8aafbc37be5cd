package ws

import (
	"compress/flate"
	"sync"

	"github.com/gobwas/ws"
)

// DeflateBytesMin is the shortest message that is compressed: below, what is saved is less than the cost.
const DeflateBytesMin = 256

// deflateLevel is the fastest: a frame is made once for all its subscribers, but on a loop.
const deflateLevel = flate.BestSpeed

// flushMark is how a flush ends: an empty stored block. The peer puts it back, RFC 7692 7.2.1.
const flushMark = "\x00\x00\xff\xff"

// deflater is a compressor that appends to a slice. It holds 1.2 MB of tables, so there are only as many
// as messages are compressed at the same time.
type deflater struct {
	w   *flate.Writer
	out []byte
}

var deflaters = sync.Pool{New: func() any {
	d := &deflater{}
	var err error
	if d.w, err = flate.NewWriter(d, deflateLevel); err != nil {
		panic(err) // there is no such level
	}
	return d
}}

// Write implements io.Writer for the compressor.
func (d *deflater) Write(p []byte) (int, error) {
	d.out = append(d.out, p...)
	return len(p), nil
}

// AppendTextDeflated is AppendText for a connection on which permessage-deflate was agreed on. The message is compressed
// without the context of others (RFC 7692 7.1.1.1), so that the frame can go to many connections. It is written as
// AppendText would where it is shorter than DeflateBytesMin, or would not get smaller.
func AppendTextDeflated(dst, payload []byte) []byte { return appendDeflated(dst, OpText, payload) }

// AppendBinaryDeflated is AppendTextDeflated for a binary message.
func AppendBinaryDeflated(dst, payload []byte) []byte { return appendDeflated(dst, OpBinary, payload) }

// appendDeflated compresses behind the room that the header of the plain frame would take, which is at least
// what the header of the compressed one does, and then moves the result up to its header.
func appendDeflated(dst []byte, op byte, payload []byte) []byte {
	if len(payload) < DeflateBytesMin {
		return appendFrame(dst, Fin|op, payload)
	}
	var room [ws.MaxHeaderSize]byte
	start, header := len(dst), ws.HeaderSize(ws.Header{Length: int64(len(payload))})
	all := appendFlushed(append(dst, room[:header]...), payload)
	deflated := all[start+header : len(all)-len(flushMark)]
	if len(deflated) >= len(payload) {
		return appendFrame(all[:start], Fin|op, payload)
	}
	return append(appendHeader(all[:start], Fin|Rsv1|op, len(deflated)), deflated...)
}

// appendFlushed appends payload compressed and flushed. Nothing can fail: the compressor writes to memory.
func appendFlushed(dst, payload []byte) []byte {
	d := deflaters.Get().(*deflater)
	d.out = dst
	d.w.Reset(d)
	_, _ = d.w.Write(payload)
	_ = d.w.Flush()
	dst, d.out = d.out, nil
	deflaters.Put(d)
	return dst
}
