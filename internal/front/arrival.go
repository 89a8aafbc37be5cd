package front

import (
	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/hub"
	"github.com/icomet/icomet/internal/reactor"
)

// arrival is a channel that a pattern brings to a subscriber.
type arrival struct {
	channel hub.ChannelID
	name    string
	prefix  string // of the pattern
	start   hub.Start
}

// created is mail: a channel with that name has come into being.
type created struct{ name string }

// Created implements hub.Sink.
func (d *Door) Created(id hub.ChannelID, name string) {
	d.loop.Post(d.number, uint64(id), created{name})
}

// welcome brings a new channel to all that follow its name, from its first message on.
func (d *Door) welcome(id hub.ChannelID, name string) {
	d.endPending()
	a := arrival{channel: id, name: name, start: hub.Start{Kind: hub.FromSeq, Seq: 1}}
	targets := d.scratch.targets[:0]
	for prefix, fds := range d.followers.byPrefix.Of([]byte(name)) {
		for fd := range fds {
			targets = append(targets, target{fd, prefix})
		}
	}
	for _, t := range targets { // with each of which any subscriber may be closed
		if f := d.followers.byFd[t.fd]; f != nil && f.find(t.prefix) != nil {
			a.prefix = t.prefix
			d.arrive(t.fd, a)
		}
	}
	clear(targets)
	d.scratch.targets = targets
}

// target is a pattern of the subscriber with that descriptor.
type target struct {
	fd     int32
	prefix string
}

// endPending delivers what has come so far: the end of a channel goes out ahead of its next life.
func (d *Door) endPending() {
	if len(d.pending) > 0 {
		d.Turn()
	}
}

// arrive brings a channel to a subscriber with the pattern, as soon as it is known that it may have it.
func (d *Door) arrive(fd int32, a arrival) {
	f := d.followers.byFd[fd]
	p := f.find(a.prefix)
	c := d.loop.Conn(fd)
	s := d.subscriber(fd)
	if _, ok := d.find(s, a.channel); ok || !p.allows(d.loop.Now(), a.name) {
		return
	}
	if int(s.channels)+len(f.backlog) >= d.options.ChannelsMax {
		d.tellFull(c, s, p)
		return
	}
	if d.options.Access.Hook != nil && !d.askAboutArrival(c, f, p, a) {
		return
	}
	d.bring(c, a)
}

// tellFull tells a subscriber, once for each pattern, that it has too many channels.
func (d *Door) tellFull(c reactor.Conn, s *subscriber, p *pattern) {
	w := want{id: delivery.NoID, name: []byte(p.name())}
	text := d.problem(&w, errTooMany)
	if !p.full && !d.isBusy(c, p.prefix) {
		p.full = true
		d.reply(c, d.appendText(nil, s, text))
	}
}

// bring subscribes a subscriber to a channel that a pattern of it brings, unless it has lost the pattern or got
// the channel meanwhile. One that reads too slowly gets it when its output is out.
func (d *Door) bring(c reactor.Conn, a arrival) {
	f := d.followers.byFd[c.Fd()]
	if c.Dead() || f == nil {
		return
	}
	p := f.find(a.prefix)
	if p == nil {
		return
	}
	if d.isBusy(c, a.name) {
		f.backlog = append(f.backlog, a)
		return
	}
	s := d.subscriber(c.Fd())
	if _, ok := d.find(s, a.channel); ok {
		return
	}
	if int(s.channels) >= d.options.ChannelsMax {
		d.tellFull(c, s, p)
		return
	}
	w := want{id: delivery.NoID, name: []byte(a.name), start: a.start, presence: p.presence, weak: a.channel}
	budget := d.options.OutputBytesMax
	if c.OutputWaiting() > 0 {
		budget = 0 // since a message, too, may be larger than what there is room for
	}
	frame, behind := d.take(s, &w, 0, budget)
	if len(frame) > 0 {
		d.reply(c, frame)
	}
	if behind && !c.Dead() {
		d.beginReadOn(c)
	}
}

// isBusy tells whether so much waits for a subscriber that a text about the channel of that name may be too much.
func (d *Door) isBusy(c reactor.Conn, name string) bool {
	const escaped, rest = 6, 256 // bytes that a byte of a name, and all else, may take
	waiting := c.OutputWaiting()
	return waiting > 0 && waiting+escaped*len(name)+rest > d.options.OutputBytesMax
}

// bringBacklog goes on with the channels that have waited for a subscriber's output.
func (d *Door) bringBacklog(c reactor.Conn) {
	f := d.followers.byFd[c.Fd()]
	if f == nil || len(f.backlog) == 0 {
		return
	}
	backlog := f.backlog
	f.backlog = nil
	for _, a := range backlog {
		d.bring(c, a)
	}
}
