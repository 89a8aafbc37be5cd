package icomet_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/gobwas/ws"
)

// fakeCommand is what a client says.
type fakeCommand struct {
	ID       uint64          `json:"id"`
	Cmd      string          `json:"cmd"`
	Channels []fakeAsk       `json:"channels"`
	Content  *string         `json:"content"`
	Data     json.RawMessage `json:"data"`
	Base64   *[]byte         `json:"base64"`
	Event    string          `json:"event"`
	fakeAsk
}

// serveSocket upgrades and serves a WebSocket: this goroutine reads commands, another one writes.
func (f *fake) serveSocket(w http.ResponseWriter, r *http.Request, token string) {
	u := ws.HTTPUpgrader{Protocol: func(name string) bool { return name == "icomet.v1.json" }}
	f.done.Add(1)
	defer f.done.Done()
	conn, _, _, err := u.Upgrade(r, w)
	if err != nil {
		return
	}
	defer conn.Close()
	v := f.newViewer("websocket", token)
	defer f.leave(v)
	gone := make(chan struct{})
	f.done.Go(func() {
		defer conn.Close()
		f.writeSocket(conn, v, gone)
	})
	defer close(gone)
	for {
		frame, err := ws.ReadFrame(conn)
		if err != nil || frame.Header.OpCode == ws.OpClose {
			return
		}
		if frame.Header.OpCode == ws.OpText {
			v.command(ws.UnmaskFrame(frame).Payload)
		}
	}
}

// writeSocket sends what is new, as binary frames where a message has bytes.
func (f *fake) writeSocket(conn net.Conn, v *viewer, gone <-chan struct{}) {
	f.mu.Lock()
	closings := f.closings
	v.outbox = append([]string{f.hello()}, v.outbox...)
	f.mu.Unlock()
	for sent := time.Now(); ; {
		batch, changed, _ := v.collect()
		f.mu.Lock()
		closing, code := f.closings != closings, f.closing
		f.mu.Unlock()
		if closing {
			ws.WriteFrame(conn, ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusCode(code), "asked to")))
			return
		}
		for _, m := range batch {
			if ws.WriteFrame(conn, frameOf(m)) != nil {
				return
			}
		}
		if len(batch) > 0 {
			sent = time.Now()
			continue
		}
		if !f.await(gone, changed, sent) {
			if ws.WriteFrame(conn, ws.NewTextFrame([]byte(`{"type":"noop"}`))) != nil {
				return
			}
			sent = time.Now()
		}
		if f.ctx.Err() != nil || isClosed(gone) {
			return
		}
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func frameOf(message string) ws.Frame {
	var m struct{ Base64 *[]byte }
	if json.Unmarshal([]byte(message), &m) != nil || m.Base64 == nil {
		return ws.NewTextFrame([]byte(message))
	}
	encoded := fmt.Sprintf(`,"base64":"%s"`, base64.StdEncoding.EncodeToString(*m.Base64))
	head := strings.Replace(message, encoded, "", 1)
	return ws.NewBinaryFrame(bytes.Join([][]byte{[]byte(head), *m.Base64}, []byte("\n")))
}

// closeSockets closes all WebSockets with a code.
func (f *fake) closeSockets(code int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closing = code
	f.closings++
	f.touch()
}

// command does what a client says.
func (v *viewer) command(text []byte) {
	var c fakeCommand
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		c.Cmd = err.Error()
	}
	if c.Cmd == "publish" {
		m := v.fake.put(c.Channel, fakeMessage{Content: c.Content, Data: c.Data, Base64: c.Base64, Event: c.Event})
		v.say(fakeMessage{Type: "published", ID: c.ID, Channel: c.Channel, Seq: m.Seq, Epoch: m.Epoch})
		return
	}
	v.fake.mu.Lock()
	defer v.fake.mu.Unlock()
	defer v.fake.touch()
	answer := fakeMessage{ID: c.ID, Channel: c.Channel}
	switch c.Cmd {
	case "subscribe":
		for _, a := range c.Channels {
			v.ask(c.ID, a)
		}
		return
	case "unsubscribe":
		v.remove(c.Channel)
		answer.Type = "unsubscribed"
	case "ping":
		answer.Type = "pong"
	case "members":
		list := json.RawMessage(`[{"client":"ann","info":{"n":1}}]`)
		answer.Type, answer.Members, answer.Count = "members", &list, 7
	case "auth":
		v.token = c.Token
		answer.Type, answer.Expires = "authorized", 1
	default:
		answer.Type, answer.Code, answer.Text = "error", 400, c.Cmd
	}
	v.outbox = append(v.outbox, answer.String())
}

func (v *viewer) say(m fakeMessage) {
	v.fake.mu.Lock()
	defer v.fake.mu.Unlock()
	v.outbox = append(v.outbox, m.String())
	v.fake.touch()
}

// fakePublication is an item of /v1/publish.
type fakePublication struct {
	Channel  string          `json:"channel"`
	Channels []string        `json:"channels"`
	Content  *string         `json:"content"`
	Data     json.RawMessage `json:"data"`
	Base64   *[]byte         `json:"base64"`
	Event    string          `json:"event"`
	TTL      int             `json:"ttl"`
	Key      string          `json:"key"`
	Last     bool            `json:"last"`
}

func (f *fake) servePublish(w http.ResponseWriter, r *http.Request) {
	var items []fakePublication
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&items); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"error":{"code":400,"text":%q}}`, err.Error())
		return
	}
	io.Copy(io.Discard, r.Body)
	answers, status := make([]json.RawMessage, len(items)), http.StatusOK
	for i, item := range items {
		var code int
		if answers[i], code = f.publishItem(item); code != 0 && status == http.StatusOK {
			status = code
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintln(w, marshal(answers))
}

// publishItem publishes one item once for its key.
func (f *fake) publishItem(item fakePublication) (json.RawMessage, int) {
	names := item.Channels
	if item.Channel != "" {
		names = []string{item.Channel}
	}
	results := []map[string]any{}
	for _, name := range names {
		if code := f.deny(name, ""); code != 0 {
			return json.RawMessage(fmt.Sprintf(`{"error":{"code":%d,"text":"denied"}}`, code)), code
		}
		f.mu.Lock()
		first, repeated := f.keys[name+"\n"+item.Key]
		f.mu.Unlock()
		result := map[string]any{"repeated": true}
		if repeated {
			json.Unmarshal(first, &result)
		} else {
			m := f.put(name, fakeMessage{Content: item.Content, Data: item.Data, Base64: item.Base64, Event: item.Event})
			result = map[string]any{"channel": name, "seq": m.Seq, "epoch": m.Epoch, "receivers": 1}
			f.mu.Lock()
			f.keys[name+"\n"+item.Key] = json.RawMessage(marshal(result))
			f.mu.Unlock()
		}
		results = append(results, result)
	}
	return json.RawMessage(marshal(map[string]any{"results": results})), 0
}

// servePresence knows members m0 to m4 of every channel, two a page.
func (f *fake) servePresence(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("counts") == "1" {
		var all []string
		for _, name := range q["channel"] {
			all = append(all, fmt.Sprintf(`{"channel":%q,"count":2,"subscribers":%d}`, name, len(name)))
		}
		fmt.Fprintf(w, `{"channels":[%s]}`, strings.Join(all, ","))
		return
	}
	var page []string
	next := ""
	for i := range 5 {
		name := fmt.Sprintf("m%d", i)
		if name <= q.Get("after") {
			continue
		}
		if len(page) == 2 {
			next = fmt.Sprintf(`,"next":%q`, name)
			break
		}
		page = append(page, fmt.Sprintf(`{"client":%q,"info":{}}`, name))
	}
	fmt.Fprintf(w, `{"channel":%q,"count":5,"members":[%s]%s}`, q.Get("channel"), strings.Join(page, ","), next)
}
