package hub

import (
	"slices"
	"strings"
)

// Bounds of a member. Whoever calls Join has checked them.
const (
	ClientBytesMax = 128
	InfoBytesMax   = 1024
)

// Member is somebody at a channel.
type Member struct {
	Client string // who it is; not empty, at most ClientBytesMax
	Info   string // what others are told of it: a JSON object without blanks, or empty; at most InfoBytesMax
}

// member is a member as its channel keeps it. Members are few beside subscribers, so they may live on the
// Go heap.
type member struct {
	Member
	channel ChannelID
	conns   int   // connections; without any it is in its grace
	leaveAt int64 // when the grace is over

	prev, next *member // in shard.leaving, during its grace
}

// members are those of one channel.
type members struct {
	list     []*member // in the order of their clients; at most Options.MembersMax
	unlisted int       // connections whose clients found no room in list
	until    int64     // when the grace of the last one that was given any is over
}

// find returns the place of client in the list, and whether it is there.
func (m *members) find(client string) (at int, ok bool) {
	return slices.BinarySearchFunc(m.list, client, func(e *member, client string) int {
		return strings.Compare(e.Client, client)
	})
}

func (m *members) count() int { return len(m.list) + m.unlisted }

// membersOf returns the members of channel c, nil if there are none.
func (s *shard) membersOf(c *channel) *members {
	if r := s.rareOf(c); r != nil {
		return r.members
	}
	return nil
}

// Join tells that a subscriber of a channel is m: once for each of its connections. With the first one the
// subscribers get a Join message, and another one when its info changes; what the last connection said
// counts. A client that is back within its grace has not been away.
//
// It returns whether m is listed. When the channel has Options.MembersMax members already it is only
// counted, without events. A channel that is gone meanwhile lists nobody. Every Join owes a Part.
func (h *Hub) Join(now int64, id ChannelID, m Member) (listed bool) {
	s := h.shardOf(id.hash())
	s.lock(now)
	defer s.mu.Unlock()
	n, ok := s.findID(id)
	if !ok {
		return false
	}
	all := s.needMembers(n)
	at, ok := all.find(m.Client)
	switch {
	case ok:
		s.rejoin(n, all.list[at], m.Info)
	case len(all.list) >= h.options.MembersMax:
		all.unlisted++
		return false
	default:
		all.list = slices.Insert(all.list, at, &member{Member: m, channel: id, conns: 1})
		s.members++
		s.tellMember(Join, s.channels.At(n), m)
	}
	return true
}

// needMembers returns the members of channel n, even if there are none so far.
func (s *shard) needMembers(n uint32) *members {
	r := s.needRare(n)
	if r.members == nil {
		r.members = &members{}
	}
	return r.members
}

// rejoin counts one more connection of a member.
func (s *shard) rejoin(n uint32, e *member, info string) {
	if e.conns == 0 {
		s.leaving.remove(e)
	}
	e.conns++
	if e.Info != info {
		e.Info = info
		s.tellMember(Join, s.channels.At(n), e.Member)
	}
}

// Part takes one Join back: that of client, or with an empty client one that was not listed. A client whose
// last connection is gone leaves when it has not come back for Options.MemberGrace seconds. As with Leave,
// an ID that is not known any more is ignored.
func (h *Hub) Part(now int64, id ChannelID, client string) {
	s := h.shardOf(id.hash())
	now = s.lock(now)
	defer s.mu.Unlock()
	n, ok := s.findID(id)
	if !ok {
		return
	}
	c := s.channels.At(n)
	all := s.membersOf(c)
	if client == "" {
		s.partUnlisted(c, all)
		return
	}
	at, ok := all.find(client)
	if !ok || all.list[at].conns == 0 {
		panic("hub: Part without Join")
	}
	e := all.list[at]
	if e.conns--; e.conns == 0 {
		e.leaveAt = now + h.options.MemberGrace + 1
		all.until = e.leaveAt
		s.leaving.add(e)
	}
}

func (s *shard) partUnlisted(c *channel, all *members) {
	if all.unlisted == 0 {
		panic("hub: Part without Join")
	}
	all.unlisted--
	s.dropMembers(c, all)
}

// dropMembers forgets the members of channel c if there are none.
func (s *shard) dropMembers(c *channel, all *members) {
	if all.count() == 0 {
		s.rareOf(c).members = nil
		s.dropRare(c)
	}
}

// leaving are the members of a shard in their grace. It is the same for all, so they are in the order in
// which it ends.
type leaving struct{ first, last *member }

func (l *leaving) add(e *member) {
	e.prev, e.next = l.last, nil
	if l.last == nil {
		l.first = e
	} else {
		l.last.next = e
	}
	l.last = e
}

func (l *leaving) remove(e *member) {
	if e.prev == nil {
		l.first = e.next
	} else {
		e.prev.next = e.next
	}
	if e.next == nil {
		l.last = e.prev
	} else {
		e.next.prev = e.prev
	}
	e.prev, e.next = nil, nil
}

// endGraces lets members leave whose grace is over, at most so many, and returns how many it looked at.
func (s *shard) endGraces(now int64, budget int) (done int) {
	for ; done < budget; done++ {
		e := s.leaving.first
		if e == nil || e.leaveAt > now {
			return done
		}
		s.leaving.remove(e)
		if n, ok := s.findID(e.channel); ok { // its channel may have been closed
			s.endMember(s.channels.At(n), e)
		}
	}
	return done
}

// membersMin is a capacity below which a channel's list of members is not made smaller.
const membersMin = 16

// endMember takes a member out of channel c and tells the others.
func (s *shard) endMember(c *channel, e *member) {
	all := s.membersOf(c)
	at, _ := all.find(e.Client)
	all.list = slices.Delete(all.list, at, at+1)
	if l := len(all.list); cap(all.list) > membersMin && l < cap(all.list)/4 {
		all.list = append(make([]*member, 0, 2*l), all.list...)
	}
	s.members--
	s.dropMembers(c, all)
	s.tellMember(Leave, c, e.Member)
}

// holdsMembers tells whether channel n, whose life is over, has to wait for members to leave first; it gets
// the life for that.
func (s *shard) holdsMembers(now int64, n uint32) bool {
	c := s.channels.At(n)
	all := s.membersOf(c)
	if all == nil {
		return false
	}
	c.due = max(all.until, now+1)
	return true
}

// tellMember tells the subscribers of channel c, and the listener, what a member does.
func (s *shard) tellMember(t Type, c *channel, m Member) {
	if c.sink != 0 {
		s.deliver(c, &Message{Type: t, Channel: s.nameOf(c), Epoch: s.hub.Epoch(c.id()), Member: &m})
	}
	kind := MemberJoined
	if t == Leave {
		kind = MemberLeft
	}
	s.hear(kind, c, m)
}

// closeMembers forgets the members of channel c, which ends. Its subscribers hear of the end of the
// channel instead. Those in their grace are taken out of leaving when their time comes.
func (s *shard) closeMembers(c *channel) {
	all := s.membersOf(c)
	if all == nil {
		return
	}
	s.members -= len(all.list)
	if s.hub.listener == nil {
		return
	}
	for _, e := range all.list {
		s.hear(MemberLeft, c, e.Member)
	}
}

// Members is a part of a channel's members: those whose client comes behind after in the order of bytes, at
// most limit. count is all of them, those not listed included; more says that there are others behind.
// Those in their grace are still there. An unknown channel has none. Its life is not touched.
func (h *Hub) Members(name []byte, after string, limit int) (part []Member, count int, more bool) {
	s, hash := h.locate(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	n, ok := s.find(hash, name)
	if !ok {
		return nil, 0, false
	}
	all := s.membersOf(s.channels.At(n))
	if all == nil {
		return nil, 0, false
	}
	at, found := all.find(after)
	if found {
		at++
	}
	rest := all.list[at:]
	shown := rest[:min(len(rest), max(limit, 0))]
	for _, e := range shown {
		part = append(part, e.Member)
	}
	return part, all.count(), len(shown) < len(rest)
}

// MemberCount counts the members of a channel, those not listed included; an unknown one has none. Its life
// is not touched.
func (h *Hub) MemberCount(name []byte) int {
	_, count, _ := h.Members(name, "", 0)
	return count
}

// MemberTotal counts the listed members of all channels.
func (h *Hub) MemberTotal() (n int) {
	for i := range h.shards {
		s := &h.shards[i]
		s.mu.Lock()
		n += s.members
		s.mu.Unlock()
	}
	return n
}
