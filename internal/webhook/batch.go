package webhook

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"
)

// batch is what is posted in one request.
type batch struct {
	events []event
	lost   int // events dropped ahead of these
}

// body is the JSON of a batch.
type body struct {
	Delivery string        `json:"delivery"` // the same in all attempts
	Server   string        `json:"server"`   // another after each start of the server
	Lost     int           `json:"lost,omitempty"`
	Events   []bodyOfEvent `json:"events"`
}

type bodyOfEvent struct {
	Event   string          `json:"event"`
	Time    float64         `json:"time"` // seconds since 1970
	Channel string          `json:"channel"`
	Client  string          `json:"client,omitempty"`
	Info    json.RawMessage `json:"info,omitempty"`
}

// encode returns the body of a batch, and the id of its delivery.
func (b *batch) encode(server string) (text []byte, id string) {
	id = rand.Text()
	v := body{Delivery: id, Server: server, Lost: b.lost}
	for i := range b.events {
		v.Events = append(v.Events, b.events[i].body())
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(&v); err != nil {
		panic("webhook: info of a member is not JSON: " + err.Error())
	}
	return bytes.TrimSuffix(out.Bytes(), []byte{'\n'}), id
}

func (e *event) body() bodyOfEvent {
	v := bodyOfEvent{
		Event: e.Kind.String(), Time: float64(e.at.UnixMilli()) / 1000, Channel: e.Channel, Client: e.Member.Client,
	}
	switch {
	case e.Member.Info != "":
		v.Info = json.RawMessage(e.Member.Info)
	case e.Member.Client != "":
		v.Info = json.RawMessage("{}")
	}
	return v
}

// sign is the signature of a body at a time, as the header has it: of the seconds since 1970, a dot, and the
// body.
func sign(secret string, at time.Time, body []byte) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(seconds + "."))
	mac.Write(body)
	return "t=" + seconds + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}
