package ws

import "unicode/utf8"

// utf8Check checks text that comes in pieces (RFC 6455 8.1), and finds the first byte that no valid text can have in
// its place, whatever follows. The zero value is the begin of a text.
type utf8Check struct {
	need   uint8 // continuation bytes that the rune under way still needs
	lo, hi uint8 // bounds of the next of them
}

// add takes the next piece and tells whether the text can still become valid. Most of it goes through
// utf8.Valid; only a rune that is cut is walked through byte by byte.
func (u *utf8Check) add(p []byte) bool {
	for u.need > 0 && len(p) > 0 {
		if !u.step(p[0]) {
			return false
		}
		p = p[1:]
	}
	cut := lastRune(p)
	if !utf8.Valid(p[:cut]) {
		return false
	}
	for _, c := range p[cut:] {
		if !u.step(c) {
			return false
		}
	}
	return true
}

// done tells whether the text may end here.
func (u *utf8Check) done() bool { return u.need == 0 }

// lastRune is where the last rune of p begins if it may be cut, else len(p). A rune has at most 3 bytes when it is
// cut.
func lastRune(p []byte) int {
	for i := len(p) - 1; i >= 0 && i >= len(p)-(utf8.UTFMax-1); i-- {
		if utf8.RuneStart(p[i]) {
			if p[i] < utf8.RuneSelf {
				break
			}
			return i
		}
	}
	return len(p)
}

// step takes one byte. The bounds of the second byte of a rune keep out overlong forms, surrogates and what is over
// U+10FFFF, RFC 3629 4.
func (u *utf8Check) step(c byte) bool {
	if u.need > 0 {
		ok := u.lo <= c && c <= u.hi
		u.need, u.lo, u.hi = u.need-1, 0x80, 0xbf
		return ok
	}
	u.lo, u.hi = 0x80, 0xbf
	switch {
	case c < utf8.RuneSelf:
		return true
	case 0xc2 <= c && c <= 0xdf:
		u.need = 1
		return true
	case 0xe0 <= c && c <= 0xef:
		u.need = 2
	case 0xf0 <= c && c <= 0xf4:
		u.need = 3
	default:
		return false
	}
	switch c {
	case 0xe0:
		u.lo = 0xa0
	case 0xed:
		u.hi = 0x9f
	case 0xf0:
		u.lo = 0x90
	case 0xf4:
		u.hi = 0x8f
	}
	return true
}
