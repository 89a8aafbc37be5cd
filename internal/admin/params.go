package admin

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"strings"

	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/http1"
	"github.com/icomet/icomet/internal/httploop"
)

// params are the parameters of a request. Slices are good until the next request.
type params struct {
	name        []byte
	content     []byte
	expires     int32
	callback    string
	hasCallback bool
}

// parse reads the parameters from the query and the body; problem says why that is not possible.
//
// A body that is a form, or says nothing of its type, gives parameters that win over those of the
// query, as with the original. One that is JSON is an object with the same names. Any other is the
// content itself, if the query names the channel; else it is read as a form. So is every body when the
// query has the content too: the original did so whatever the type.
func (d *Door) parse(x *httploop.Exchange) (p params, problem string) {
	form := http1.Form{Query: x.Request.Query}
	if len(x.Body) > 0 {
		switch d.kindOfBody(x) {
		case bodyForm:
			form.Body = x.Body
		case bodyJSON:
			if problem := d.parseJSON(x.Body, &p); problem != "" {
				return p, problem
			}
		case bodyContent:
			p.content = x.Body
		}
	}
	d.parseForm(form, &p)
	if p.hasCallback && p.callback != "" && !delivery.IsCallback(p.callback) {
		return p, "cb must be a JavaScript name such as icomet_cb or app.onMessage"
	}
	return p, ""
}

type bodyKind uint8

const (
	bodyForm bodyKind = iota
	bodyJSON
	bodyContent
)

func (d *Door) kindOfBody(x *httploop.Exchange) bodyKind {
	if x.Request.ContentType == nil {
		return bodyForm
	}
	mediaType, _, err := mime.ParseMediaType(string(x.Request.ContentType))
	_, named := http1.Params(x.Request.Query).Get("cname")
	_, complete := http1.Params(x.Request.Query).Get("content")
	switch {
	case err != nil || complete || mediaType == "application/x-www-form-urlencoded":
		return bodyForm
	case mediaType == "application/json" || strings.HasSuffix(mediaType, "+json"):
		return bodyJSON
	case named || x.IsMethod("POST") && string(x.Request.Path) == "/broadcast":
		return bodyContent
	}
	return bodyForm
}

// parseForm reads the parameters that parseJSON or the body itself have not given.
func (d *Door) parseForm(form http1.Form, p *params) {
	if raw, ok := form.Get("cname"); ok && p.name == nil {
		d.scratch.name = http1.AppendUnescape(d.scratch.name[:0], raw)
		p.name = d.scratch.name
	}
	if raw, ok := form.Get("content"); ok && p.content == nil {
		d.scratch.content = http1.AppendUnescape(d.scratch.content[:0], raw)
		p.content = d.scratch.content
	}
	if raw, ok := form.Get("expires"); ok && p.expires == 0 {
		p.expires = http1.Atoi(raw)
	}
	if raw, ok := form.Get("cb"); ok && !p.hasCallback {
		p.callback, p.hasCallback = string(http1.AppendUnescape(nil, raw)), true
	}
}

// message is the JSON form of the parameters.
type message struct {
	Name     *string `json:"cname"`
	Content  *string `json:"content"`
	Expires  int32   `json:"expires"`
	Callback *string `json:"cb"`
}

func (d *Door) parseJSON(body []byte, p *params) (problem string) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	var m message
	if err := decoder.Decode(&m); err != nil {
		return "the body is not a JSON object with cname and content as strings: " + err.Error()
	}
	if _, err := decoder.Token(); err != io.EOF {
		return "the body has more than one JSON value"
	}
	if m.Name != nil {
		p.name = []byte(*m.Name)
	}
	if m.Content != nil {
		p.content = []byte(*m.Content)
	}
	p.expires = m.Expires
	if m.Callback != nil {
		p.callback, p.hasCallback = *m.Callback, true
	}
	return ""
}
