package ws

import (
	"testing"
	"unicode/utf8"
)

// canBegin tells by brute force whether a text can go on from p: some rune with p's cut end at its front exists.
func canBegin(p []byte) bool {
	for len(p) > 0 {
		r, n := utf8.DecodeRune(p)
		if r == utf8.RuneError && n <= 1 {
			return runeFronts()[string(p)]
		}
		p = p[n:]
	}
	return true
}

var fronts map[string]bool

// runeFronts are the first bytes of all runes, without the last.
func runeFronts() map[string]bool {
	if fronts == nil {
		fronts = map[string]bool{}
		for r := range rune(utf8.MaxRune + 1) {
			if s := string(r); utf8.ValidRune(r) {
				for n := 1; n < len(s); n++ {
					fronts[s[:n]] = true
				}
			}
		}
	}
	return fronts
}

// All texts of up to 3 bytes, and of 4 that begin like a rune of 4: in each, each byte is judged as brute force does.
func TestTextFailsAtItsFirstBadByte(t *testing.T) {
	octets := []byte{0x00, 'a', 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef,
		0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf8, 0xff}
	var walk func(p []byte, u utf8Check)
	walk = func(p []byte, u utf8Check) {
		if len(p) == 5 {
			return
		}
		for _, c := range octets {
			next, q := u, append(p[:len(p):len(p)], c)
			ok := next.step(c)
			if want := canBegin(q); ok != want {
				t.Fatalf("%x: %t", q, ok)
			}
			if !ok {
				continue
			}
			if next.done() != utf8.Valid(q) {
				t.Fatalf("%x: done is %t", q, next.done())
			}
			walk(q, next)
		}
	}
	walk(nil, utf8Check{})
}

func FuzzUTF8(f *testing.F) {
	f.Add([]byte("κόσμε\xf4\x90"), 3, 7)
	f.Add([]byte("plain"), 0, 5)
	f.Fuzz(func(t *testing.T, p []byte, i, j int) {
		i = max(0, min(i, len(p)))
		j = max(i, min(j, len(p)))
		var u, single utf8Check
		ok := u.add(p[:i]) && u.add(p[i:j]) && u.add(p[j:])
		singleOK := true
		for _, c := range p {
			singleOK = singleOK && single.step(c)
		}
		if ok != singleOK || ok && u.need != single.need {
			t.Errorf("in pieces %t %+v, byte by byte %t %+v", ok, u, singleOK, single)
		}
		if (ok && u.done()) != utf8.Valid(p) {
			t.Errorf("valid is %t", utf8.Valid(p))
		}
	})
}
