package hub

import (
	"crypto/rand"
	"encoding/hex"
)

// signedBack is how many messages back Sign lets a new subscriber begin at most.
const signedBack = 10

// Signed is what a channel's owner passes on to a client, so that it may subscribe.
type Signed struct {
	Token   string // 32 lower-case hexadecimal digits
	Seq     int64  // the number to subscribe with
	Expires int64  // the life in seconds that the channel has got
}

// Sign returns the token of a channel, which is made at the first call and stays the same until the
// channel goes. A channel that does not exist is created. Its remaining life is set to expires seconds,
// up or down; 0 and less stand for the channel timeout. It returns ErrName or ErrTooManyChannels.
func (h *Hub) Sign(now int64, name []byte, expires int64) (Signed, error) {
	s, hash := h.locate(name)
	now = s.lock(now)
	defer s.mu.Unlock()
	n, err := s.findOrCreate(now, hash, name)
	if err != nil {
		return Signed{}, err
	}
	if expires <= 0 {
		expires = h.options.ChannelTimeout
	}
	expires = min(expires, lifeMax)
	if c := s.channels.At(n); c.subscribers > 0 {
		c.due = expires
	} else {
		s.setLife(now, n, expires)
	}
	return Signed{Token: s.needToken(n), Seq: s.signedSeq(n), Expires: expires}, nil
}

// signedSeq is the oldest message that is kept, but not further back than signedBack.
func (s *shard) signedSeq(n uint32) int64 {
	c := s.channels.At(n)
	return max(s.historyOf(c).first(c.next), c.next-signedBack)
}

// needToken returns the token of channel n, which gets one if it has none.
func (s *shard) needToken(n uint32) string {
	r := s.needRare(n)
	if r.token == "" {
		r.token = newToken()
	}
	return r.token
}

func newToken() string {
	var random [16]byte
	rand.Read(random[:]) // never fails: see crypto/rand
	return hex.EncodeToString(random[:])
}
