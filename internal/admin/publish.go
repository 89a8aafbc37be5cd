package admin

import (
	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/httploop"
	"github.com/icomet/icomet/internal/hub"
)

// push publishes text.
func (d *Door) push(x *httploop.Exchange, p *params) {
	d.scratch.out = delivery.AppendContent(d.scratch.out[:0], p.content)
	d.publish(x, p, string(d.scratch.out))
}

// pub publishes text that is escaped already: the inside of a JSON string.
func (d *Door) pub(x *httploop.Exchange, p *params) {
	if !delivery.IsContent(p.content) {
		d.badRequest(x, "content must be the inside of a JSON string, with quotes, backslashes and control "+
			"characters escaped; use /push for plain text")
		return
	}
	d.publish(x, p, string(p.content))
}

func (d *Door) publish(x *httploop.Exchange, p *params, content string) {
	if _, err := d.options.Hub.Publish(d.now(), p.name, hub.Publication{Payload: hub.Payload{Content: content}}); err != nil {
		d.failed(x, err)
		return
	}
	d.Counters.Published.Add(1)
	const published = `{"type":"ok"}`
	if p.hasCallback {
		d.answerJSON(x, p, delivery.ScriptType, []byte(published))
		return
	}
	d.answer(x, 200, delivery.ScriptType, published+"\n")
}
