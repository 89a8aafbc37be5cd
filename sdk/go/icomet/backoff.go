package icomet

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff is the growing wait between tries. The zero value of tries is the first one.
type backoff struct {
	first, most time.Duration
	tries       int
}

// next is the wait ahead of the next try: twice the former one, up to most, and of that between a
// half and all, so that many clients that were cut off together do not come back together.
func (b *backoff) next() time.Duration {
	d := b.most
	if shift := b.tries; shift < 32 && b.first<<shift>>shift == b.first && b.first<<shift < b.most {
		d = b.first << shift
	}
	b.tries++
	return d/2 + rand.N(d/2+1)
}

// wait returns when d has passed, or early with the cause when ctx is done.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
