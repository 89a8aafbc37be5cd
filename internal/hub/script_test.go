package hub_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/icomet/icomet/internal/hub"
)

var rewrite = flag.Bool("rewrite", false, "replace the expected output in testdata by the actual one")

// TestScripts runs testdata/*.txt: blocks of commands, a line of dashes, and the expected output. A
// line that begins with # is a remark. The state goes on from block to block; "hub" begins a new one.
func TestScripts(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) { runScript(t, path) })
	}
}

func runScript(t *testing.T, path string) {
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := &script{t: t}
	var blocks []string
	for _, block := range strings.Split(strings.TrimSpace(string(want)), "\n\n") {
		commands, _, _ := strings.Cut(block, "\n----")
		s.out.Reset()
		for _, line := range strings.Split(commands, "\n") {
			s.line(line)
		}
		blocks = append(blocks, strings.TrimSpace(commands+"\n----\n"+s.out.String()))
	}
	got := strings.Join(blocks, "\n\n") + "\n"
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// script is the state of a running script.
type script struct {
	t       *testing.T
	out     strings.Builder
	now     int64
	hub     *hub.Hub
	loops   []*loop
	clients map[string]*client
	as      map[string][]string // of clients, who they have joined as, "" for not listed
	tokens  map[string]string   // of channels, as they were when last signed

	// What watching has heard since watch.
	ticking     bool
	repeated    []string
	showRepeats bool
}

func (s *script) printf(format string, args ...any) {
	s.out.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
}

func (s *script) line(line string) {
	args := words(strings.Fields(line))
	if len(args) == 0 || args[0] == "#" {
		return
	}
	run, ok := map[string]func(words){
		"hub": s.newHub, "sub": s.sub, "leave": s.leave, "push": s.push, "broadcast": s.broadcast,
		"sign": s.sign, "close": s.close, "clear": s.clear, "info": s.info, "check": s.check,
		"tick": s.tick, "watch": s.watch, "unwatch": s.unwatch, "overload": s.overload, "read": s.read, "name": s.showName,
		"join": s.join, "part": s.part, "members": s.members,
		"follow": s.follow, "unfollow": s.unfollow, "scan": s.scan,
	}[args[0]]
	if !ok {
		s.t.Fatalf("unknown command: %s", line)
	}
	run(args[1:])
	s.drain()
	if err := s.hub.Check(); err != nil {
		s.t.Fatalf("after %q: %v", line, err)
	}
}

// words are the arguments of a command: positional ones, then flags and key=value.
type words []string

func (w words) at(i int) string {
	if i < len(w) {
		return w[i]
	}
	return ""
}

func (w words) has(flag string) bool { return slices.Contains(w, flag) }

func (w words) value(key string) string {
	for _, word := range w {
		if v, ok := strings.CutPrefix(word, key+"="); ok {
			return v
		}
	}
	return ""
}

func (w words) number(key string, otherwise int64) int64 {
	if n, err := strconv.ParseInt(w.value(key), 10, 64); err == nil {
		return n
	}
	return otherwise
}

// name stands "-" for no name at all and "long" for one that does not fit into the record.
func name(word string) []byte {
	switch word {
	case "-":
		return nil
	case "long":
		return []byte(strings.Repeat("long", 50))
	case "toolong":
		return make([]byte, hub.NameBytesMax+1)
	}
	return []byte(word)
}

func shown(channel string) string {
	if channel == string(name("long")) {
		return "long"
	}
	return channel
}

func (s *script) newHub(w words) {
	s.hub, s.loops = newHub(s.t, hub.Options{
		MaxChannels:    int(w.number("channels", 100)),
		MaxSubscribers: int(w.number("subscribers", 16)),
		HistorySize:    int(w.number("history", 10)),
		ChannelTimeout: w.number("timeout", 30),
		FirstSeq:       w.number("first", 0),
		MembersMax:     int(w.number("members", 4)),
		MemberGrace:    w.number("grace", 5),
	}, int(w.number("loops", 2)))
	for i, l := range s.loops {
		l.created = func(id hub.ChannelID, name string) { s.created(i, id, name) }
	}
	if w.has("listen") {
		s.hub.SetListener(s)
	}
	s.clients, s.tokens, s.now = map[string]*client{}, map[string]string{}, 1000
	s.as = map[string][]string{}
	s.hub.Tick(s.now, 1)
}

func (s *script) sub(w words) {
	c := &client{name: w.at(1), poll: w.has("poll"), members: w.has("presence")}
	r := hub.SubscribeRequest{
		Name: name(w.at(0)), Seq: int32(w.number("seq", 0)), ReplayBytesMax: int(w.number("bytes", 0)),
		Start: s.start(w),
	}
	if token := w.value("token"); token != "" {
		r.CheckToken, r.Token = true, []byte(token)
		if of, ok := strings.CutPrefix(token, "of:"); ok {
			r.Token = []byte(s.tokens[of])
		}
	}
	if w.has("weak") {
		r.Weak, _ = s.hub.ID(r.Name)
	} else if of := s.clients[w.value("weak")]; of != nil {
		r.Weak = of.id
	}
	sub, replay, err := s.loops[w.number("loop", 0)].subscribe(s.now, c, r)
	if err != nil {
		s.printf("%s: %v", c.name, err)
		return
	}
	if sub.SendNextSeq {
		s.printf("%s: next_seq %d", c.name, hub.WireSeq(sub.NextSeq))
	}
	if sub.Announce {
		s.printf("%s: subscribed from %d", c.name, sub.First)
	}
	s.replay(c, replay)
	if sub.Behind() {
		s.printf("%s: goes on from %d", c.name, hub.WireSeq(sub.Next))
	}
	if sub.Registered {
		s.clients[c.name] = c
		s.printf("%s: waits", c.name)
	}
}

func (s *script) replay(c *client, replay []hub.Entry) {
	for _, e := range replay {
		if e.Type == hub.Gap {
			s.printf("%s: gap %d to %d, %s", c.name, e.Seq, e.To, e.Reason)
			continue
		}
		s.printf("%s: replay %s %d %q%s", c.name, e.Type, hub.WireSeq(e.Seq), e.Content, event(e.Event))
	}
}

// read is a client that reads the rest of its replay.
func (s *script) read(w words) {
	c := s.clients[w.at(0)]
	replay, next, more, ok := s.hub.Read(s.now, c.id, w.number("seq", 0), int(w.number("bytes", 0)), w.has("gaps"), nil)
	s.replay(c, replay)
	s.printf("%s: next %d, more %v, ok %v", c.name, hub.WireSeq(next), more, ok)
}

// showName is the name of a client's channel.
func (s *script) showName(w words) { s.printf("%q", s.hub.Name(s.clients[w.at(0)].id)) }

func (s *script) drain() {
	for _, l := range s.loops {
		l.drain(s.now, func(c *client, m *hub.Message, left bool) {
			if m.Member != nil {
				s.printf("%s: %s %s %s %s", c.name, shown(m.Channel), m.Type, m.Member.Client, m.Member.Info)
				return
			}
			end := ""
			if left {
				end = ", leaves"
			}
			s.printf("%s: %s %s %d %q%s%s", c.name, shown(m.Channel), m.Type, hub.WireSeq(m.Seq), m.Content, event(m.Event), end)
		})
	}
}

func (s *script) leave(w words) {
	c := s.clients[w.at(0)]
	c.loop.leave(s.now, c)
}

func (s *script) push(w words) {
	text := slices.DeleteFunc(slices.Clone(w[1:]), func(word string) bool {
		return word == "alone" || strings.Contains(word, "=")
	})
	done, err := s.hub.Publish(s.now, name(w.at(0)), hub.Publication{
		Payload: hub.Payload{Content: strings.Join(text, " "), Event: w.value("event")},
		TTL:     w.number("ttl", 0), Alone: w.has("alone"), Key: w.value("key"),
	})
	switch {
	case err != nil:
		s.printf("%v", err)
	case done.Repeated:
		s.printf("seq %d, as before", done.Seq)
	case w.has("receivers"):
		s.printf("seq %d, receivers %d", done.Seq, done.Receivers)
	default:
		s.printf("seq %d", hub.WireSeq(done.Seq))
	}
}

func event(name string) string {
	if name == "" {
		return ""
	}
	return ", event " + name
}

// start reads from=now, from=seq:N, from=last:N or from=time:N, and epoch=CLIENT for that of a client's
// channel.
func (s *script) start(w words) hub.Start {
	kind, number, _ := strings.Cut(w.value("from"), ":")
	n, _ := strconv.ParseInt(number, 10, 64)
	start := hub.Start{Kind: map[string]hub.StartKind{
		"now": hub.FromNow, "seq": hub.FromSeq, "last": hub.FromLast, "time": hub.FromTime,
	}[kind], Seq: n, Count: n, Time: s.now + n}
	if c := s.clients[w.value("epoch")]; c != nil {
		start.Epoch = s.hub.Epoch(c.id)
	}
	return start
}

func (s *script) broadcast(w words) {
	f := s.hub.Broadcast(strings.Join(w, " "))
	for f.Step(s.now, 2) {
		s.drain()
	}
}

func (s *script) sign(w words) {
	signed, err := s.hub.Sign(s.now, name(w.at(0)), w.number("expires", 0))
	if err != nil {
		s.printf("%v", err)
		return
	}
	token := "new"
	if s.tokens[w.at(0)] == signed.Token {
		token = "same"
	}
	s.tokens[w.at(0)] = signed.Token
	s.printf("token %s, seq %d, expires %d", token, hub.WireSeq(signed.Seq), signed.Expires)
}

func (s *script) close(w words) { s.ok(s.hub.Close(name(w.at(0)))) }
func (s *script) clear(w words) { s.ok(s.hub.Clear(name(w.at(0)))) }

func (s *script) ok(next int64, ok bool) {
	if !ok {
		s.printf("no such channel")
		return
	}
	s.printf("next %d", hub.WireSeq(next))
}

func (s *script) info(w words) {
	if len(w) > 0 {
		s.printf("%d subscribers", s.hub.Subscribers(name(w.at(0))))
		return
	}
	channels, subscribers := s.hub.Info()
	s.printf("%d channels, %d subscribers", channels, subscribers)
}

func (s *script) check(w words) { s.printf("%v", s.hub.Exists(name(w.at(0)))) }

// tick lets so many seconds pass.
func (s *script) tick(w words) {
	seconds, err := strconv.Atoi(w.at(0))
	if err != nil {
		s.t.Fatal(err)
	}
	s.ticking = true
	defer func() { s.ticking = false }()
	for range seconds {
		s.now++
		for s.hub.Tick(s.now, 3) {
		}
	}
	if s.showRepeats {
		slices.Sort(s.repeated)
		s.printf("repeated: %s", strings.Join(s.repeated, ", "))
	}
	s.repeated = nil
}

// watch shows presence. In which second a channel is repeated depends on its hash, so repetitions are
// shown for each tick command as a whole, and only to "watch repeats".
func (s *script) watch(w words) {
	s.showRepeats = w.has("repeats")
	if err := s.hub.Watch(s); err != nil {
		s.printf("%v", err)
	}
}

func (s *script) unwatch(words) {
	s.hub.Unwatch(s)
	s.showRepeats = false
}

func (s *script) Presence(online bool, channel string) {
	if online && s.ticking { // nothing is created by a tick
		s.repeated = append(s.repeated, shown(channel))
		return
	}
	s.printf("+%d: %d %s", s.now-1000, map[bool]int{true: 1}[online], shown(channel))
}

func (s *script) overload(w words) {
	s.loops[w.number("loop", 0)].overloaded.Store(w.at(0) == "on")
}

// join makes a waiting client of the hub a member: join CLIENT AS [INFO].
func (s *script) join(w words) {
	c, as := s.clients[w.at(0)], w.at(1)
	if !s.hub.Join(s.now, c.id, hub.Member{Client: as, Info: w.at(2)}) {
		s.printf("not listed")
		as = ""
	}
	s.as[c.name] = append(s.as[c.name], as)
}

// part takes the last join of a client back.
func (s *script) part(w words) {
	c := s.clients[w.at(0)]
	last := len(s.as[c.name]) - 1
	s.hub.Part(s.now, c.id, s.as[c.name][last])
	s.as[c.name] = s.as[c.name][:last]
}

// members shows a page: members CHANNEL [after=CLIENT] [limit=N].
func (s *script) members(w words) {
	part, count, more := s.hub.Members(name(w.at(0)), w.value("after"), int(w.number("limit", 1000)))
	var all []string
	for _, m := range part {
		all = append(all, strings.TrimSpace(m.Client+" "+m.Info))
	}
	end := ""
	if more {
		end = ", more"
	}
	s.printf("%d: %s%s", count, strings.Join(all, ", "), end)
	if n := s.hub.MemberCount(name(w.at(0))); n != count {
		s.t.Errorf("%d members, %d on the page", n, count)
	}
}

// Hear implements hub.Listener.
func (s *script) Hear(e hub.Event) {
	s.printf("+%d: %s", s.now-1000, strings.TrimSpace(fmt.Sprint(e.Kind, " ", shown(e.Channel), " ", e.Member.Client, " ", e.Member.Info)))
}
