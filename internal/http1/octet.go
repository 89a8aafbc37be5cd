package http1

import (
	"encoding/binary"
	"math/bits"
)

// Classes of octets, one bit each in octetClass.
const (
	classToken = 1 << iota // tchar, RFC 9110 5.6.2
	classHost              // unreserved and sub-delims of RFC 3986, for host names
	classHex
	classDigit
)

var octetClass = func() (t [256]uint8) {
	mark := func(class uint8, octets string) {
		for i := range len(octets) {
			t[octets[i]] |= class
		}
	}
	const digits, hexLetters = "0123456789", "abcdefABCDEF"
	const alpha = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	mark(classDigit, digits)
	mark(classHex, digits+hexLetters)
	mark(classToken, alpha+digits+"!#$%&'*+-.^_`|~")
	mark(classHost, alpha+digits+"-._~"+"!$&'()*+,;=")
	return t
}()

// is tells whether c belongs to one of the classes.
func is(c byte, classes uint8) bool { return octetClass[c]&classes != 0 }

// lower folds ASCII letters only.
func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}

// hexValue is the value of a hexadecimal digit; the caller has checked classHex.
func hexValue(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return lower(c) - 'a' + 10
}

// equalFold compares with ASCII case folded.
func equalFold[T string | []byte](a []byte, b T) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] && lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

// trim cuts optional white space (SP, HTAB) from both ends.
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// Eight octets are looked at in one word. lessThan marks the high bit of octets below n and of no octet
// before the first such one; marks behind it may be false. So only the lowest mark is used.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
	dels  = 0x7f * ones
)

func lessThan(w, n uint64) uint64 { return (w - n*ones) & ^w & highs }

// indexBelow is the index in b, from i on, of the first octet that is less than n (at most 0x80) or DEL; len(b) if
// there is none.
func indexBelow(b []byte, i int, n uint64) int {
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		if m := lessThan(w, n) | lessThan(w^dels, 1); m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for ; i < len(b); i++ {
		if uint64(b[i]) < n || b[i] == 0x7f {
			break
		}
	}
	return i
}
