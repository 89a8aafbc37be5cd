package hub_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/icomet/icomet/internal/hub"
)

// memberModel is what members should be, in the plainest way: a map for each channel.
type memberModel struct {
	o        hub.Options
	hub      *hub.Hub
	names    []string
	now      int64
	channels map[string]*memberChannel
	conns    []memberConn

	heard, want []string // events
}

type memberChannel struct {
	id       hub.ChannelID
	members  map[string]*memberState
	unlisted int
	due      int64 // when its life is over, or, with connections, how much of it is left
	until    int64 // when the last member leaves that was given a grace
}

type memberState struct {
	info    string
	conns   int
	leaveAt int64
}

// memberConn is a connection: a subscriber that has joined.
type memberConn struct{ name, client string }

// TestMembersAgainstModel runs random operations, with all channels in one shard, against the model.
func TestMembersAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &memberModel{now: 5, channels: map[string]*memberChannel{}}
		m.o = hub.Options{
			MaxChannels: 10, MaxSubscribers: 100, ChannelTimeout: rapid.Int64Range(1, 6).Draw(t, "timeout"),
			MembersMax: rapid.IntRange(0, 4).Draw(t, "members"), MemberGrace: rapid.Int64Range(0, 6).Draw(t, "grace"),
		}
		m.hub, _ = newHub(nil, m.o, 1)
		defer m.hub.Free()
		m.hub.SetListener(m)
		m.names = m.hub.SameShard("c", 3)
		t.Repeat(map[string]func(*rapid.T){
			"join": m.join, "join2": m.join, "part": m.part, "tick": m.tick, "close": m.close, "": m.check,
		})
	})
}

// Hear implements hub.Listener.
func (m *memberModel) Hear(e hub.Event) {
	if e.Kind == hub.MemberJoined || e.Kind == hub.MemberLeft {
		m.heard = append(m.heard, fmt.Sprint(e.Kind, e.Channel, e.Member))
	}
}

func (m *memberModel) expect(kind hub.EventKind, name, client, info string) {
	m.want = append(m.want, fmt.Sprint(kind, name, hub.Member{Client: client, Info: info}))
}

func (m *memberModel) join(t *rapid.T) {
	name := rapid.SampledFrom(m.names).Draw(t, "name")
	client := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"}).Draw(t, "client")
	info := rapid.SampledFrom([]string{"", `{"n":1}`}).Draw(t, "info")
	sub, _, err := m.hub.Subscribe(m.now, hub.SubscribeRequest{Name: []byte(name)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := m.channels[name]
	switch {
	case c == nil:
		c = &memberChannel{id: sub.ID, members: map[string]*memberState{}, due: m.o.ChannelTimeout}
		m.channels[name] = c
	case !m.isOccupied(name):
		c.due = max(c.due-m.now-1, m.o.ChannelTimeout) // what was put off for members is not taken back
	}
	listed := m.hub.Join(m.now, c.id, hub.Member{Client: client, Info: info})
	e := c.members[client]
	if want := e != nil || len(c.members) < m.o.MembersMax; listed != want {
		fail(t, "listed", listed, want)
	}
	switch {
	case !listed:
		c.unlisted++
		client = ""
	case e == nil:
		c.members[client] = &memberState{info: info, conns: 1}
		m.expect(hub.MemberJoined, name, client, info)
	default:
		e.conns++
		if e.info != info {
			e.info = info
			m.expect(hub.MemberJoined, name, client, info)
		}
	}
	m.conns = append(m.conns, memberConn{name, client})
}

func (m *memberModel) part(t *rapid.T) {
	if len(m.conns) == 0 {
		t.Skip("nobody is there")
	}
	i := rapid.IntRange(0, len(m.conns)-1).Draw(t, "connection")
	conn := m.conns[i]
	m.conns = slices.Delete(m.conns, i, i+1)
	c := m.channels[conn.name]
	last := !slices.ContainsFunc(m.conns, func(o memberConn) bool { return o.name == conn.name })
	m.hub.Part(m.now, c.id, conn.client)
	m.hub.Leave(m.now, c.id, 0, last)
	if conn.client == "" {
		c.unlisted--
	} else if e := c.members[conn.client]; e.conns == 1 {
		e.conns, e.leaveAt = 0, m.now+m.o.MemberGrace+1
		c.until = e.leaveAt
	} else {
		e.conns--
	}
	if last {
		c.due += m.now + 1
	}
}

func (m *memberModel) tick(t *rapid.T) {
	for range rapid.IntRange(1, 4).Draw(t, "seconds") {
		m.now++
		for m.hub.Tick(m.now, rapid.IntRange(1, 5).Draw(t, "budget")) {
		}
		for name, c := range m.channels {
			m.leave(name, c)
			switch {
			case m.isOccupied(name) || c.due > m.now:
			case len(c.members) > 0:
				c.due = max(c.until, m.now+1)
			default:
				delete(m.channels, name)
			}
		}
	}
	slices.Sort(m.heard) // those of one second may come in any order here
	slices.Sort(m.want)
}

func (m *memberModel) leave(name string, c *memberChannel) {
	for client, e := range c.members {
		if e.conns == 0 && e.leaveAt <= m.now {
			m.expect(hub.MemberLeft, name, client, e.info)
			delete(c.members, client)
		}
	}
}

func (m *memberModel) isOccupied(name string) bool {
	return slices.ContainsFunc(m.conns, func(c memberConn) bool { return c.name == name })
}

func (m *memberModel) close(t *rapid.T) {
	name := rapid.SampledFrom(m.names).Draw(t, "name")
	m.hub.Close([]byte(name))
	c := m.channels[name]
	if c == nil {
		return
	}
	for _, client := range slices.Sorted(maps.Keys(c.members)) {
		m.expect(hub.MemberLeft, name, client, c.members[client].info)
	}
	m.conns = slices.DeleteFunc(m.conns, func(o memberConn) bool { return o.name == name })
	delete(m.channels, name)
}

// check compares events and lists, read in pages.
func (m *memberModel) check(t *rapid.T) {
	if !slices.Equal(m.heard, m.want) {
		fail(t, fmt.Sprintf("events at %d", m.now), m.heard, m.want)
	}
	m.heard, m.want = nil, nil
	for _, name := range m.names {
		c := m.channels[name]
		if got := m.hub.Exists([]byte(name)); got != (c != nil) {
			fail(t, fmt.Sprintf("at %d: %q exists", m.now, name), got, c)
		}
		if c == nil {
			c = &memberChannel{}
		}
		var want []hub.Member
		for _, client := range slices.Sorted(maps.Keys(c.members)) {
			want = append(want, hub.Member{Client: client, Info: c.members[client].info})
		}
		got, count := m.pages(name, rapid.IntRange(1, 3).Draw(t, "limit"))
		if !slices.Equal(got, want) || count != len(want)+c.unlisted {
			fail(t, fmt.Sprintf("members of %q at %d", name, m.now), fmt.Sprint(got, count), fmt.Sprint(want, c.unlisted))
		}
	}
	if err := m.hub.Check(); err != nil {
		t.Fatal(err)
	}
}

func (m *memberModel) pages(name string, limit int) (all []hub.Member, count int) {
	after := ""
	for {
		part, n, more := m.hub.Members([]byte(name), after, limit)
		all, count = append(all, part...), n
		if !more {
			return all, count
		}
		after = part[len(part)-1].Client
	}
}

// memberCrowd is everybody at once, on members.
type memberCrowd struct {
	t    *testing.T
	hub  *hub.Hub
	tick atomic.Int64
	sum  atomic.Int64 // of joins and leaves that the listener has heard
}

// Hear implements hub.Listener.
func (c *memberCrowd) Hear(e hub.Event) {
	switch e.Kind {
	case hub.MemberJoined:
		c.sum.Add(1)
	case hub.MemberLeft:
		c.sum.Add(-1)
	}
}

// TestMembersFromManyGoroutines lets members come and go on several loops while the clock runs, channels are
// closed and lists are read. In the end nobody is left, and everybody who joined has left.
func TestMembersFromManyGoroutines(t *testing.T) {
	c := &memberCrowd{t: t}
	c.hub, _ = newHub(t, hub.Options{MaxChannels: 8, MaxSubscribers: 100, ChannelTimeout: 1, MembersMax: 5, MemberGrace: 1}, 3)
	c.hub.SetListener(c)
	const rounds = 2000
	var wait sync.WaitGroup
	for sink := range 3 {
		wait.Go(func() { c.visit(sink, rounds) })
	}
	wait.Go(func() {
		for i := range rounds {
			c.hub.Members(fmt.Append(nil, i%4), "", 3)
			c.hub.MemberTotal()
			if i%100 == 0 {
				c.hub.Close(fmt.Append(nil, i/100%4))
			}
		}
	})
	wait.Go(func() {
		for range rounds {
			for c.hub.Tick(c.tick.Add(1)/8, 3) {
			}
		}
	})
	wait.Wait()
	now := c.tick.Load()/8 + 100
	for c.hub.Tick(now, 100) {
	}
	if channels, _ := c.hub.Info(); channels != 0 || c.hub.MemberTotal() != 0 || c.sum.Load() != 0 {
		t.Errorf("%d channels, %d members, %d more have joined than left", channels, c.hub.MemberTotal(), c.sum.Load())
	}
	if err := c.hub.Check(); err != nil {
		t.Error(err)
	}
}

// visit has up to two clients in each channel of a sink, since the calls of one sink for a channel must not
// overlap.
func (c *memberCrowd) visit(sink, rounds int) {
	for i := range rounds {
		now := c.tick.Load() / 8
		var ids []hub.ChannelID
		var as []string
		for k := range 2 {
			sub, _, err := c.hub.Subscribe(now, hub.SubscribeRequest{Name: fmt.Append(nil, i%4), Sink: sink}, nil)
			if err != nil {
				c.t.Error(err)
				return
			}
			m := hub.Member{Client: fmt.Sprint((i + sink + k) % 7)}
			if !c.hub.Join(now, sub.ID, m) {
				m.Client = ""
			}
			ids, as = append(ids, sub.ID), append(as, m.Client)
		}
		for k, id := range ids {
			c.hub.Part(now, id, as[k])
			c.hub.Leave(now, id, sink, k == 1 || ids[0] != ids[1])
		}
	}
}

func TestMembersArePagedInOrderOfBytes(t *testing.T) {
	h, loops := newHub(t, hub.Options{MaxChannels: 1, MaxSubscribers: 1, MembersMax: 10_000}, 1)
	sub, _, err := loops[0].subscribe(1, &client{}, hub.SubscribeRequest{Name: []byte("a")})
	if err != nil {
		t.Fatal(err)
	}
	var clients []string
	for i := range 10_001 {
		clients = append(clients, fmt.Sprint(i*7919%10_007, "\xff é"[:i%5]))
	}
	for i, client := range clients {
		if listed := h.Join(1, sub.ID, hub.Member{Client: client}); listed != (i < 10_000) {
			t.Fatalf("member %d is listed: %v", i, listed)
		}
	}
	slices.Sort(clients[:10_000])
	var got []string
	for more := true; more; {
		var part []hub.Member
		part, _, more = h.Members([]byte("a"), strings.Join(got[max(len(got)-1, 0):], ""), 999)
		for _, m := range part {
			got = append(got, m.Client)
		}
	}
	if !slices.Equal(got, clients[:10_000]) || h.MemberCount([]byte("a")) != 10_001 {
		t.Errorf("%d members in pages, %d counted", len(got), h.MemberCount([]byte("a")))
	}
}
