package front

import (
	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/hub"
	"github.com/icomet/icomet/internal/reactor"
)

// session is a subscriber: what its connection's record has no room for. Sessions of the same channel
// on this loop are linked by their descriptors, which do not change when records move.
type session struct {
	channel    hub.ChannelID
	seq        int64 // of the next message that it needs
	fd         int32
	prev, next int32
	noop       int32  // seq of the next noop
	callback   uint32 // number in Door.callbacks + 1, 0 for none
	kind       delivery.Kind
	flags      uint8
}

const (
	sessionChunked uint8 = 1 << iota // pieces of the answer are chunks
	sessionBehind                    // reads on from the history when its output is out
)

const noSession = -1

// session returns the session of the connection with that descriptor.
func (d *Door) session(fd int32) *session {
	return d.sessions.At(d.loop.Conn(fd).User())
}

func channelHash(id hub.ChannelID) uint32 { return uint32(id >> 32) }

func (d *Door) hashOf(fd uint32) uint32 { return channelHash(d.session(int32(fd)).channel) }

// first finds the first session of a channel on this loop.
func (d *Door) first(id hub.ChannelID) int32 {
	fd, ok := d.heads.Find(channelHash(id), func(fd uint32) bool { return d.session(int32(fd)).channel == id })
	if !ok {
		return noSession
	}
	return int32(fd)
}

// add makes connection c a subscriber of s.channel.
func (d *Door) add(c reactor.Conn, s session) {
	s.fd, s.prev, s.next = c.Fd(), noSession, d.first(s.channel)
	n := d.sessions.Append()
	*d.sessions.At(n) = s
	c.SetUser(n)
	if s.next == noSession {
		d.heads.Insert(channelHash(s.channel), uint32(s.fd), d.hashOf)
	} else {
		d.session(s.next).prev = s.fd
		d.heads.Replace(channelHash(s.channel), uint32(s.next), uint32(s.fd))
	}
	d.Counters.Subscribers[s.kind].Add(1)
	d.countMemory()
}

// remove ends the subscription of connection c and tells the hub.
func (d *Door) remove(c reactor.Conn) {
	n := c.User()
	s := *d.sessions.At(n)
	d.unlink(&s)
	if d.sessions.Remove(n) {
		d.loop.Conn(d.sessions.At(n).fd).SetUser(n)
	}
	d.callbacks.free(s.callback)
	last := s.prev == noSession && s.next == noSession
	d.options.Hub.Leave(d.now(), s.channel, d.loop.Number(), last)
	d.Counters.Subscribers[s.kind].Add(-1)
	d.countMemory()
}

func (d *Door) unlink(s *session) {
	if s.next != noSession {
		d.session(s.next).prev = s.prev
	}
	hash := channelHash(s.channel)
	switch {
	case s.prev != noSession:
		d.session(s.prev).next = s.next
	case s.next != noSession:
		d.heads.Replace(hash, uint32(s.fd), uint32(s.next))
	default:
		d.heads.Delete(hash, uint32(s.fd), d.hashOf)
	}
}

func (d *Door) countMemory() {
	d.Counters.SessionMemory.Store(int64(d.sessions.Bytes() + d.heads.Bytes()))
}

// callbacks are the names that JSONP polls wait with.
type callbacks struct {
	names  []string
	unused []uint32
}

// keep returns the number of name + 1.
func (b *callbacks) keep(name []byte) uint32 {
	if len(name) == 0 {
		return 0
	}
	if last := len(b.unused) - 1; last >= 0 {
		n := b.unused[last]
		b.unused = b.unused[:last]
		b.names[n] = string(name)
		return n + 1
	}
	b.names = append(b.names, string(name))
	return uint32(len(b.names))
}

func (b *callbacks) free(number uint32) {
	if number == 0 {
		return
	}
	b.names[number-1] = ""
	b.unused = append(b.unused, number-1)
	if len(b.unused) == len(b.names) {
		b.names, b.unused = nil, nil
	}
}
