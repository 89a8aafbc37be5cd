package hub

// Found is a channel that a Scan has come to.
type Found struct {
	ID   ChannelID
	Name string
}

// Scan goes through all channels in steps, so that whatever else goes on gets its turn in between. Only one
// goroutine may use it at a time.
type Scan struct {
	hub   *Hub
	shard int
	left  uint32 // channels of the shard below this number are still to come, once it is begun
	begun bool
	name  []byte // of one channel
}

// Scan begins at the first channel.
func (h *Hub) Scan() *Scan { return &Scan{hub: h} }

// Step appends those of the next channels, at most holdMax, whose names match, and tells whether there may
// be more. A channel that exists all the time is found, perhaps twice; one that comes meanwhile may be.
//
// match is called with a shard locked: it must not block and must not call the hub, nor keep the name.
func (c *Scan) Step(match func(name []byte) bool, found []Found) (all []Found, more bool) {
	for budget := holdMax; budget > 0 && c.shard < shards; {
		s := &c.hub.shards[c.shard]
		var done int
		found, done = s.scan(c, budget, match, found)
		budget -= max(done, 1) // an empty shard is work, too
		if c.left == 0 {
			c.shard++
			c.begun = false
		}
	}
	return found, c.shard < shards
}

// scan is a step in one shard. It goes from the last record to the first, as repeat does, so that none is left
// out when records move.
func (s *shard) scan(c *Scan, budget int, match func(name []byte) bool, found []Found) (all []Found, done int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !c.begun {
		c.begun, c.left = true, uint32(s.channels.Len())
	}
	for c.left = min(c.left, uint32(s.channels.Len())); c.left > 0 && done < budget; done++ {
		c.left--
		n := s.channels.At(c.left)
		if c.name = s.appendName(c.name[:0], n); match(c.name) {
			found = append(found, Found{n.id(), s.nameOf(n)})
		}
	}
	return found, done
}
