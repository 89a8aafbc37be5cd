//go:build race || !unix

package slab

// newChunk takes the records from the Go heap, so that the race detector, which knows nothing of
// mapped memory, watches them in tests.
func newChunk[T any](n int) []T { return make([]T, n) }

func freeChunk[T any]([]T) {}

func forgetTail[T any]([]T, int) {}
