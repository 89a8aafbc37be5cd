package icomet_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// fakeMessage is a message of the fake, with the keys in the order of the protocol.
type fakeMessage struct {
	Type    string           `json:"type"`
	ID      uint64           `json:"id,omitempty"`
	Code    int              `json:"code,omitempty"`
	Channel string           `json:"cname,omitempty"`
	Seq     uint64           `json:"seq,omitempty"`
	Epoch   string           `json:"epoch,omitempty"`
	From    *uint64          `json:"from,omitempty"`
	To      *uint64          `json:"to,omitempty"`
	Reason  string           `json:"reason,omitempty"`
	Event   string           `json:"event,omitempty"`
	Content *string          `json:"content,omitempty"`
	Data    json.RawMessage  `json:"data,omitempty"`
	Base64  *[]byte          `json:"base64,omitempty"`
	Text    string           `json:"text,omitempty"`
	Client  string           `json:"client,omitempty"`
	Info    json.RawMessage  `json:"info,omitempty"`
	Members *json.RawMessage `json:"members,omitempty"`
	Count   int              `json:"count,omitempty"`
	Expires int64            `json:"expires,omitempty"`
	at      time.Time
}

func (m fakeMessage) String() string { return marshal(m) }

func marshal(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func readAll(r io.Reader) string {
	b, _ := io.ReadAll(r)
	return string(b)
}

type fakeChannel struct {
	epoch   string
	next    uint64
	history []fakeMessage
}

// channel is the channel of that name, made if there is none. Called with mu held.
func (f *fake) channel(name string) *fakeChannel {
	c := f.channels[name]
	if c == nil {
		f.lives++
		c = &fakeChannel{epoch: fmt.Sprintf("epoch-%d", f.lives), next: 1}
		f.channels[name] = c
	}
	return c
}

// publish adds a message with a text, and returns its number.
func (f *fake) publish(name, content string) uint64 {
	return f.put(name, fakeMessage{Content: &content}).Seq
}

func (f *fake) put(name string, m fakeMessage) fakeMessage {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.channel(name)
	if m.Type == "" {
		m.Type = "data"
	}
	m.Channel, m.Seq, m.Epoch, m.at = name, c.next, c.epoch, time.Now()
	c.next++
	c.history = append(c.history, m)
	if over := len(c.history) - f.historyMax; over > 0 {
		c.history = slices.Clone(c.history[over:])
	}
	f.touch()
	return m
}

// restart begins a new life of a channel, with messages.
func (f *fake) restart(name string, contents ...string) {
	f.mu.Lock()
	delete(f.channels, name)
	f.touch()
	f.mu.Unlock()
	for _, content := range contents {
		f.publish(name, content)
	}
}

// closeChannel is the application's close.
func (f *fake) closeChannel(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.channel(name)
	for v := range f.viewers {
		if v.views[name] != nil {
			v.outbox = append(v.outbox, fakeMessage{Type: "close", Channel: name, Seq: c.next, Epoch: c.epoch}.String())
			v.remove(name)
		}
	}
	delete(f.channels, name)
	f.touch()
}

// announce tells those who asked for presence that somebody comes or goes.
func (f *fake) announce(kind, name, client, info string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for v := range f.viewers {
		if w := v.views[name]; w != nil && w.presence {
			v.outbox = append(v.outbox, fakeMessage{Type: kind, Channel: name, Client: client, Info: json.RawMessage(info)}.String())
		}
	}
	f.touch()
}

// viewer is a subscriber's connection. Guarded by fake.mu.
type viewer struct {
	fake   *fake
	kind   string
	token  string
	views  map[string]*view
	order  []string
	outbox []string
}

// view is a channel of a viewer: where it goes on.
type view struct {
	epoch    string
	next     uint64
	presence bool
}

// fakeAsk is how a channel is asked for.
type fakeAsk struct {
	Channel  string  `json:"cname"`
	Seq      uint64  `json:"seq"`
	Epoch    string  `json:"epoch"`
	Last     int     `json:"last"`
	Since    float64 `json:"since"`
	Token    string  `json:"token"`
	Presence bool    `json:"presence"`
}

func (f *fake) newViewer(kind, token string) *viewer {
	f.mu.Lock()
	defer f.mu.Unlock()
	v := &viewer{fake: f, kind: kind, token: token, views: map[string]*view{}}
	f.viewers[v] = true
	f.touch()
	return v
}

func (f *fake) leave(v *viewer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.viewers, v)
	f.touch()
}

func (v *viewer) remove(name string) {
	delete(v.views, name)
	v.order = slices.DeleteFunc(v.order, func(other string) bool { return other == name })
}

// askAll subscribes what a form asks for.
func (v *viewer) askAll(form string) {
	v.fake.mu.Lock()
	defer v.fake.mu.Unlock()
	var all []fakeAsk
	for pair := range strings.SplitSeq(form, "&") {
		name, value, _ := strings.Cut(pair, "=")
		value, _ = url.QueryUnescape(value)
		if name == "cname" {
			all = append(all, fakeAsk{Channel: value})
			continue
		}
		if len(all) == 0 {
			continue
		}
		a := &all[len(all)-1]
		switch name {
		case "seq":
			if n, ok := strings.CutPrefix(value, "last:"); ok {
				a.Last, _ = strconv.Atoi(n)
			} else {
				a.Seq, _ = strconv.ParseUint(value, 10, 64)
			}
		case "epoch":
			a.Epoch = value
		case "since":
			a.Since, _ = strconv.ParseFloat(value, 64)
		case "token":
			a.Token = value
		case "presence":
			a.Presence = value == "1"
		}
	}
	for _, a := range all {
		v.ask(0, a)
	}
}

// ask subscribes a channel. Called with mu held.
func (v *viewer) ask(id uint64, a fakeAsk) {
	token := a.Token
	if token == "" {
		token = v.token
	}
	if code := v.fake.deny(a.Channel, token); code != 0 {
		v.outbox = append(v.outbox, fakeMessage{Type: "error", ID: id, Code: code, Channel: a.Channel, Text: "denied"}.String())
		return
	}
	if v.views[a.Channel] != nil {
		v.outbox = append(v.outbox, fakeMessage{Type: "error", ID: id, Code: 409, Channel: a.Channel}.String())
		return
	}
	c := v.fake.channel(a.Channel)
	w := &view{epoch: c.epoch, next: c.start(a), presence: a.Presence}
	v.views[a.Channel] = w
	v.order = append(v.order, a.Channel)
	restarted := a.Epoch != "" && a.Epoch != c.epoch
	if restarted {
		w.next = 1
	}
	if v.kind != "poll" || a.Seq == 0 || restarted {
		v.outbox = append(v.outbox, fakeMessage{Type: "subscribed", ID: id, Channel: a.Channel, Seq: w.next, Epoch: w.epoch}.String())
	}
	if restarted {
		v.outbox = append(v.outbox, v.restarted(a.Channel, c, w))
	}
}

// start is where a channel goes on that is asked for.
func (c *fakeChannel) start(a fakeAsk) uint64 {
	switch {
	case a.Seq > 0:
		return min(a.Seq, c.next)
	case a.Last > 0:
		return c.next - uint64(min(a.Last, len(c.history)))
	case a.Since > 0:
		for _, m := range c.history {
			if float64(m.at.Unix()) >= float64(int64(a.Since)) {
				return m.Seq
			}
		}
	}
	return c.next
}

// restarted is the gap of a new life, up to the oldest message that is kept.
func (v *viewer) restarted(name string, c *fakeChannel, w *view) string {
	oldest := c.next - uint64(len(c.history))
	from, to := uint64(1), oldest-1
	w.epoch, w.next = c.epoch, oldest
	return fakeMessage{Type: "gap", Channel: name, Epoch: c.epoch, From: &from, To: &to, Reason: "restarted"}.String()
}

// collect takes what is to be sent next, and what tells of more. over: no channel is left.
func (v *viewer) collect() (batch []string, changed <-chan struct{}, over bool) {
	v.fake.mu.Lock()
	defer v.fake.mu.Unlock()
	raw := v.outbox
	v.outbox = nil
	for _, name := range v.order {
		raw = append(raw, v.missed(name)...)
	}
	for _, m := range raw {
		batch = append(batch, v.fake.tamper(v.kind, m)...)
	}
	return batch, v.fake.changed, len(v.order) == 0
}

// missed are the next messages of a channel.
func (v *viewer) missed(name string) (batch []string) {
	c, w := v.fake.channel(name), v.views[name]
	if w.epoch != c.epoch {
		batch = append(batch, v.restarted(name, c, w))
	}
	if oldest := c.next - uint64(len(c.history)); w.next < oldest {
		from, to := w.next, oldest-1
		batch = append(batch, fakeMessage{Type: "gap", Channel: name, Epoch: c.epoch, From: &from, To: &to, Reason: "trimmed"}.String())
		w.next = oldest
	}
	for _, m := range c.history {
		if m.Seq >= w.next && len(batch) < v.fake.partMax {
			batch = append(batch, m.String())
			w.next = m.Seq + 1
		}
	}
	return batch
}
