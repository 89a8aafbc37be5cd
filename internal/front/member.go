package front

import (
	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/hub"
	"github.com/icomet/icomet/internal/reactor"
)

// membersShown is how many members a client is told of that asks who is there.
const membersShown = 1000

// marks say what a subscription has to do with the members of its channel, and where it is from.
type marks uint8

const (
	markPresence marks = 1 << iota // wants join and leave
	markMember                     // owes a Part
	markUnlisted                   // of a member that the channel has no room for
	markWeak                       // brought by a pattern
)

// attend lets subscription u of s take part in the presence of its channel, if that has any. Who has a channel
// by a pattern is no member of it: that would keep it for ever.
func (d *Door) attend(s *subscriber, u *subscription, w *want) {
	if !s.is(flagNamed) && !w.presence || !d.options.Presence.Match(w.name) {
		return
	}
	if w.presence {
		u.marks |= markPresence
		d.audience[u.channel]++
	}
	if s.is(flagNamed) && w.weak == 0 {
		u.marks |= markMember
		if !d.options.Hub.Join(d.now(), u.channel, d.identities[s.fd]) {
			u.marks |= markUnlisted
		}
	}
}

// depart ends attend.
func (d *Door) depart(u *subscription) {
	if u.marks&markPresence != 0 {
		if d.audience[u.channel]--; d.audience[u.channel] == 0 {
			delete(d.audience, u.channel)
		}
	}
	if u.marks&markMember != 0 {
		d.part(u.channel, d.identities[u.fd].Client, u.marks&markUnlisted == 0)
	}
}

// part takes a Join of the hub back.
func (d *Door) part(id hub.ChannelID, client string, listed bool) {
	if !listed {
		client = ""
	}
	d.options.Hub.Part(d.now(), id, client)
}

// touch lets a poll that is answered at once, and so subscribes nothing, be at a channel for the grace.
func (d *Door) touch(s *subscriber, id hub.ChannelID, w *want) {
	if !s.is(flagNamed) || !d.options.Presence.Match(w.name) {
		return
	}
	who := d.identities[s.fd]
	d.part(id, who.Client, d.options.Hub.Join(d.now(), id, who))
}

// isMemberEvent tells whether m is a join or leave, which has no number.
func isMemberEvent(m *hub.Message) bool { return m.Member != nil }

// hasAudience tells whether m can be for any subscriber of the channel here.
func (d *Door) hasAudience(id hub.ChannelID, m *hub.Message) bool {
	return !isMemberEvent(m) || d.audience[id] > 0
}

// segment is how many messages at the beginning of run are of one sort: with a number, or of members.
func segment(run []*hub.Message) int {
	n := 1
	for n < len(run) && isMemberEvent(run[n]) == isMemberEvent(run[0]) {
		n++
	}
	return n
}

// deliverMembers sends a run of joins and leaves to subscription n, if it wants them. It tells whether the
// subscription has ended with that. One that reads too slowly is left out: what it has missed is not in the
// history.
func (d *Door) deliverMembers(c reactor.Conn, n uint32, run []*hub.Message) (ended bool) {
	u, s := d.subscriptions.At(n), d.subscriber(c.Fd())
	if u.marks&markPresence == 0 {
		return false
	}
	if s.kind == delivery.Poll {
		d.Counters.MemberEvents.Add(uint64(len(run)))
		d.finish(c, lastPiece(s, d.encoderOf(s).AppendText(nil, arrayOf(run))))
		return true
	}
	slot := s.slot()
	if d.scratch.frames[slot] == nil {
		d.scratch.frames[slot] = membersFrame(s, run)
	}
	frame := d.scratch.frames[slot]
	if waiting := c.OutputWaiting(); waiting > 0 && waiting+len(frame) > d.options.OutputBytesMax {
		d.Counters.MemberEventsSkipped.Add(uint64(len(run)))
		return false
	}
	d.Counters.MemberEvents.Add(uint64(len(run)))
	c.WriteFrame(frame)
	if c.Dead() {
		return true
	}
	c.SetDeadline(classNoop)
	return false
}

// membersFrame is the frame of joins and leaves: without an id, since they have no number.
func membersFrame(s *subscriber, run []*hub.Message) (frame []byte) {
	for _, m := range run {
		text := delivery.AppendMemberEvent(nil, m)
		frame = appendForm(frame, s.kind, s.flags, delivery.Of(s.kind).AppendText(nil, text))
	}
	return frame
}

// commandMembers answers who is at a channel.
func (d *Door) commandMembers(c reactor.Conn, s *subscriber, cmd *command) error {
	if cmd.Channel == nil {
		return errNoName
	}
	name := []byte(*cmd.Channel)
	if _, ok := d.findName(s, name); !ok {
		d.tell(c, s, cmd, codeUnknown, "not subscribed")
		return nil
	}
	part, count, _ := d.options.Hub.Members(name, "", membersShown)
	d.reply(c, d.appendText(nil, s, delivery.AppendMemberList(nil, cmd.number(), name, part, count)))
	return nil
}
