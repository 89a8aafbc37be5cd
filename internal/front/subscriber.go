package front

import (
	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/hub"
	"github.com/icomet/icomet/internal/reactor"
)

// subscriber is a connection that gets messages: what its record in the reactor has no room for. Its number,
// which changes when others leave, is the connection's User.
type subscriber struct {
	fd       int32
	first    uint32 // number + 1 of its first subscription, 0 for none; see subscription
	noop     int32  // seq of the next noop
	callback uint32 // number in Door.callbacks + 1, 0 for none
	channels uint16
	kind     delivery.Kind
	flags    flags
}

type flags uint8

const (
	flagChunked  flags = 1 << iota // pieces of the answer are chunks
	flagV1                         // messages of v1
	flagMany                       // an event stream whose ids name more than one channel
	flagDeflated                   // a WebSocket that has agreed to compression
	flagBinary                     // a WebSocket that wants bytes as bytes
	flagNamed                      // its identity is in Door.identities
	flagGranted                    // came with a signed token; see Door.grants
	flagAsking                     // is none yet: the application is asked; see asking
)

// slots is how many different frames of a message there can be for others to share: of each kind, chunked and
// not, of v1 and not; and of WebSockets, which are neither chunked nor without v1, compressed and not, with
// bytes as bytes and not.
const slots = int(delivery.Kinds) * 4

func (s *subscriber) slot() int {
	low, high := s.is(flagChunked), s.is(flagV1)
	if s.kind == delivery.WebSocket {
		low, high = s.is(flagDeflated), s.is(flagBinary)
	}
	slot := int(s.kind) * 4
	if low {
		slot++
	}
	if high {
		slot += 2
	}
	return slot
}

func (s *subscriber) is(f flags) bool { return s.flags&f != 0 }

// subscriber returns the one of the connection with that descriptor.
func (d *Door) subscriber(fd int32) *subscriber {
	return d.subscribers.At(d.loop.Conn(fd).User())
}

// addSubscriber makes connection c a subscriber, without channels so far.
func (d *Door) addSubscriber(c reactor.Conn, s subscriber) *subscriber {
	s.fd = c.Fd()
	n := d.subscribers.Append()
	*d.subscribers.At(n) = s
	c.SetUser(n)
	d.Counters.Subscribers[s.kind].Add(1)
	return d.subscribers.At(n)
}

// removeSubscriber ends all that connection c has subscribed, and tells the hub.
func (d *Door) removeSubscriber(c reactor.Conn) {
	n := c.User()
	s := d.subscribers.At(n)
	for s.first != 0 {
		d.unsubscribe(s.first - 1)
	}
	d.unfollowAll(s)
	d.callbacks.free(s.callback)
	d.forget(s)
	d.disallow(s)
	d.Counters.Subscribers[s.kind].Add(-1)
	if d.subscribers.Remove(n) {
		d.loop.Conn(d.subscribers.At(n).fd).SetUser(n)
	}
	d.countMemory()
}

// subscription is a channel of a subscriber. Those of the same channel on this loop are linked in a list,
// and those of the same subscriber in a ring, in the order of the requests. All links are numbers + 1, 0 for
// none, and are set right when a record moves.
type subscription struct {
	channel     hub.ChannelID
	seq         int64 // of the next message that it needs
	fd          int32 // of the subscriber
	prev, next  uint32
	left, right uint32
	place       uint16 // in the request, of an event stream
	behind      bool   // reads on from the history when the output is out
	marks       marks
}

func channelHash(id hub.ChannelID) uint32 { return uint32(id >> 32) }

func (d *Door) hashOf(n uint32) uint32 { return channelHash(d.subscriptions.At(n).channel) }

// firstOf finds the first subscription of a channel on this loop: its number + 1, 0 for none.
func (d *Door) firstOf(id hub.ChannelID) uint32 {
	n, ok := d.heads.Find(channelHash(id), func(n uint32) bool { return d.subscriptions.At(n).channel == id })
	if !ok {
		return 0
	}
	return n + 1
}

// subscribe adds a channel to subscriber s.
func (d *Door) subscribe(s *subscriber, u subscription) *subscription {
	u.fd, u.prev, u.next = s.fd, 0, d.firstOf(u.channel)
	n := d.subscriptions.Append()
	p := d.subscriptions.At(n)
	*p = u
	if hash := channelHash(u.channel); u.next == 0 {
		d.heads.Insert(hash, n, d.hashOf)
	} else {
		d.subscriptions.At(u.next - 1).prev = n + 1
		d.heads.Replace(hash, u.next-1, n)
	}
	d.enterRing(s, n)
	s.channels++
	d.Counters.Subscriptions.Add(1)
	d.countMemory()
	return p
}

// enterRing puts subscription n at the end of the ring of s.
func (d *Door) enterRing(s *subscriber, n uint32) {
	u := d.subscriptions.At(n)
	if s.first == 0 {
		s.first, u.left, u.right = n+1, n+1, n+1
		return
	}
	first := d.subscriptions.At(s.first - 1)
	u.left, u.right = first.left, s.first
	d.subscriptions.At(u.left - 1).right = n + 1
	first.left = n + 1
}

// unsubscribe ends subscription n, and tells the hub.
func (d *Door) unsubscribe(n uint32) {
	u := *d.subscriptions.At(n)
	last := u.prev == 0 && u.next == 0
	d.leaveList(n, &u)
	d.leaveRing(n, &u)
	if d.subscriptions.Remove(n) {
		d.moved(uint32(d.subscriptions.Len()), n)
	}
	if u.marks != 0 {
		d.depart(&u)
	}
	if u.marks&markWeak != 0 {
		d.options.Hub.LeaveWeak(u.channel, d.loop.Number(), last)
	} else {
		d.options.Hub.Leave(d.now(), u.channel, d.loop.Number(), last)
	}
	d.Counters.Subscriptions.Add(-1)
	d.removals++
}

func (d *Door) leaveList(n uint32, u *subscription) {
	if u.next != 0 {
		d.subscriptions.At(u.next - 1).prev = u.prev
	}
	hash := channelHash(u.channel)
	switch {
	case u.prev != 0:
		d.subscriptions.At(u.prev - 1).next = u.next
	case u.next != 0:
		d.heads.Replace(hash, n, u.next-1)
	default:
		d.heads.Delete(hash, n, d.hashOf)
	}
}

func (d *Door) leaveRing(n uint32, u *subscription) {
	s := d.subscriber(u.fd)
	s.channels--
	if u.right == n+1 {
		s.first = 0
		return
	}
	d.subscriptions.At(u.left - 1).right = u.right
	d.subscriptions.At(u.right - 1).left = u.left
	if s.first == n+1 {
		s.first = u.right
	}
}

// moved sets right what refers to the subscription that was old and is now n.
func (d *Door) moved(old, n uint32) {
	u := d.subscriptions.At(n)
	if u.next != 0 {
		d.subscriptions.At(u.next - 1).prev = n + 1
	}
	if u.prev != 0 {
		d.subscriptions.At(u.prev - 1).next = n + 1
	} else {
		d.heads.Replace(channelHash(u.channel), old, n)
	}
	if u.left == old+1 {
		u.left, u.right = n+1, n+1
	} else {
		d.subscriptions.At(u.left - 1).right = n + 1
		d.subscriptions.At(u.right - 1).left = n + 1
	}
	if s := d.subscriber(u.fd); s.first == old+1 {
		s.first = n + 1
	}
}

// each calls f with the subscriptions of s in the order of the requests, until f returns false. f must not
// change the ring.
func (d *Door) each(s *subscriber, f func(n uint32, u *subscription) bool) {
	for at := s.first; at != 0; {
		u := d.subscriptions.At(at - 1)
		if !f(at-1, u) {
			return
		}
		if at = u.right; at == s.first {
			return
		}
	}
}

// find returns the number of the subscription of s to a channel. It looks through the channels of s and
// the subscribers of the channel side by side, so it takes no longer than the shorter of the two.
func (d *Door) find(s *subscriber, id hub.ChannelID) (n uint32, ok bool) {
	mine, others := s.first, d.firstOf(id)
	for mine != 0 && others != 0 {
		if d.subscriptions.At(others-1).fd == s.fd {
			return others - 1, true
		}
		u := d.subscriptions.At(mine - 1)
		if u.channel == id {
			return mine - 1, true
		}
		others = d.subscriptions.At(others - 1).next
		if mine = u.right; mine == s.first {
			return 0, false
		}
	}
	return 0, false
}

func (d *Door) countMemory() {
	d.Counters.SubscriberMemory.Store(int64(d.subscribers.Bytes() + d.subscriptions.Bytes() + d.heads.Bytes()))
}
