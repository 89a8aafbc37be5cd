package hub

import "fmt"

// SameShard returns count names that begin with prefix and all belong to one shard, so that their
// records move each other about.
func (h *Hub) SameShard(prefix string, count int) []string {
	first, _ := h.locate([]byte(prefix))
	names := []string{prefix}
	for i := 0; len(names) < count; i++ {
		name := fmt.Sprint(prefix, i)
		if s, _ := h.locate([]byte(name)); s == first {
			names = append(names, name)
		}
	}
	return names
}

// SkipBirths makes every shard believe that so many channels were created in it.
func (h *Hub) SkipBirths(births uint32) {
	for i := range h.shards {
		h.shards[i].births = births
	}
}

// MappedBytes is what the hub has outside of the Go heap.
func (h *Hub) MappedBytes() (bytes int) {
	for i := range h.shards {
		bytes += h.shards[i].channels.Bytes() + h.shards[i].index.Bytes()
	}
	return bytes
}

// Check tells what is inconsistent, if anything.
func (h *Hub) Check() error {
	channels := 0
	for i := range h.shards {
		if err := h.shards[i].check(); err != nil {
			return fmt.Errorf("shard %d: %w", i, err)
		}
		channels += h.shards[i].channels.Len()
	}
	if channels != int(h.channels.Load()) {
		return fmt.Errorf("%d channels, but %d are counted", channels, h.channels.Load())
	}
	return nil
}

func (s *shard) check() error {
	if s.index.Len() != s.channels.Len() {
		return fmt.Errorf("%d channels, but %d in the index", s.channels.Len(), s.index.Len())
	}
	subscribers, extras, idle := 0, 0, 0
	for n := range uint32(s.channels.Len()) {
		c := s.channels.At(n)
		if found, ok := s.findID(c.id()); !ok || found != n {
			return fmt.Errorf("channel %d is not found by its ID", n)
		}
		if found, ok := s.find(c.hash, []byte(s.nameOf(c))); !ok || found != n {
			return fmt.Errorf("channel %d is not found by its name", n)
		}
		if e := s.extraOf(c); e != nil {
			extras++
			if e.owner != n {
				return fmt.Errorf("the extra of channel %d belongs to %d", n, e.owner)
			}
		}
		if (s.audience(c) > 0) != (c.sink > 0) || (c.subscribers > 0) != (c.wheelPrev == 0) {
			return fmt.Errorf("channel %d: %d subscribers, sink %d, wheel %x", n, c.subscribers, c.sink, c.wheelPrev)
		}
		subscribers += s.audience(c)
		if c.subscribers == 0 {
			idle++
		}
	}
	if subscribers != s.subscribers || extras != len(s.extras) {
		return fmt.Errorf("%d subscribers, %d counted; %d extras, %d kept", subscribers, s.subscribers, extras, len(s.extras))
	}
	if cap(s.extras) > max(extrasMin, 4*len(s.extras)+4) {
		return fmt.Errorf("room for %d extras, there are %d", cap(s.extras), len(s.extras))
	}
	if err := s.checkMembers(); err != nil {
		return err
	}
	return s.expiry.check(idle)
}

// checkMembers looks at the members of all channels, and at those in their grace.
func (s *shard) checkMembers() error {
	waiting := map[*member]bool{}
	last := int64(0)
	for e := s.leaving.first; e != nil; e = e.next {
		if e.leaveAt < last || e.conns != 0 || e.next == nil && e != s.leaving.last {
			return fmt.Errorf("%s leaves at %d behind %d, %d connections", e.Client, e.leaveAt, last, e.conns)
		}
		last, waiting[e] = e.leaveAt, true
	}
	listed := 0
	for n := range uint32(s.channels.Len()) {
		all := s.membersOf(s.channels.At(n))
		if all == nil {
			continue
		}
		if all.count() == 0 || cap(all.list) > max(membersMin, 4*len(all.list)+4) {
			return fmt.Errorf("channel %d: %d members in room for %d", n, all.count(), cap(all.list))
		}
		listed += len(all.list)
		for i, e := range all.list {
			if at, ok := all.find(e.Client); !ok || at != i || (e.conns == 0) != waiting[e] || e.leaveAt > all.until {
				return fmt.Errorf("channel %d: member %d, %s, is found at %d, has %d connections, waits: %v",
					n, i, e.Client, at, e.conns, waiting[e])
			}
		}
	}
	if listed != s.members {
		return fmt.Errorf("%d members, %d counted", listed, s.members)
	}
	return nil
}

func (w *wheel) check(want int) error {
	filed := 0
	for slot, link := range w.heads {
		prev := wheelHead | uint32(slot)
		for link != 0 {
			c := w.channels.At(link - 1)
			if c.wheelPrev != prev {
				return fmt.Errorf("channel %d points back at %x, not %x", link-1, c.wheelPrev, prev)
			}
			filed++
			prev, link = link, c.wheelNext
		}
	}
	if filed != want {
		return fmt.Errorf("%d channels filed, %d without subscribers", filed, want)
	}
	return nil
}
