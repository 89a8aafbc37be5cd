package admin

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/hub"
	"github.com/icomet/icomet/internal/reactor"
)

// Bounds of a request with several items.
const (
	// publicationsMax bounds the publications of one request: an item is as many as it has channels.
	publicationsMax = 10_000
	// batchStep is how many publications are made, or items refused, before others get their turn on the
	// loop, and batchStepBytes how many bytes of items are read until then, about, if that is sooner.
	batchStep      = 256
	batchStepBytes = 64 << 10
	// batchCheckBytes is how many bytes are checked before others get their turn.
	batchCheckBytes = 512 << 10
	// batchKeep bounds the buffers that are kept for the next request.
	batchKeep = 64 << 10
)

// batch is a request to publish, as far as it has been done. It belongs to its loop.
type batch struct {
	conn    reactor.ID
	items   items
	checked bool // items.check is done
	refused bool // the request as a whole

	item item
	name int // position in item.names of the channel that is next

	publications int // of the items so far
	status       int // of the first error, 0 for none
	out          []byte
}

// reset empties b for the next request. It keeps the buffers unless they have grown large.
func (b *batch) reset() {
	old := *b
	*b = batch{}
	if cap(old.out) <= batchKeep {
		b.out = old.out[:0]
	}
	if cap(old.item.arena) <= batchKeep {
		b.item.arena, b.item.names = old.item.arena[:0], old.item.names[:0]
	}
}

// hold returns what is left of b for later. It has a copy of the body, and the buffers of b.
func (b *batch) hold(conn reactor.ID) *batch {
	held := *b
	held.conn = conn
	held.items.text = bytes.Clone(b.items.text)
	*b = batch{}
	return &held
}

// step does a bounded part of b, and tells whether that was the last.
func (d *Door) step(b *batch) (done bool) {
	if !b.checked {
		var r *refusal
		if b.checked, r = b.items.check(batchCheckBytes); r != nil {
			d.refuseBatch(b, r)
			return true
		}
		if !b.checked {
			return false
		}
	}
	from := b.items.at
	for budget := batchStep; budget > 0 && b.items.at-from < batchStepBytes; {
		if b.name < len(b.item.names) {
			d.publishNext(b)
			budget--
			continue
		}
		text, ok, _ := b.items.next()
		if !ok {
			b.end()
			return true
		}
		if !d.beginItem(b, text) {
			budget--
		}
	}
	return false
}

// beginItem reads an item. Its publications are next, unless it is refused.
func (d *Door) beginItem(b *batch, text []byte) (ok bool) {
	d.Counters.Items.Add(1)
	b.separate()
	b.name = 0
	r := b.item.parse(text)
	if n := len(b.item.names); r == nil && b.publications+n > publicationsMax {
		r = &refusal{ReasonPublications, fmt.Sprintf("more than %d publications in one request", publicationsMax)}
	}
	if r == nil {
		b.publications += len(b.item.names)
		return true
	}
	b.item.names = b.item.names[:0]
	b.out = append(d.refuse(b, r, append(b.out, '{')), '}')
	return false
}

// refuse counts a refusal, and appends it to dst as the member of an object.
func (d *Door) refuse(b *batch, r *refusal, dst []byte) []byte {
	d.Counters.Errors[r.reason].Add(1)
	if b.status == 0 {
		b.status = r.reason.Code()
	}
	return r.append(dst)
}

// refuseBatch makes the answer to b that nothing of it was published.
func (d *Door) refuseBatch(b *batch, r *refusal) {
	b.refused = true
	b.out = append(d.refuse(b, r, append(b.out[:0], '{')), "}\n"...)
}

// publishNext publishes the item to the next of its channels.
func (d *Door) publishNext(b *batch) {
	m := &b.item
	name := m.names[b.name]
	b.name++
	done, err := d.options.Hub.Publish(d.now(), name, m.publication)
	if err == nil {
		d.countPublished(done)
	} else if err == hub.ErrOverloaded {
		d.Counters.Overloaded.Add(1)
	}
	if err != nil && !m.isList {
		b.out = append(d.refuse(b, refusalOf(err), append(b.out, '{')), '}')
		return
	}
	if b.name == 1 {
		b.out = append(b.out, `{"results":[`...)
	} else {
		b.out = append(b.out, ',')
	}
	b.out = append(b.out, `{"channel":"`...)
	b.out = append(delivery.AppendContent(b.out, name), `",`...)
	if err != nil {
		b.out = d.refuse(b, refusalOf(err), b.out)
	} else {
		b.out = appendPublished(b.out, done)
	}
	b.out = append(b.out, '}')
	if b.name == len(m.names) {
		b.out = append(b.out, "]}"...)
	}
}

func (d *Door) countPublished(done hub.Published) {
	if done.Repeated {
		d.Counters.Repeated.Add(1)
		return
	}
	d.Counters.Published.Add(1)
}

func appendPublished(dst []byte, done hub.Published) []byte {
	dst = append(dst, `"seq":`...)
	dst = strconv.AppendInt(dst, done.Seq, 10)
	dst = append(dst, `,"epoch":"`...)
	dst = done.Epoch.AppendText(dst)
	dst = append(dst, `","receivers":`...)
	dst = strconv.AppendInt(dst, int64(done.Receivers), 10)
	if done.Repeated {
		dst = append(dst, `,"repeated":true`...)
	}
	return dst
}

// separate appends what stands ahead of the answer to the next item.
func (b *batch) separate() {
	first := b.items.taken == 1
	switch {
	case b.items.form == itemsInArray && first:
		b.out = append(b.out, '[')
	case b.items.form == itemsInArray:
		b.out = append(b.out, ',')
	case b.items.form == itemsInLines && !first:
		b.out = append(b.out, '\n')
	}
}

// end appends the end of the answer.
func (b *batch) end() {
	switch {
	case b.items.form == itemsInArray && b.items.taken == 0:
		b.out = append(b.out, "[]\n"...)
	case b.items.form == itemsInArray:
		b.out = append(b.out, "]\n"...)
	case b.items.taken > 0:
		b.out = append(b.out, '\n')
	}
}
