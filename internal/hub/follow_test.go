package hub_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/icomet/icomet/internal/hub"
)

// follow makes a loop follow a prefix: follow PREFIX [loop=N], where - is the empty one.
func (s *script) follow(w words) { s.hub.Follow(int(w.number("loop", 0)), string(name(w.at(0)))) }

func (s *script) unfollow(w words) { s.hub.Unfollow(int(w.number("loop", 0)), string(name(w.at(0)))) }

// created shows what a follower hears.
func (s *script) created(loop int, id hub.ChannelID, channel string) {
	s.printf("loop %d: created %s, there %v", loop, shown(channel), s.hub.Name(id) == channel)
}

// scan shows the channels that begin with a prefix, in the order of their names.
func (s *script) scan(w words) {
	var found []hub.Found
	scan := s.hub.Scan()
	for more := true; more; {
		found, more = scan.Step(func(n []byte) bool { return bytes.HasPrefix(n, name(w.at(0))) }, found)
	}
	var names []string
	for _, f := range found {
		names = append(names, shown(f.Name))
	}
	slices.Sort(names)
	s.printf("%s", strings.Join(names, " "))
}

// pursuit is a loop that follows a prefix, and holds each life of a channel that it hears of by a weak
// subscription, from the first message on.
type pursuit struct {
	*crowd
	loop *loop
	held map[hub.ChannelID]bool
}

func (p *pursuit) created(id hub.ChannelID, name string) {
	if p.held[id] {
		p.t.Errorf("%s was created twice", name)
		return
	}
	c := &client{name: name}
	_, replay, err := p.loop.subscribe(p.clock(), c, hub.SubscribeRequest{
		Name: []byte(name), Weak: id, Start: hub.Start{Kind: hub.FromSeq, Seq: 1},
	})
	if err != nil {
		return // it is gone
	}
	p.held[id] = true
	for i, e := range replay {
		if i == 0 && e.Seq != 1 {
			p.t.Errorf("%s begins with %d", name, e.Seq)
		}
	}
}

// run handles what comes until done.
func (p *pursuit) run(done chan struct{}) {
	for {
		p.loop.drain(p.clock(), func(c *client, m *hub.Message, _ bool) {
			switch {
			case m.Type == hub.Close:
				delete(p.held, c.id)
			case m.Seq != c.next:
				p.t.Errorf("%s %v %d came, want %d", c.name, m.Type, m.Seq, c.next)
			}
			c.next++
			p.got.Add(1)
		})
		select {
		case <-done:
			return
		default:
		}
	}
}

// TestFollowersHoldEveryChannel lets channels come and go at random, while loops follow them, others begin
// and end to follow, and scans go on.
func TestFollowersHoldEveryChannel(t *testing.T) {
	c := &crowd{t: t}
	c.hub, c.loops = newHub(t, hub.Options{
		MaxChannels: crowdChannels, MaxSubscribers: 1 << 20, HistorySize: 10000, ChannelTimeout: 2,
	}, 4)
	var loops, others sync.WaitGroup
	done := make(chan struct{})
	for _, l := range c.loops[:2] {
		p := &pursuit{crowd: c, loop: l, held: map[hub.ChannelID]bool{}}
		l.created = p.created
		c.hub.Follow(l.sink, "channel 1")
		c.hub.Follow(l.sink, "channel ")
		loops.Go(func() { p.run(done) })
	}
	c.loops[3].created = func(hub.ChannelID, string) {}
	loops.Go(func() { c.runLoop(c.loops[2], rand.New(rand.NewPCG(1, 1)), done) })
	others.Go(func() { c.publish(rand.New(rand.NewPCG(2, 1))) })
	others.Go(c.tick)
	others.Go(c.wander)
	others.Wait()
	close(done)
	loops.Wait()
	for _, l := range c.loops[:2] {
		c.checkHeld(l)
	}
	c.checkEmpty()
}

// wander follows and scans for a moment, again and again.
func (c *crowd) wander() {
	for i := range crowdRounds / 10 {
		prefix := fmt.Sprint("channel ", i%3)
		c.hub.Follow(3, prefix)
		scan, found := c.hub.Scan(), []hub.Found(nil)
		for more := true; more; {
			found, more = scan.Step(func(name []byte) bool { return strings.HasPrefix(string(name), prefix) }, found[:0])
		}
		c.hub.Unfollow(3, prefix)
		c.loops[3].drain(c.clock(), nil)
	}
}

// checkHeld looks whether a loop that follows all channels has those that exist.
func (c *crowd) checkHeld(l *loop) {
	l.drain(c.clock(), func(*client, *hub.Message, bool) {})
	scan := c.hub.Scan()
	for more := true; more; {
		var found []hub.Found
		found, more = scan.Step(func([]byte) bool { return true }, nil)
		for _, f := range found {
			if len(l.clients[f.ID]) != 1 {
				c.t.Errorf("%s is held %d times", f.Name, len(l.clients[f.ID]))
			}
		}
	}
}

func TestScanFindsAllInBoundedSteps(t *testing.T) {
	const count, step = 1000, 128
	h, _ := newHub(t, hub.Options{MaxChannels: 2 * count, HistorySize: 1}, 1)
	publish := func(name string) {
		if _, err := h.Publish(1, []byte(name), hub.Publication{}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range count {
		publish(fmt.Sprint("stays ", i))
		publish(fmt.Sprint("goes ", i))
	}
	seen, looked, went := map[string]bool{}, 0, 0
	scan := h.Scan()
	for more := true; more; {
		var found []hub.Found
		looked = 0
		found, more = scan.Step(func(name []byte) bool { looked++; return bytes.HasPrefix(name, []byte("stays")) }, nil)
		if looked > step {
			t.Fatalf("%d channels in one step", looked)
		}
		for _, f := range found {
			seen[f.Name] = true
		}
		for range 50 { // records move
			h.Close(fmt.Append(nil, "goes ", went))
			went++
		}
	}
	if len(seen) != count {
		t.Errorf("found %d of %d", len(seen), count)
	}
}

func TestPrefixes(t *testing.T) {
	var p hub.Prefixes[int]
	for i, prefix := range []string{"", "a", "ab", "b", "abc", "ab"} {
		p.Set(prefix, i)
	}
	p.Delete("a")
	p.Delete("nosuch")
	var got []string
	for prefix, v := range p.Of([]byte("abx")) {
		got = append(got, fmt.Sprint(prefix, "=", v))
	}
	if want := []string{"=0", "ab=5"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if p.Len() != 4 || !p.Match([]byte("x")) {
		t.Errorf("%d prefixes", p.Len())
	}
	p.Delete("")
	if p.Match([]byte("xab")) || !p.Match([]byte("b")) || p.Match(nil) {
		t.Error("matches are wrong")
	}
}

func TestCreationWithoutFollowersCostsNothing(t *testing.T) {
	h, _ := newHub(t, hub.Options{MaxChannels: 1, MaxSubscribers: 1}, 1)
	h.Follow(0, "other")
	name := []byte("name")
	var created atomic.Int64
	visit := func() {
		if _, _, err := h.Subscribe(1, hub.SubscribeRequest{Name: name}, nil); err != nil {
			t.Fatal(err)
		}
		created.Add(1)
		h.Close(name)
	}
	visit()
	with := testing.AllocsPerRun(1000, visit)
	h.Unfollow(0, "other")
	if without := testing.AllocsPerRun(1000, visit); with != without {
		t.Errorf("%v allocations with a follower of others, %v without", with, without)
	}
}
