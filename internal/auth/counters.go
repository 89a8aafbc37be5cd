package auth

import "sync/atomic"

// Counters of a [Checker] only grow. They may be read at any time.
type Counters struct {
	// Hits are tokens whose verdict was known, Misses those that were looked at.
	Hits, Misses atomic.Uint64
	// Accepted and Refused are verdicts given, known ones included.
	Accepted atomic.Uint64
	Refused  [Reasons]atomic.Uint64
	// Pending are tokens that were told to come back, since a key set was being fetched.
	Pending atomic.Uint64
	// Refreshes and RefreshFailures are fetches of the key set.
	Refreshes, RefreshFailures atomic.Uint64
}
