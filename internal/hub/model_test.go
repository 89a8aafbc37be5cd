package hub_test

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/icomet/icomet/internal/hub"
)

// model is what the hub should be, written in the plainest way: a map of channels, every one with its
// own countdown, as the original server describes itself.
type model struct {
	o        hub.Options
	channels map[string]*modelChannel
}

type modelChannel struct {
	next        int64
	history     []hub.Entry
	token       string
	subscribers []*modelClient
	left        int64 // ticks of life, before the one that ends it
	heard       int64 // when the watcher last heard of it
}

// modelClient is a subscriber: what it has to get, and what it got.
type modelClient struct {
	client
	want, got []string
	left      bool // the hub does not count it any more
}

// machine runs a hub and the model side by side.
type machine struct {
	model
	hub     *hub.Hub
	loops   []*loop
	names   []string
	now     int64
	clients []*modelClient
	byLoop  map[*client]*modelClient
	online  map[string]bool // as the watcher heard
	dead    []hub.ChannelID // of channels that are gone
}

// TestMain makes the runs of rapid long enough for a channel to see something; flags still win.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.steps", "150"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// TestHubAgainstModel runs random operations, with all channels in one shard so that their records
// move, against the model.
func TestHubAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine(t)
		defer m.hub.Free()
		publish, subscribe, tick := m.publish, m.subscribe, m.tick
		t.Repeat(map[string]func(*rapid.T){
			"publish": publish, "publish2": publish, "subscribe": subscribe, "subscribe2": subscribe,
			"subscribe3": subscribe, "tick": tick, "tick2": tick, "leave": m.leave, "drain": m.drain,
			"broadcast": m.broadcast, "sign": m.sign, "close": m.close, "clear": m.clear,
			"overload": m.overload, "leaveLate": m.leaveLate, "": m.check,
		})
		for i := range m.loops {
			m.drainLoop(i)
		}
		for _, c := range m.clients {
			m.compare(t, c, c.want)
		}
	})
}

func newMachine(t *rapid.T) *machine {
	m := &machine{now: 5, byLoop: map[*client]*modelClient{}, online: map[string]bool{}}
	m.channels = map[string]*modelChannel{}
	m.o = hub.Options{
		MaxChannels:    rapid.IntRange(1, 12).Draw(t, "channels"),
		MaxSubscribers: rapid.IntRange(1, 5).Draw(t, "subscribers"),
		HistorySize:    rapid.IntRange(0, 5).Draw(t, "history"),
		ChannelTimeout: rapid.Int64Range(1, 6).Draw(t, "timeout"),
		FirstSeq:       rapid.SampledFrom([]int64{1, math.MaxInt32 - 2, 1<<32 - 3}).Draw(t, "first"),
	}
	m.hub, m.loops = newHub(nil, m.o, 3)
	m.names = append(m.hub.SameShard("c", 14), strings.Repeat("long", 100), "")
	m.tickTo(t, m.now)
	if err := m.hub.Watch(m); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *machine) Presence(online bool, channel string) {
	m.online[channel] = online
	if c := m.channels[channel]; online && c != nil {
		c.heard = m.now
	}
}

func (m *machine) name(t *rapid.T) string { return rapid.SampledFrom(m.names).Draw(t, "name") }

// fail says what differs.
func fail(t *rapid.T, what string, got, want any) {
	t.Helper()
	t.Fatalf("%s: got %v, want %v", what, got, want)
}

// create makes a channel of the model, or returns the one there is, or nil if it is full.
func (m *machine) create(name string) *modelChannel {
	if c := m.channels[name]; c != nil {
		return c
	}
	if len(m.channels) >= m.o.MaxChannels {
		return nil
	}
	c := &modelChannel{next: m.o.FirstSeq, left: m.o.ChannelTimeout, heard: m.now}
	m.channels[name] = c
	return c
}

func (m *machine) publish(t *rapid.T) {
	name := m.name(t)
	for range rapid.IntRange(1, 4).Draw(t, "messages") {
		m.publishTo(t, name)
	}
}

func (m *machine) publishTo(t *rapid.T, name string) {
	content := fmt.Sprint(m.now)
	done, err := m.hub.Publish(m.now, []byte(name), hub.Publication{Payload: hub.Payload{Content: content}})
	if m.channels[name].overloaded() {
		if !errors.Is(err, hub.ErrOverloaded) {
			fail(t, "publish", err, hub.ErrOverloaded)
		}
		return
	}
	c := m.create(name)
	if c == nil {
		if !errors.Is(err, hub.ErrTooManyChannels) {
			fail(t, "publish", err, hub.ErrTooManyChannels)
		}
		return
	}
	if err != nil || done.Seq != c.next {
		fail(t, "publish", fmt.Sprint(done, err), c.next)
	}
	m.deliver(name, hub.Data, content)
}

func (c *modelChannel) overloaded() bool {
	return c != nil && slices.ContainsFunc(c.subscribers, func(s *modelClient) bool { return s.loop.overloaded.Load() })
}

// deliver is a message in the model.
func (m *machine) deliver(name string, t hub.Type, content string) {
	c := m.channels[name]
	if m.o.HistorySize > 0 {
		c.history = append(c.history, hub.Entry{Type: t, Seq: c.next, Payload: hub.Payload{Content: content}})
		if float64(len(c.history)) >= 1.5*float64(m.o.HistorySize) {
			c.history = c.history[len(c.history)-m.o.HistorySize:]
		}
	}
	for _, s := range c.subscribers {
		s.want = append(s.want, shownMessage(t, c.next, content))
	}
	c.next++
	c.left = max(c.left, m.o.ChannelTimeout)
}

func shownMessage(t hub.Type, seq int64, content string) string {
	return fmt.Sprintf("%v %d %s", t, seq, content)
}

func (m *machine) subscribe(t *rapid.T) {
	name := m.name(t)
	mc := &modelClient{client: client{poll: rapid.Bool().Draw(t, "poll")}}
	r := hub.SubscribeRequest{Name: []byte(name), Seq: m.seq(t, name), CheckToken: rapid.Bool().Draw(t, "check token")}
	r.ReplayBytesMax = rapid.IntRange(0, 6).Draw(t, "replay bytes")
	if c := m.channels[name]; c != nil && rapid.Bool().Draw(t, "right token") {
		r.Token = []byte(c.token)
	}
	l := rapid.SampledFrom(m.loops).Draw(t, "loop")
	sub, replay, err := l.subscribe(m.now, &mc.client, r)
	if want := m.refusal(name, &r); want != nil || err != nil {
		if !errors.Is(err, want) {
			fail(t, "subscribe", err, want)
		}
		return
	}
	c := m.create(name)
	c.left = max(c.left, m.o.ChannelTimeout)
	wantNext, wantReplay := c.answer(r.Seq)
	wantReplay = cutReplay(wantReplay, r.ReplayBytesMax)
	m.checkRest(t, name, sub, r.ReplayBytesMax, len(wantReplay))
	if sub.NextSeq != c.next || sub.SendNextSeq != wantNext {
		fail(t, "subscription", sub, fmt.Sprint(c.next, wantNext))
	}
	if diff := cmp.Diff(wantReplay, replay); diff != "" {
		t.Fatalf("replay from %d before %d (-want +got):\n%s", r.Seq, c.next, diff)
	}
	if want := !mc.poll || !wantNext && len(replay) == 0; sub.Registered != want {
		fail(t, "registered", sub.Registered, want)
	}
	if sub.Registered {
		c.subscribers = append(c.subscribers, mc)
		mc.client.name = name
		m.clients = append(m.clients, mc)
		m.byLoop[&mc.client] = mc
	}
}

// seq draws a number near those of the channel, or any.
func (m *machine) seq(t *rapid.T, name string) int32 {
	next := m.o.FirstSeq
	if c := m.channels[name]; c != nil {
		next = c.next
	}
	near := rapid.Int64Range(next-8, next+2).Draw(t, "near")
	return rapid.SampledFrom([]int32{int32(near), int32(near), 0, 1, -1}).Draw(t, "seq")
}

func (m *machine) refusal(name string, r *hub.SubscribeRequest) error {
	c := m.channels[name]
	switch {
	case c == nil && len(m.channels) >= m.o.MaxChannels:
		return hub.ErrTooManyChannels
	case r.CheckToken && (c == nil || c.token == "" || c.token != string(r.Token)):
		return hub.ErrToken
	case m.o.MaxSubscribers == 0 || c != nil && len(c.subscribers) >= m.o.MaxSubscribers:
		return hub.ErrTooManySubscribers
	}
	return nil
}

// answer is what a subscriber with seq gets at once.
func (c *modelChannel) answer(seq int32) (next bool, replay []hub.Entry) {
	ahead := int64(seq) - c.next
	if c.next > math.MaxInt32 {
		ahead = int64(seq - int32(c.next))
	}
	if seq == 0 || ahead > 0 {
		return true, nil
	}
	for _, e := range c.history {
		if e.Seq-c.next >= ahead {
			replay = append(replay, e)
		}
	}
	return false, replay
}

// cutReplay keeps what fits into bytesMax, and at least one message.
func cutReplay(replay []hub.Entry, bytesMax int) []hub.Entry {
	bytes := 0
	for i, e := range replay {
		if bytes += len(e.Content); bytesMax > 0 && i > 0 && bytes > bytesMax {
			return replay[:i]
		}
	}
	return replay
}

// checkRest reads what a subscription left out, piece by piece.
func (m *machine) checkRest(t *rapid.T, name string, sub hub.Subscription, bytesMax, replayed int) {
	var rest []hub.Entry
	for next, more := sub.Next, sub.Behind(); more; {
		before, ok := next, true
		if rest, next, more, ok = m.hub.Read(m.now, sub.ID, next, bytesMax, false, rest); !ok || next <= before {
			t.Fatalf("no progress at %d: next %d, ok %v", before, next, ok)
		}
	}
	history := m.channels[name].history
	if want := history[len(history)-len(rest):]; !slices.Equal(rest, want) {
		fail(t, "the rest of a replay", rest, want)
	}
	if sub.Next+int64(len(rest)) != sub.NextSeq {
		fail(t, fmt.Sprintf("after %d replayed messages, the rest", replayed), len(rest), sub.NextSeq-sub.Next)
	}
}

// leave ends a random client.
func (m *machine) leave(t *rapid.T) {
	var here []*modelClient
	for _, c := range m.clients {
		if !c.left && slices.Contains(c.loop.clients[c.id], &c.client) {
			here = append(here, c)
		}
	}
	if len(here) == 0 {
		t.Skip("nobody is there")
	}
	c := rapid.SampledFrom(here).Draw(t, "client")
	c.loop.leave(m.now, &c.client)
	m.left(c)
}

// left is the end of a client in the model. Of what was under way to it, it got what it got.
func (m *machine) left(c *modelClient) {
	if c.left = true; len(c.got) < len(c.want) {
		c.want = c.want[:len(c.got)]
	}
	if ch := m.channels[c.name]; ch != nil { // perhaps in a later life, without c
		ch.subscribers = slices.DeleteFunc(ch.subscribers, func(s *modelClient) bool { return s == c })
	}
}

// leaveLate tells the hub about clients of channels that are gone, which it must ignore.
func (m *machine) leaveLate(t *rapid.T) {
	if len(m.dead) == 0 {
		t.Skip("no channel is gone")
	}
	m.hub.Leave(m.now, rapid.SampledFrom(m.dead).Draw(t, "id"), 0, true)
}

func (m *machine) drain(t *rapid.T) { m.drainLoop(rapid.IntRange(0, 2).Draw(t, "loop")) }

func (m *machine) drainLoop(i int) {
	m.loops[i].drain(m.now, func(c *client, msg *hub.Message, left bool) {
		mc := m.byLoop[c]
		mc.got = append(mc.got, shownMessage(msg.Type, msg.Seq, msg.Content))
		if left {
			m.left(mc)
		}
	})
}

func (m *machine) broadcast(t *rapid.T) {
	f := m.hub.Broadcast("all")
	step := rapid.IntRange(1, 20).Draw(t, "channels a step")
	for f.Step(m.now, step) {
	}
	for name := range m.channels {
		m.deliver(name, hub.Broadcast, "all")
	}
}

func (m *machine) sign(t *rapid.T) {
	name := m.name(t)
	expires := rapid.Int64Range(-1, 9).Draw(t, "expires")
	signed, err := m.hub.Sign(m.now, []byte(name), expires)
	c := m.create(name)
	if c == nil {
		if !errors.Is(err, hub.ErrTooManyChannels) {
			fail(t, "sign", err, hub.ErrTooManyChannels)
		}
		return
	}
	if c.left = expires; expires <= 0 {
		c.left = m.o.ChannelTimeout
	}
	if c.token == "" {
		c.token = signed.Token
	}
	want := hub.Signed{Token: c.token, Seq: c.next - int64(min(len(c.history), 10)), Expires: c.left}
	if err != nil || signed != want {
		fail(t, "sign", signed, want)
	}
}

func (m *machine) close(t *rapid.T) {
	name := m.name(t)
	next, ok := m.hub.Close([]byte(name))
	c := m.channels[name]
	if ok != (c != nil) || ok && next != c.next {
		fail(t, "close", fmt.Sprint(next, ok), c)
	}
	if !ok {
		return
	}
	for _, s := range c.subscribers {
		s.want = append(s.want, shownMessage(hub.Close, c.next, ""))
		m.dead = append(m.dead, s.id)
	}
	delete(m.channels, name)
}

func (m *machine) clear(t *rapid.T) {
	name := m.name(t)
	next, ok := m.hub.Clear([]byte(name))
	c := m.channels[name]
	if ok != (c != nil) || ok && next != c.next {
		fail(t, "clear", fmt.Sprint(next, ok), c)
	}
	if ok {
		c.history = nil
	}
}

func (m *machine) overload(t *rapid.T) {
	rapid.SampledFrom(m.loops).Draw(t, "loop").overloaded.Store(rapid.Bool().Draw(t, "on"))
}

func (m *machine) tick(t *rapid.T) {
	for range rapid.IntRange(1, 4).Draw(t, "seconds") {
		m.tickTo(t, m.now+1)
		for name, c := range m.channels {
			if len(c.subscribers) > 0 {
				continue
			}
			if c.left--; c.left < 0 {
				delete(m.channels, name)
			}
		}
	}
}

func (m *machine) tickTo(t *rapid.T, now int64) {
	m.now = now
	budget := rapid.IntRange(1, 200).Draw(t, "budget")
	for m.hub.Tick(now, budget) {
	}
}

// check compares all that can be seen.
func (m *machine) check(t *rapid.T) {
	subscribers := 0
	for _, name := range m.names {
		c := m.channels[name]
		if got := m.hub.Exists([]byte(name)); got != (c != nil) || got != m.online[name] {
			fail(t, fmt.Sprintf("at %d: %q exists", m.now, name), got, fmt.Sprint(c, m.online[name]))
		}
		if c == nil {
			continue
		}
		if c.heard < m.now-m.o.ChannelTimeout {
			fail(t, fmt.Sprintf("%q was heard of", name), c.heard, m.now-m.o.ChannelTimeout)
		}
		subscribers += len(c.subscribers)
		if got := m.hub.Subscribers([]byte(name)); got != len(c.subscribers) {
			fail(t, "subscribers", got, len(c.subscribers))
		}
	}
	if channels, all := m.hub.Info(); channels != len(m.channels) || all != subscribers {
		fail(t, "info", fmt.Sprint(channels, all), fmt.Sprint(len(m.channels), subscribers))
	}
	if err := m.hub.Check(); err != nil {
		t.Fatal(err)
	}
	for _, c := range m.clients {
		m.compare(t, c, c.want[:min(len(c.got), len(c.want))])
	}
}

func (m *machine) compare(t *rapid.T, c *modelClient, want []string) {
	t.Helper()
	if !slices.Equal(c.got, want) {
		fail(t, fmt.Sprintf("client of %q, poll %v", c.name, c.poll), c.got, want)
	}
}
