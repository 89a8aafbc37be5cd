package hub

// EventKind is a kind of Event.
type EventKind uint8

const (
	// ChannelOccupied: a channel has got its first subscriber. Weak ones do not count.
	ChannelOccupied EventKind = iota
	// ChannelVacated: its last subscriber has gone, or it was closed with some. Weak ones do not count.
	ChannelVacated
	// MemberJoined: a member has come, or has new info.
	MemberJoined
	// MemberLeft: a member has gone, its grace included, or its channel was closed.
	MemberLeft
	// EventKinds is the number of kinds.
	EventKinds
)

// String is the event's name in the configuration and to receivers.
func (k EventKind) String() string {
	return [EventKinds]string{"channel_occupied", "channel_vacated", "member_joined", "member_left"}[k]
}

// Event is something about who is at a channel.
type Event struct {
	Kind    EventKind
	Channel string
	Member  Member // of the kinds that are about one
}

// Listener hears of who comes and goes.
type Listener interface {
	// Hear is called with a shard locked: it must not block and must not call the hub. The events of one
	// channel come in their order.
	Hear(e Event)
}

// SetListener makes l hear all events from now on. It must be called before the hub is used; without a
// listener no event is made.
func (h *Hub) SetListener(l Listener) { h.listener = l }

// hear tells the listener about channel c, if there is one.
func (s *shard) hear(k EventKind, c *channel, m Member) {
	if s.hub.listener != nil {
		s.hub.listener.Hear(Event{Kind: k, Channel: s.nameOf(c), Member: m})
	}
}
