package hub

// extrasMin is a capacity below which a shard's table of extras is not made smaller.
const extrasMin = 64

// extra is the part of a channel on the Go heap. A channel that never had a message, a token, a long
// name, members, weak subscribers, or subscribers on two loops has none.
type extra struct {
	owner   uint32 // number of the channel, which changes when its record moves
	lostAt  uint32 // when the newest message that left the history had been published
	weak    uint32 // weak subscribers
	history history
	rare    *rare
}

// rare is what few channels have.
type rare struct {
	name    string   // longer than nameInlineMax, else empty
	token   string   // empty until the channel is signed
	sinks   []uint16 // positions + 1 of sinks with subscribers, beside channel.sink; SinksMax at most
	members *members // nil while nobody has joined
}

// extraOf returns the extra of channel c, nil if it has none.
func (s *shard) extraOf(c *channel) *extra {
	if c.extra == 0 {
		return nil
	}
	return s.extras[c.extra-1]
}

// rareOf returns the rare part of channel c, nil if it has none.
func (s *shard) rareOf(c *channel) *rare {
	if e := s.extraOf(c); e != nil {
		return e.rare
	}
	return nil
}

// needExtra returns the extra of channel n, which gets one if it has none.
func (s *shard) needExtra(n uint32) *extra {
	c := s.channels.At(n)
	if c.extra == 0 {
		s.extras = append(s.extras, &extra{owner: n})
		c.extra = uint32(len(s.extras))
	}
	return s.extras[c.extra-1]
}

// needRare is needExtra for the rare part.
func (s *shard) needRare(n uint32) *rare {
	e := s.needExtra(n)
	if e.rare == nil {
		e.rare = &rare{}
	}
	return e.rare
}

// dropRare takes the rare part away from channel c if nothing is in it, and with it the extra if that was all.
func (s *shard) dropRare(c *channel) {
	e := s.extraOf(c)
	if r := e.rare; r != nil && (r.name != "" || r.token != "" || len(r.sinks) > 0 || r.members != nil) {
		return
	}
	e.rare = nil
	if e.history == nil && e.lostAt == 0 && e.weak == 0 {
		s.dropExtra(c)
	}
}

// dropExtra takes the extra away from channel c. The last one of the table moves into the hole.
func (s *shard) dropExtra(c *channel) {
	if c.extra == 0 {
		return
	}
	last := len(s.extras) - 1
	moved := s.extras[last]
	s.extras[c.extra-1] = moved
	s.channels.At(moved.owner).extra = c.extra
	c.extra = 0
	s.extras[last] = nil
	s.extras = s.extras[:last]
	s.shrinkExtras()
}

func (s *shard) shrinkExtras() {
	if n := len(s.extras); cap(s.extras) > extrasMin && n < cap(s.extras)/4 {
		s.extras = append(make([]*extra, 0, max(2*n, extrasMin)), s.extras...)
	}
}
