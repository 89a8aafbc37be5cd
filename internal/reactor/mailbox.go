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

// post adds m, and wakes the loop if it sleeps.
//
// wake is called with the lock held: so it is over before close returns, and what it writes to can be
// closed after that without a late wake-up going to whatever has that descriptor next.
func (b *mailbox) post(m Mail, wake func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	b.mail = append(b.mail, m)
	b.length.Add(1)
	if b.sleeping.CompareAndSwap(true, false) {
		wake()
	}
}

// take returns all mail and leaves empty, whose content has been dealt with, in its place.
func (b *mailbox) take(empty []Mail) []Mail {
	if b.length.Load() == 0 {
		return empty[:0]
	}
	if cap(empty) > mailboxKeep {
		empty = nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	mail := b.mail
	b.mail = empty[:0]
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

// close drops what has not been handed out, and all that is posted from now on.
func (b *mailbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed, b.mail = true, nil
	b.length.Store(0)
}
