package icomet

import "time"

// Position is a place in a channel: where to go on from. It is kept as JSON to resume after a
// restart.
type Position struct {
	// Epoch is the life of the channel that Seq belongs to, as the server named it.
	Epoch string `json:"epoch,omitempty"`
	// Seq is the number of the next message, which is the last one seen + 1. 0 is no position.
	Seq uint64 `json:"seq"`
}

// Start is where a subscription begins. The zero value is Live().
type Start struct {
	at    Position
	last  int
	since time.Time
}

// Live begins with what is published from now on.
func Live() Start { return Start{} }

// Last begins with the newest n messages that the server still keeps. 0 is Live().
func Last(n int) Start { return Start{last: max(n, 0)} }

// Since begins with the messages of t and later that the server still keeps, in whole seconds and
// never fewer than asked for.
func Since(t time.Time) Start { return Start{since: t} }

// At goes on from p. What was published since and is not kept any more is announced as a Gap. The zero
// Position is Live().
func At(p Position) Start { return Start{at: p} }
