package hub

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
)

// Epoch names one life of a channel to clients: two lives of a name have different ones, also when the
// process was started anew in between. 0 is no epoch. It says nothing of which life came first.
type Epoch uint64

// epochText is how an epoch is written: 11 characters that need no escaping in a URL or a header.
var epochText = base64.RawURLEncoding

// AppendText appends the epoch as clients see it.
func (e Epoch) AppendText(dst []byte) []byte {
	var raw [8]byte
	binary.BigEndian.PutUint64(raw[:], uint64(e))
	return epochText.AppendEncode(dst, raw[:])
}

// String is the epoch as clients see it.
func (e Epoch) String() string { return string(e.AppendText(nil)) }

// ParseEpoch reads what AppendText has written; ok is false for anything else.
func ParseEpoch(text []byte) (e Epoch, ok bool) {
	var raw [8]byte
	if len(text) != epochText.EncodedLen(len(raw)) {
		return 0, false
	}
	if n, err := epochText.Decode(raw[:], text); err != nil || n != len(raw) {
		return 0, false
	}
	e = Epoch(binary.BigEndian.Uint64(raw[:]))
	return e, e != 0
}

// newEpochSeed makes the epochs of this hub differ from those of all others.
func newEpochSeed() uint64 {
	var raw [8]byte
	rand.Read(raw[:]) // never fails: see crypto/rand
	return binary.BigEndian.Uint64(raw[:])
}

// Epoch is the epoch of a channel's life. It needs no room in the channel's record, since it is made of
// the ID: a permutation of 64 bits (the finalizer of SplitMix64), so that two lives never share one, begun
// at a random place. It takes no lock.
func (h *Hub) Epoch(id ChannelID) Epoch {
	x := uint64(id) ^ h.epochSeed
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	x ^= x >> 31
	return Epoch(max(x, 1))
}
