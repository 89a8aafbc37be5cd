package http1

// Chunked decodes one chunked body (RFC 9112 7.1) in place while it arrives. The zero value is ready for
// a new body. It holds no bytes and looks at each byte once, however small the pieces are.
type Chunked struct {
	size          uint64 // of the current chunk while its digits arrive, then what is left of it
	decoded       int    // bytes of content so far
	digits        int
	extBytes      int
	trailerBytes  int
	state         chunkState
	trailerInName bool
}

type chunkState uint8

const (
	chunkSize    chunkState = iota // digits of the size
	chunkExt                       // behind the digits, up to CR
	chunkSizeLF                    // LF behind the size line
	chunkData                      // content
	chunkDataCR                    // CR behind the content
	chunkDataLF                    // LF behind that
	trailerStart                   // first byte of a trailer line or of the final empty line
	trailerLine                    // within a trailer line
	trailerLF                      // LF behind a trailer line
	trailerEndLF                   // LF of the final empty line
	chunkDone
)

// Len is the number of content bytes decoded so far.
func (c *Chunked) Len() int { return c.decoded }

// Decode goes on with a body in b, where b[:c.Len()] is content decoded by the calls before and the
// bytes behind are new from the wire. It moves the content of the new bytes down, so that body, a prefix of
// b, is all content so far.
//
// When done is false all new bytes are used up: append what arrives next to body and call again. When
// done is true the body is complete and rest holds the bytes behind it, the next request. Decode must
// not be called again after done or an error.
//
// Chunk extensions and trailers are checked, bounded and dropped. White space between a size and its
// extensions, which RFC 9110 5.6.3 would have us skip, is refused: nobody sends it but those who hope that another
// reader takes it differently. Errors: ErrChunkSize,
// ErrChunkExtension, ErrChunkEnd, ErrBareLF, ErrTrailer, ErrTrailerTooLarge, ErrBodyTooLarge; the last as
// soon as a size is announced that does not fit in lim.BodyBytesMax.
func (c *Chunked) Decode(b []byte, lim *Limits) (body, rest []byte, done bool, err error) {
	r := c.decoded
	for r < len(b) && c.state != chunkDone {
		if c.state == chunkData {
			r += c.move(b, r)
			continue
		}
		if err := c.step(b[r], lim); err != nil {
			return b[:c.decoded], nil, false, err
		}
		r++
	}
	return b[:c.decoded], b[r:], c.state == chunkDone, nil
}

// move copies content from b[r:] down to the content before it and returns how much.
func (c *Chunked) move(b []byte, r int) int {
	n := len(b) - r
	if uint64(n) > c.size {
		n = int(c.size)
	}
	copy(b[c.decoded:], b[r:r+n])
	c.decoded += n
	if c.size -= uint64(n); c.size == 0 {
		c.state = chunkDataCR
	}
	return n
}

// step takes one byte that is not content.
func (c *Chunked) step(x byte, lim *Limits) error {
	switch c.state {
	case chunkSize:
		return c.stepSize(x, lim)
	case chunkExt:
		return c.stepExtension(x)
	case chunkSizeLF:
		return c.endSizeLine(x)
	case chunkDataCR:
		return c.expect(x, '\r', chunkDataLF, ErrChunkEnd)
	case chunkDataLF:
		c.digits = 0
		return c.expect(x, '\n', chunkSize, ErrChunkEnd)
	case trailerLF:
		return c.expect(x, '\n', trailerStart, ErrTrailer)
	case trailerEndLF:
		return c.expect(x, '\n', chunkDone, ErrTrailer)
	default:
		return c.stepTrailer(x)
	}
}

// expect goes to the state next if x is want.
func (c *Chunked) expect(x, want byte, next chunkState, err error) error {
	if x != want {
		return err
	}
	c.state = next
	return nil
}

func (c *Chunked) stepSize(x byte, lim *Limits) error {
	if is(x, classHex) {
		return c.addDigit(hexValue(x), lim)
	}
	if c.digits == 0 {
		return ErrChunkSize
	}
	switch x {
	case ';':
		c.state = chunkExt
		return c.stepExtension(x)
	case '\r':
		c.state = chunkSizeLF
		return nil
	case '\n':
		return ErrBareLF
	}
	return ErrChunkSize
}

// addDigit refuses a size as soon as it is more than what the limit leaves. The digits that are allowed fit
// in 64 bits.
func (c *Chunked) addDigit(digit byte, lim *Limits) error {
	if c.digits++; c.digits > ChunkSizeDigitsMax {
		return ErrChunkSize
	}
	room := uint64(max(lim.BodyBytesMax-c.decoded, 0))
	if c.size = c.size<<4 | uint64(digit); c.size > room {
		return ErrBodyTooLarge
	}
	return nil
}

func (c *Chunked) stepExtension(x byte) error {
	switch {
	case x == '\r':
		c.state = chunkSizeLF
		return nil
	case x == '\n':
		return ErrBareLF
	case x < ' ' && x != '\t' || x == 0x7f:
		return ErrChunkExtension
	}
	if c.extBytes++; c.extBytes > ChunkExtensionBytesMax {
		return ErrChunkExtension
	}
	return nil
}

func (c *Chunked) endSizeLine(x byte) error {
	if c.size == 0 {
		return c.expect(x, '\n', trailerStart, ErrChunkSize)
	}
	return c.expect(x, '\n', chunkData, ErrChunkSize)
}

// stepTrailer takes one byte of a trailer line, which has the form of a header line, RFC 9112 7.1.2.
func (c *Chunked) stepTrailer(x byte) error {
	if c.trailerBytes++; c.trailerBytes > TrailerBytesMax {
		return ErrTrailerTooLarge
	}
	switch {
	case c.state == trailerStart && x == '\r':
		c.state = trailerEndLF
	case c.state == trailerStart && is(x, classToken):
		c.state, c.trailerInName = trailerLine, true
	case c.state == trailerStart:
		return ErrTrailer
	case c.trailerInName:
		c.trailerInName = x != ':'
		if c.trailerInName && !is(x, classToken) {
			return ErrTrailer
		}
	case x == '\r':
		c.state = trailerLF
	case x == '\n':
		return ErrBareLF
	case x < ' ' && x != '\t' || x == 0x7f:
		return ErrTrailer
	}
	return nil
}
