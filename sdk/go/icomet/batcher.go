package icomet

import (
	"context"
	"errors"
	"sync"
	"time"
)

// BatchOptions bound what a batcher holds and how long. The zero value is good.
type BatchOptions struct {
	// MessagesMax and BytesMax bound one request; a longer message goes alone. Default: 500 and 256 KB.
	MessagesMax, BytesMax int
	// Delay is how long a message waits for others. Default: 5 ms.
	Delay time.Duration
	// QueueMessages and QueueBytes bound what was accepted and not yet answered. Default: 10,000 and
	// 8 MB.
	QueueMessages, QueueBytes int
}

// Batcher publishes in the background, many messages in a request. One request is under way at a time, so
// messages are published in the order in which they were accepted, except that those for which the server
// was too busy are sent again after the rest of their request. Safe for concurrent use. Close it.
type Batcher struct {
	publisher *Publisher
	opts      BatchOptions
	ctx       context.Context
	cancel    context.CancelCauseFunc
	stopped   chan struct{}
	work      chan struct{} // a token: something was accepted, or is to be sent now

	mu      sync.Mutex
	waiting []*Pending
	held    int           // messages that were accepted and not answered
	bytes   int           // of those
	room    chan struct{} // closed and replaced when held falls
	hurried int           // how many of the waiting are to be sent without delay
	last    *Pending      // the newest that was accepted
	closed  bool
}

// Pending is a message that a batcher has accepted.
type Pending struct {
	item *item
	done chan struct{}
}

// Done is closed when the message was answered for.
func (p *Pending) Done() <-chan struct{} { return p.done }

// Wait waits for the result. The error is that of ctx, or Result.Err.
func (p *Pending) Wait(ctx context.Context) (Result, error) {
	select {
	case <-p.done:
		return p.item.result, p.item.result.Err
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
}

// NewBatcher makes a batcher that publishes by p.
func (p *Publisher) NewBatcher(opts BatchOptions) *Batcher {
	orElse(&opts.MessagesMax, 500)
	orElse(&opts.BytesMax, 256<<10)
	orElse(&opts.Delay, 5*time.Millisecond)
	orElse(&opts.QueueMessages, 10_000)
	orElse(&opts.QueueBytes, 8<<20)
	b := &Batcher{publisher: p, opts: opts, stopped: make(chan struct{}), work: make(chan struct{}, 1), room: make(chan struct{})}
	b.ctx, b.cancel = context.WithCancelCause(context.Background())
	go b.run()
	return b
}

// Publish accepts a message. It waits for room until ctx is done, and not for the answer; ctx has no
// bearing on what was accepted. Errors are an *Error for a publication that cannot be right, that of ctx,
// and ErrClosed.
func (b *Batcher) Publish(ctx context.Context, publication Publication) (*Pending, error) {
	i, err := newItem(publication)
	if err != nil {
		return nil, err
	}
	p := &Pending{i, make(chan struct{})}
	for {
		room, err := b.accept(p)
		if room == nil || err != nil {
			return p, err
		}
		select {
		case <-room:
		case <-b.ctx.Done():
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// accept queues p, or returns what to wait for.
func (b *Batcher) accept(p *Pending) (<-chan struct{}, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, ErrClosed
	}
	n := len(p.item.body)
	if b.held > 0 && (b.held >= b.opts.QueueMessages || b.bytes+n > b.opts.QueueBytes) {
		return b.room, nil
	}
	b.waiting = append(b.waiting, p)
	b.held++
	b.bytes += n
	b.last = p
	signal(b.work)
	return nil, nil
}

// Flush sends what was accepted without further delay, and waits until it is answered. The error is that
// of ctx; results are told by Pending.
func (b *Batcher) Flush(ctx context.Context) error {
	b.mu.Lock()
	last := b.last
	b.hurried = len(b.waiting)
	signal(b.work)
	b.mu.Unlock()
	if last == nil {
		return nil
	}
	select {
	case <-last.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close accepts nothing more, and waits like Flush. When ctx is done ahead of that, what is left fails with
// ErrClosed. No goroutine is left when it returns.
func (b *Batcher) Close(ctx context.Context) error {
	b.mu.Lock()
	b.closed = true
	close(b.room)
	b.room = make(chan struct{})
	b.mu.Unlock()
	err := b.Flush(ctx)
	b.cancel(ErrClosed)
	<-b.stopped
	return err
}

// run sends batch after batch.
func (b *Batcher) run() {
	defer close(b.stopped)
	for {
		batch := b.gather()
		if len(batch) == 0 {
			return
		}
		items := make([]*item, len(batch))
		for i, p := range batch {
			items[i] = p.item
		}
		if b.publisher.send(b.ctx, items) != nil {
			for _, i := range items {
				if errors.Is(i.result.Err, context.Canceled) {
					i.result.Err = ErrClosed
				}
			}
		}
		b.finish(batch)
	}
}

// gather waits for a batch that is full, old enough or wanted now. It is empty once the batcher is closed
// and there is nothing left.
func (b *Batcher) gather() []*Pending {
	delay := time.NewTimer(b.opts.Delay)
	defer delay.Stop()
	ripe, begun := false, false
	for {
		batch, some := b.take(ripe)
		if len(batch) > 0 {
			return batch
		}
		if some && !begun {
			delay.Reset(b.opts.Delay)
			begun = true
		}
		select {
		case <-b.work:
		case <-delay.C:
			ripe = begun
		case <-b.ctx.Done():
			batch, _ := b.take(true)
			return batch
		}
	}
}

// take takes a batch if it is time for one; some tells that there is something to wait with.
func (b *Batcher) take(ripe bool) (batch []*Pending, some bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, bytes := 0, 0
	full := false
	for _, p := range b.waiting {
		if n > 0 && (n >= b.opts.MessagesMax || bytes+len(p.item.body) > b.opts.BytesMax) {
			full = true
			break
		}
		n++
		bytes += len(p.item.body)
	}
	full = full || n >= b.opts.MessagesMax || bytes >= b.opts.BytesMax
	if n == 0 || !full && !ripe && b.hurried == 0 {
		return nil, n > 0
	}
	batch = b.waiting[:n:n]
	b.waiting = b.waiting[n:]
	b.hurried = max(b.hurried-n, 0)
	return batch, false
}

// finish tells those who wait for results or for room.
func (b *Batcher) finish(batch []*Pending) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range batch {
		b.held--
		b.bytes -= len(p.item.body)
		close(p.done)
	}
	close(b.room)
	b.room = make(chan struct{})
}
