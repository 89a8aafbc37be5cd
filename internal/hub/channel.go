package hub

// ChannelID names one life of a channel: the hash of its name above the number of its creation in
// its shard. A channel of the same name that comes later has another ID (numbers of a shard repeat
// only after four billion creations). It is never 0.
type ChannelID uint64

func (id ChannelID) hash() uint32  { return uint32(id >> 32) }
func (id ChannelID) birth() uint32 { return uint32(id) }

// nameInlineMax is the longest name that is kept in the record: what is left of 88 bytes. A UUID and
// a SHA-256 in base64 fit.
const nameInlineMax = 45

// nameIsLong in channel.nameLen says that the name is in the channel's rare part.
const nameIsLong = 0xFF

// channel is the record of a channel. There may be a million of them with nothing going on, so it is
// packed, without pointers, and holds only what every channel has:
//
//	 0 next         8 due          16 hash    20 birth    24 subscribers
//	28 extra       32 wheelPrev    36 wheelNext    40 sink    42 nameLen    43 name
//
// Records move when others are removed; shard.remove sets right what refers to them by number.
type channel struct {
	next int64 // number of the next message
	// due without subscribers: the time at which the channel is freed. With subscribers: how many
	// seconds of life are left once they are gone.
	due         int64
	hash        uint32
	birth       uint32
	subscribers uint32 // without the weak ones
	extra       uint32 // position + 1 in shard.extras; 0 is none
	wheelPrev   uint32 // see wheel; 0 if in no list
	wheelNext   uint32
	sink        uint16 // position + 1 of one sink with subscribers; 0 is none. Others are in the rare part.
	nameLen     uint8
	name        [nameInlineMax]byte
}

func (c *channel) id() ChannelID { return ChannelID(c.hash)<<32 | ChannelID(c.birth) }

// isNamed tells whether channel c has this name.
func (s *shard) isNamed(c *channel, name []byte) bool {
	if c.nameLen == nameIsLong {
		return s.rareOf(c).name == string(name)
	}
	return string(c.name[:c.nameLen]) == string(name)
}

// nameOf makes a string of the name of channel c.
func (s *shard) nameOf(c *channel) string {
	if c.nameLen == nameIsLong {
		return s.rareOf(c).name
	}
	return string(c.name[:c.nameLen])
}

// appendName appends the name of channel c.
func (s *shard) appendName(dst []byte, c *channel) []byte {
	if c.nameLen == nameIsLong {
		return append(dst, s.rareOf(c).name...)
	}
	return append(dst, c.name[:c.nameLen]...)
}

// setName gives the new channel n its name.
func (s *shard) setName(n uint32, name []byte) {
	c := s.channels.At(n)
	if len(name) <= nameInlineMax {
		c.nameLen = uint8(copy(c.name[:], name))
		return
	}
	c.nameLen = nameIsLong
	s.needRare(n).name = string(name)
}
