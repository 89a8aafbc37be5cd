package demo

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/hub"
)

const (
	chatPrefix = "chat-"
	// roomBytesMax bounds the name of a room's channel.
	roomBytesMax = 256
	// membersMax is how many members of a room are told by name.
	membersMax = 1000
)

// room reads the channel of a request, and answers when it is none of a room.
func room(w http.ResponseWriter, r *http.Request) (name string, ok bool) {
	name = r.URL.Query().Get("cname")
	if !strings.HasPrefix(name, chatPrefix) || len(name) > roomBytesMax {
		http.Error(w, "cname must begin with "+chatPrefix+" and have at most "+strconv.Itoa(roomBytesMax)+" bytes", http.StatusForbidden)
		return "", false
	}
	return name, true
}

// postMessage publishes the JSON value in the body to a room, for pages that no WebSocket gets through to. Since it
// has to be JSON, browsers let no page of another origin do it.
func (d *Demo) postMessage(w http.ResponseWriter, r *http.Request) {
	name, ok := room(w, r)
	if !ok {
		return
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		http.Error(w, "the body must be application/json", http.StatusUnsupportedMediaType)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MessageBytesMax))
	if err != nil {
		http.Error(w, "a message has at most "+strconv.Itoa(MessageBytesMax)+" bytes", http.StatusRequestEntityTooLarge)
		return
	}
	if !json.Valid(body) {
		http.Error(w, "the body is not JSON", http.StatusBadRequest)
		return
	}
	payload, err := delivery.NewPayload(nil, body, nil, "")
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	done, err := d.hub.Publish(d.now(), []byte(name), hub.Publication{Payload: payload})
	if err != nil {
		refuse(w, err)
		return
	}
	answer(w, position{Channel: name, Seq: done.Seq, Epoch: done.Epoch.String()})
}

// position is where a message is, as answers name it.
type position struct {
	Channel string `json:"cname"`
	Seq     int64  `json:"seq"`
	Epoch   string `json:"epoch"`
}

// refuse answers why the hub did not take a message.
func refuse(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, hub.ErrOverloaded):
		busy(w, "the server is overloaded; try again")
	case errors.Is(err, hub.ErrTooManyChannels):
		busy(w, "the server has too many channels; try again")
	default:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// getMembers answers who is in a room, as the command members of a WebSocket does.
func (d *Demo) getMembers(w http.ResponseWriter, r *http.Request) {
	name, ok := room(w, r)
	if !ok {
		return
	}
	part, count, _ := d.hub.Members([]byte(name), "", membersMax)
	writeJSON(w, delivery.AppendMemberList(nil, delivery.NoID, name, part, count))
}
