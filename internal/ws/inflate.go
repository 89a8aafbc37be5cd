package ws

import (
	"compress/flate"
	"io"
	"slices"
	"sync"
)

const (
	// inflateTail is what the sender has taken off (flushMark), and an empty block that is marked as the last, so that
	// the decompressor sees an end.
	inflateTail = flushMark + "\x01\x00\x00\xff\xff"
	// windowBytes is how far back a compressed message can refer, RFC 1951 3.2.5.
	windowBytes = 32 << 10
	// inflateBytesMin is the room that there is at least for what is read at a time.
	inflateBytesMin = 512
	// finalBlocksMax bounds the blocks of a message that are marked as the last. A sender may end each of its flushes so
	// (RFC 7692 7.2.3.4), but each costs a copy of the window.
	finalBlocksMax = 16
)

// deflatedBytesMax is what a message of n bytes may have compressed: what cannot be compressed gets longer,
// with zlib by less than this.
func deflatedBytesMax(n int) int { return n + n>>10 + 64 }

// source is a compressed message with its tail, as flate reads it: by single bytes, so that it never takes more than it
// has decoded.
type source struct {
	message []byte
	tail    string
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (n int, err error) {
	if n = copy(p, s.message); n > 0 {
		s.message = s.message[n:]
		return n, nil
	}
	if n = copy(p, s.tail); n > 0 {
		s.tail = s.tail[n:]
		return n, nil
	}
	return 0, io.EOF
}

// ReadByte implements io.ByteReader.
func (s *source) ReadByte() (byte, error) {
	if len(s.message) > 0 {
		c := s.message[0]
		s.message = s.message[1:]
		return c, nil
	}
	if len(s.tail) > 0 {
		c := s.tail[0]
		s.tail = s.tail[1:]
		return c, nil
	}
	return 0, io.EOF
}

// inflater is a decompressor with a window of its own, so there are only as many as messages are decompressed at
// the same time.
type inflater struct {
	source
	r io.Reader
}

var inflaters = sync.Pool{New: func() any {
	z := &inflater{}
	z.r = flate.NewReader(&z.source)
	return z
}}

// reset begins a sequence of blocks, which may refer to what has been decompressed before.
func (z *inflater) reset(before []byte) {
	before = before[max(0, len(before)-windowBytes):]
	_ = z.r.(flate.Resetter).Reset(&z.source, before) // it cannot fail
}

// appendInflated appends a message decompressed to dst, which must be empty (RFC 7692 7.2.2). It stops as soon as there
// are more than limit bytes, so a message that swells costs no more than one that does not.
func appendInflated(dst, message []byte, limit int) ([]byte, *Error) {
	z := inflaters.Get().(*inflater)
	defer z.release()
	z.source = source{message, inflateTail}
	for range finalBlocksMax {
		var err *Error
		z.reset(dst)
		if dst, err = z.appendBlocks(dst, limit); err != nil || len(z.message) == 0 {
			return dst, err
		}
	}
	return dst, errDeflate
}

// appendBlocks appends what is decompressed up to the end of a block that is marked as the last.
func (z *inflater) appendBlocks(dst []byte, limit int) ([]byte, *Error) {
	for {
		dst = slices.Grow(dst, inflateBytesMin)
		n, err := z.r.Read(dst[len(dst):min(cap(dst), limit+1)])
		dst = dst[:len(dst)+n]
		switch {
		case len(dst) > limit:
			return dst, errTooLarge
		case err == io.EOF:
			return dst, nil
		case err != nil:
			return dst, errDeflate
		}
	}
}

// release gives z back without the message.
func (z *inflater) release() {
	z.source = source{}
	inflaters.Put(z)
}
