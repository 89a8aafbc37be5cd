package admin

import (
	"slices"

	"github.com/icomet/icomet/internal/httploop"
	"github.com/icomet/icomet/internal/reactor"
)

// batches are the requests to publish that take more than one step. They take turns: one step of one of them
// in a turn of the loop. There is at most one for a connection.
type batches struct {
	waiting []*batch
	drained chan<- struct{} // to be closed when none is left; nil for nobody who waits
}

// batchTurn is mail of the door to itself: it is the next batch's turn.
type batchTurn struct{}

// publishItems publishes the items of the body.
func (d *Door) publishItems(x *httploop.Exchange, _ *params) {
	b := &d.scratch.batch
	var r *refusal
	if b.items, r = newItems(x.Request.ContentType, x.Body); r != nil {
		d.refuseBatch(b, r)
	}
	if b.refused || d.step(b) {
		d.answerBatch(x, b)
		b.reset()
		return
	}
	d.batches.waiting = append(d.batches.waiting, b.hold(x.Conn().ID()))
	if len(d.batches.waiting) == 1 {
		d.loop.Post(d.number, 0, batchTurn{})
	}
	x.Hold(false)
}

// nextBatch does a step of the batch whose turn it is. One whose client has gone is given up.
func (d *Door) nextBatch() {
	b := d.batches.waiting[0]
	d.batches.waiting = slices.Delete(d.batches.waiting, 0, 1)
	if c, ok := d.loop.Find(b.conn); !ok {
		d.Counters.Abandoned.Add(1)
	} else if !d.step(b) {
		d.batches.waiting = append(d.batches.waiting, b)
	} else {
		d.endBatch(c, b)
	}
	if len(d.batches.waiting) > 0 {
		d.loop.Post(d.number, 0, batchTurn{})
		return
	}
	d.batches.end()
}

// drain closes done when no batch is left.
func (s *batches) drain(done chan<- struct{}) {
	s.drained = done
	if len(s.waiting) == 0 {
		s.end()
	}
}

func (s *batches) end() {
	if s.drained != nil {
		close(s.drained)
		s.drained = nil
	}
}

// endBatch answers, unless answers to earlier requests still wait for the client: what is queued behind them
// is bounded, and might not find room.
func (d *Door) endBatch(c reactor.Conn, b *batch) {
	if c.OutputWaiting() > 0 {
		c.SetValue(b)
		return
	}
	d.http.Reply(c, func(x *httploop.Exchange) { d.answerBatch(x, b) })
}

// Drained implements httploop.Service.
func (d *Door) Drained(c reactor.Conn) {
	if b, ok := c.Value().(*batch); ok {
		c.SetValue(nil)
		d.endBatch(c, b)
	}
}

// linesType is the type of answers with a JSON text a line.
const linesType = "application/x-ndjson; charset=utf-8"

func (d *Door) answerBatch(x *httploop.Exchange, b *batch) {
	status := b.status
	if status == 0 {
		status = 200
	}
	d.begin(x, status)
	if status == 503 {
		x.Header("Retry-After", "1")
	}
	if b.items.form == itemsInLines && !b.refused {
		x.Header("Content-Type", linesType)
	} else {
		x.Header("Content-Type", jsonType)
	}
	x.Lines(httploop.NoSniff)
	x.End(string(b.out))
}
