package reactor

import (
	"sync"
	"sync/atomic"
)

// mailboxKeep is the capacity, in pieces of mail, that a mailbox keeps after a burst.
const mailboxKeep = 1024

// mailbox is the way from other goroutines into a loop.
type mailbox struct {
	mu     sync.Mutex
	mail   []Mail // guarded by mu
	closed bool   // guarded by mu; the loop has ended

	length   atomic.Int64 // pieces posted and not yet handled
	sleeping atomic.Bool  // the loop waits for events, or is about to
}

// post adds m, and tells whether the loop sleeps and must be woken.
func (b *mailbox) post(m Mail) (wake bool) {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return false
	}
	b.mail = append(b.mail, m)
	b.length.Add(1)
	b.mu.Unlock()
	return b.sleeping.CompareAndSwap(true, false)
}

// take returns all mail and leaves empty, the slice of the turn before, in its place.
func (b *mailbox) take(empty []Mail) []Mail {
	if b.length.Load() == 0 {
		return empty[:0]
	}
	if cap(empty) > mailboxKeep {
		empty = nil
	}
	clear(empty)
	b.mu.Lock()
	mail := b.mail
	b.mail = empty[:0]
	b.mu.Unlock()
	return mail
}

// sleep announces that the loop is about to wait. It is false when there is mail after all.
func (b *mailbox) sleep() bool {
	b.sleeping.Store(true)
	if b.length.Load() == 0 {
		return true
	}
	b.sleeping.Store(false)
	return false
}

func (b *mailbox) awake() { b.sleeping.Store(false) }

func (b *mailbox) close() {
	b.mu.Lock()
	b.closed, b.mail = true, nil
	b.mu.Unlock()
}
