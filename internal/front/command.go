package front

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/hub"
)

// command is what a client says over a WebSocket: one JSON object.
type command struct {
	ID   *int64 `json:"id"`
	Name string `json:"cmd"`

	commandChannel
	Channels []commandChannel `json:"channels"` // of subscribe

	// Of publish: one of three forms, and the name of the event.
	Content *string         `json:"content"`
	Data    json.RawMessage `json:"data"`
	Base64  *string         `json:"base64"`
	Event   string          `json:"event"`
}

// commandChannel is a channel in a command, and where a subscription of it is to begin.
type commandChannel struct {
	Channel *string         `json:"cname"`
	Seq     int64           `json:"seq"`
	Epoch   string          `json:"epoch"`
	Last    *int64          `json:"last"`
	Since   json.RawMessage `json:"since"`
	Token   string          `json:"token"`

	Presence bool `json:"presence"`
}

// parseCommand reads a command. The error is for the client.
func parseCommand(text []byte) (*command, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var c command
	if err := decoder.Decode(&c); err != nil {
		return nil, wrongJSON(err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, errors.New("there is something behind the command")
	}
	if c.ID != nil && (*c.ID < 0 || *c.ID > seqMax) {
		return &command{}, errors.New("id must be a number from 0 to 2^53-1")
	}
	return &c, nil
}

// wrongJSON says in the client's words why a text is no command.
func wrongJSON(err error) error {
	var wrongType *json.UnmarshalTypeError
	unknown, isUnknown := strings.CutPrefix(err.Error(), "json: unknown field ")
	switch {
	case isUnknown:
		return errors.New("unknown key " + unknown)
	case !errors.As(err, &wrongType):
		return errors.New("a command is one JSON object")
	case wrongType.Field == "":
		return errors.New("a command is a JSON object, not a JSON " + wrongType.Value)
	}
	return errors.New(wrongType.Field + " cannot be a JSON " + wrongType.Value)
}

// errNoName is the error of a command that needs a channel and names none.
var errNoName = errors.New("cname is missing")

// number is the command's id as it is echoed.
func (c *command) number() int64 {
	if c.ID == nil {
		return delivery.NoID
	}
	return *c.ID
}

// wants are the channels that a subscribe command asks for.
func (c *command) wants(now clock) ([]want, error) {
	list := c.Channels
	switch {
	case c.Channel != nil && list != nil:
		return nil, errors.New("cname and channels exclude each other")
	case c.Channel != nil:
		list = []commandChannel{c.commandChannel}
	case len(list) == 0:
		return nil, errNoName
	}
	wants := make([]want, 0, len(list))
	for i := range list {
		w, err := list[i].want(now)
		if err != nil {
			return nil, err
		}
		w.id = c.number()
		wants = append(wants, w)
	}
	return wants, nil
}

func (c *commandChannel) want(now clock) (want, error) {
	if c.Channel == nil {
		return want{}, errNoName
	}
	w := want{name: []byte(*c.Channel), token: []byte(c.Token), start: hub.Start{Kind: hub.FromNow}, presence: c.Presence}
	w.pattern = isPattern(w.name)
	if problem := setEpoch(&w.start, []byte(c.Epoch)); problem != "" {
		return w, errors.New(problem)
	}
	switch {
	case c.Last != nil && *c.Last >= 0:
		w.start.Kind, w.start.Count = hub.FromLast, *c.Last
	case c.Since != nil:
		if problem := now.setSince(&w.start, strings.Trim(string(c.Since), `"`)); problem != "" {
			return w, errors.New(problem)
		}
	case c.Last != nil, c.Seq < 0, c.Seq > seqMax:
		return w, errors.New("seq and last must be numbers from 0 to 2^53-1")
	case c.Seq > 0:
		w.start.Kind, w.start.Seq = hub.FromSeq, c.Seq
	}
	return w, nil
}

// publication is the message that a publish command is about.
func (c *command) publication() (hub.Publication, error) {
	payload, err := delivery.NewPayload(c.Content, c.Data, c.Base64, c.Event)
	return hub.Publication{Payload: payload}, err
}
