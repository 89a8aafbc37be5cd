package hub

import (
	"crypto/subtle"
	"slices"
)

// Sink is a loop as the hub sees it. Its methods are called with a shard locked: they must not
// block and must not call the hub.
type Sink interface {
	// Deliver queues m for this loop's subscribers of channel id. A sink sees the messages of a
	// channel in the order of their numbers, and m.Done must be called once the loop has handled it.
	//
	// What was queued before a Subscribe may be handled after it. So a loop passes a data or broadcast
	// message only to subscribers whose Subscription.NextSeq is not above its number; the others have
	// got it in their replay. What a member does has no number; it is for all subscribers that want to know.
	Deliver(id ChannelID, m *Message)
	// Overloaded tells that the loop is too far behind for more publishes. Deliver has to take
	// messages nevertheless: those of a broadcast (paced), of members, and the end of a
	// channel.
	Overloaded() bool
	// Created tells that a channel has come into being whose name the sink follows; see Hub.Follow. It comes
	// ahead of everything else about that life of the channel.
	Created(id ChannelID, name string)
}

// SubscribeRequest is what a client asks for.
type SubscribeRequest struct {
	Name []byte // not kept
	// Seq is the number to go on from, as it came on the wire: 0 asks for the next number only. It
	// counts if Start says so.
	Seq   int32
	Start Start
	// Weak makes it a subscription of that life of the channel alone, which does not count for how long the
	// channel lives; 0 makes it an ordinary one.
	Weak ChannelID
	// Sink is the position of the subscriber's loop in SetSinks.
	Sink int
	// Once says that one answer is enough (a poll): if anything is due now, nothing is registered.
	Once bool
	// CheckToken says that Token has to be the token of the channel.
	CheckToken bool
	Token      []byte // not kept
	// ReplayBytesMax bounds the contents of the replay, but for its first message, which may be larger
	// alone; 0 is no bound, and with less there is no message in it.
	ReplayBytesMax int
}

// Subscription is the answer to an accepted SubscribeRequest.
type Subscription struct {
	ID ChannelID
	// Registered says that the subscriber counts from now on, and owes a Leave when it goes.
	Registered bool
	// NextSeq is the number that the channel's next message will have.
	NextSeq int64
	// SendNextSeq says that the client is to be told NextSeq first: it asked on the wire for 0 or for a
	// number that does not exist yet.
	SendNextSeq bool
	// First is the number that the replay, or else what comes, begins with. Announce says that the client
	// does not know it yet: it named no number, or one of another life. Both are for a Start other
	// than FromWire.
	First    int64
	Announce bool
	// Next is the number behind the replay, from where the subscriber goes on. Below NextSeq, the
	// replay was cut by ReplayBytesMax; Hub.Read has the rest, and what is delivered must wait for it.
	Next int64
}

// Behind tells that the replay was cut.
func (s Subscription) Behind() bool { return s.Next < s.NextSeq }

// Subscribe looks up or creates a channel, appends the messages that the subscriber has missed to
// replay, and registers the subscriber, all at one moment: every message is either in the replay or
// will be delivered. The channel's life is prolonged, unless the subscription is weak.
//
// It returns, in this order, ErrName, ErrGone, ErrTooManyChannels, ErrToken or ErrTooManySubscribers. A
// refused subscription changes nothing; with CheckToken it never creates a channel, since one that
// does not exist has no token.
func (h *Hub) Subscribe(now int64, r SubscribeRequest, replay []Entry) (Subscription, []Entry, error) {
	if err := h.CheckName(r.Name); err != nil {
		return Subscription{}, replay, err
	}
	s, hash := h.locate(r.Name)
	now = s.lock(now)
	defer s.mu.Unlock()
	n, err := s.admit(now, hash, &r)
	if err != nil {
		return Subscription{}, replay, err
	}
	if r.Weak == 0 {
		s.prolong(now, n)
	}
	missed := len(replay)
	sub, replay := s.replay(now, n, &r, replay)
	due := sub.SendNextSeq || sub.Announce || len(replay) > missed
	if sub.Registered = !r.Once || !due; sub.Registered {
		s.join(now, n, &r)
	}
	return sub, replay, nil
}

// replay appends what a subscriber of channel n has missed, and says where it stands then.
func (s *shard) replay(now int64, n uint32, r *SubscribeRequest, out []Entry) (Subscription, []Entry) {
	c := s.channels.At(n)
	sub := Subscription{ID: c.id(), NextSeq: c.next, Next: c.next}
	if r.Start.Kind != FromWire {
		b := s.begin(n, &r.Start)
		sub.First, sub.Announce = b.from, b.announce
		out, sub.Next = s.missed(now, n, b, r.ReplayBytesMax, out)
		return sub, out
	}
	if sub.SendNextSeq = r.Seq == 0 || isFuture(r.Seq, c.next); sub.SendNextSeq {
		return sub, out
	}
	p := replay{from: unwrap(r.Seq, c.next), now: now, bytesMax: r.ReplayBytesMax}
	out, sub.Next = s.historyOf(c).read(p, c.next, out)
	return sub, out
}

// admit finds or creates the channel for a subscription, or says why not.
func (s *shard) admit(now int64, hash uint32, r *SubscribeRequest) (uint32, error) {
	n, ok := s.find(hash, r.Name)
	switch {
	case r.Weak != 0 && (!ok || s.channels.At(n).id() != r.Weak):
		return 0, ErrGone
	case !ok:
		return s.admitNew(now, hash, r)
	}
	c := s.channels.At(n)
	switch {
	case r.CheckToken && !s.hasToken(c, r.Token):
		return 0, ErrToken
	case s.audience(c) >= s.hub.options.MaxSubscribers:
		return 0, ErrTooManySubscribers
	}
	return n, nil
}

func (s *shard) admitNew(now int64, hash uint32, r *SubscribeRequest) (uint32, error) {
	switch {
	case s.hub.full():
		return 0, ErrTooManyChannels
	case r.CheckToken:
		return 0, ErrToken
	case s.hub.options.MaxSubscribers == 0:
		return 0, ErrTooManySubscribers
	}
	return s.create(now, hash, r.Name)
}

// hasToken compares in a time that does not depend on where the two differ.
func (s *shard) hasToken(c *channel, token []byte) bool {
	rare := s.rareOf(c)
	return rare != nil && rare.token != "" && subtle.ConstantTimeCompare([]byte(rare.token), token) == 1
}

// join counts one more subscriber of channel n.
func (s *shard) join(now int64, n uint32, r *SubscribeRequest) {
	_ = s.hub.sinks[r.Sink]
	s.subscribers++
	s.addSink(n, uint16(r.Sink+1))
	if r.Weak != 0 {
		s.needExtra(n).weak++
		return
	}
	c := s.channels.At(n)
	if c.subscribers == 0 {
		s.pauseLife(now, n)
		s.hear(ChannelOccupied, c, Member{})
	}
	c.subscribers++
}

// audience counts the subscribers of channel c, weak ones included.
func (s *shard) audience(c *channel) int {
	if e := s.extraOf(c); e != nil {
		return int(c.subscribers) + int(e.weak)
	}
	return int(c.subscribers)
}

// Leave tells that a registered subscriber on a sink has gone; last says that this sink has no other
// of the channel. The life of a channel without subscribers begins to run down. An ID that is not
// known any more is of a channel that was closed meanwhile, and ignored.
//
// The calls of one sink for one channel must not overlap each other or its Subscribe.
func (h *Hub) Leave(now int64, id ChannelID, sink int, last bool) {
	s := h.shardOf(id.hash())
	now = s.lock(now)
	defer s.mu.Unlock()
	n, ok := s.findID(id)
	if !ok {
		return
	}
	c := s.channels.At(n)
	if c.subscribers == 0 {
		panic("hub: Leave without Subscribe")
	}
	c.subscribers--
	s.leaveSink(c, sink, last)
	if c.subscribers == 0 {
		s.setLife(now, n, c.due)
		s.hear(ChannelVacated, c, Member{})
	}
}

// LeaveWeak is Leave for a weak subscriber. last counts those that are not weak, too.
func (h *Hub) LeaveWeak(id ChannelID, sink int, last bool) {
	s := h.shardOf(id.hash())
	s.mu.Lock()
	defer s.mu.Unlock()
	n, ok := s.findID(id)
	if !ok {
		return
	}
	c := s.channels.At(n)
	e := s.extraOf(c)
	if e == nil || e.weak == 0 {
		panic("hub: LeaveWeak without Subscribe")
	}
	e.weak--
	s.leaveSink(c, sink, last)
	s.dropRare(c)
}

func (s *shard) leaveSink(c *channel, sink int, last bool) {
	s.subscribers--
	if last {
		s.dropSink(c, uint16(sink+1))
	}
}

// addSink notes that a sink has subscribers of channel n.
func (s *shard) addSink(n uint32, sink uint16) {
	c := s.channels.At(n)
	switch {
	case c.sink == 0:
		c.sink = sink
	case c.sink != sink:
		if r := s.needRare(n); !slices.Contains(r.sinks, sink) {
			r.sinks = append(r.sinks, sink)
		}
	}
}

// dropSink notes that a sink has no more subscribers of channel c.
func (s *shard) dropSink(c *channel, sink uint16) {
	others := s.otherSinks(c)
	if c.sink == sink {
		if len(others) == 0 {
			c.sink = 0
			return
		}
		c.sink, sink = others[0], others[0]
	}
	if i := slices.Index(others, sink); i >= 0 {
		s.rareOf(c).sinks = slices.Delete(others, i, i+1)
	}
}

// otherSinks are the sinks with subscribers of channel c beside c.sink.
func (s *shard) otherSinks(c *channel) []uint16 {
	if r := s.rareOf(c); r != nil {
		return r.sinks
	}
	return nil
}

// deliver posts m to every sink with subscribers of channel c, of which there must be one.
func (s *shard) deliver(c *channel, m *Message) {
	id := c.id()
	s.hub.sinks[c.sink-1].Deliver(id, m)
	for _, sink := range s.otherSinks(c) {
		s.hub.sinks[sink-1].Deliver(id, m)
	}
}

// overloaded tells whether any sink with subscribers of channel c is.
func (s *shard) overloaded(c *channel) bool {
	if c.sink == 0 {
		return false
	}
	for _, sink := range s.otherSinks(c) {
		if s.hub.sinks[sink-1].Overloaded() {
			return true
		}
	}
	return s.hub.sinks[c.sink-1].Overloaded()
}
