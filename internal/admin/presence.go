package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"strconv"

	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/http1"
	"github.com/icomet/icomet/internal/httploop"
)

const (
	// membersShown is how many members are shown when the request does not say, membersShownMax how many
	// at most.
	membersShown    = 100
	membersShownMax = 1000
	// countedMax is how many channels are counted in one request.
	countedMax = 10_000
)

// presenceQuery is what a request to /v1/presence asks for, and its JSON form.
type presenceQuery struct {
	Channel  *string  `json:"channel"`
	Channels []string `json:"channels"`
	After    string   `json:"after"`
	Limit    int      `json:"limit"`
	Counts   bool     `json:"counts"`
}

// servePresence tells who is at a channel, a page at a time, or how many are at many channels.
func (d *Door) servePresence(x *httploop.Exchange, _ *params) {
	q := presenceQuery{Limit: membersShown}
	err := q.read(x)
	if err == nil {
		err = q.check()
	}
	switch {
	case err != nil:
		d.answerError(x, 400, err.Error())
	case q.Counts:
		d.answerCounts(x, q.Channels)
	default:
		d.answerMembers(x, &q)
	}
}

// answerError answers a request of v1 that failed.
func (d *Door) answerError(x *httploop.Exchange, code int, text string) {
	out := append(d.scratch.out[:0], `{"error":{"code":`...)
	out = strconv.AppendInt(out, int64(code), 10)
	out = append(out, `,"text":"`...)
	out = delivery.AppendContent(out, text)
	d.scratch.out = append(out, "\"}}\n"...)
	d.answer(x, code, jsonType, string(d.scratch.out))
}

// read reads the query, then the body: a form, or JSON if it says so.
func (q *presenceQuery) read(x *httploop.Exchange) error {
	mediaType, _, _ := mime.ParseMediaType(string(x.Request.ContentType))
	lists := []http1.Params{x.Request.Query}
	if mediaType != "application/json" {
		lists = append(lists, x.Body)
	}
	for _, params := range lists {
		for name, value := range params.All {
			if err := q.param(name, string(http1.AppendUnescape(nil, value))); err != nil {
				return err
			}
		}
	}
	if mediaType != "application/json" || len(x.Body) == 0 {
		return nil
	}
	return q.readJSON(x.Body)
}

func (q *presenceQuery) param(name []byte, value string) error {
	switch {
	case http1.IsName(name, "channel"):
		q.Channels = append(q.Channels, value)
	case http1.IsName(name, "after"):
		q.After = value
	case http1.IsName(name, "counts"):
		q.Counts = value == "1"
	case http1.IsName(name, "limit"):
		limit, err := strconv.Atoi(value)
		if err != nil {
			return errors.New("limit must be a number")
		}
		q.Limit = limit
	}
	return nil
}

func (q *presenceQuery) readJSON(body []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(q); err != nil {
		return errors.New("the body is not right: " + err.Error())
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errors.New("the body has more than one JSON value")
	}
	if q.Channel != nil {
		q.Channels = append(q.Channels, *q.Channel)
	}
	return nil
}

func (q *presenceQuery) check() error {
	switch {
	case len(q.Channels) == 0:
		return errors.New("channel is missing")
	case q.Limit < 1 || q.Limit > membersShownMax:
		return errors.New("limit must be from 1 to " + strconv.Itoa(membersShownMax))
	case len(q.Channels) > 1 && !q.Counts:
		return errors.New("members of one channel only can be asked for; counts=1 counts those of many")
	case len(q.Channels) > countedMax:
		return errors.New("too many channels; at most " + strconv.Itoa(countedMax) + " can be counted at once")
	}
	return nil
}

func (d *Door) answerMembers(x *httploop.Exchange, q *presenceQuery) {
	name := q.Channels[0]
	part, count, more := d.options.Hub.Members([]byte(name), q.After, q.Limit)
	out := appendCount(d.scratch.out[:0], name, count)
	out = append(delivery.AppendMembers(append(out, `,"members":[`...), part), ']')
	if more {
		out = append(out, `,"next":"`...)
		out = append(delivery.AppendContent(out, part[len(part)-1].Client), '"')
	}
	d.scratch.out = append(out, "}\n"...)
	d.answer(x, 200, jsonType, string(d.scratch.out))
}

// appendCount appends the beginning of an object about a channel.
func appendCount(dst []byte, name string, count int) []byte {
	dst = append(dst, `{"channel":"`...)
	dst = delivery.AppendContent(dst, name)
	dst = append(dst, `","count":`...)
	return strconv.AppendInt(dst, int64(count), 10)
}

func (d *Door) answerCounts(x *httploop.Exchange, names []string) {
	out := append(d.scratch.out[:0], `{"channels":[`...)
	for i, name := range names {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendCount(out, name, d.options.Hub.MemberCount([]byte(name)))
		out = append(out, `,"subscribers":`...)
		out = strconv.AppendInt(out, int64(d.options.Hub.Subscribers([]byte(name))), 10)
		out = append(out, '}')
	}
	d.scratch.out = append(out, "]}\n"...)
	d.answer(x, 200, jsonType, string(d.scratch.out))
}
