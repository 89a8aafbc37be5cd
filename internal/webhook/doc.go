// Package webhook tells an application by HTTP who comes and goes: the hub's events, in signed batches.
//
// [Hook.Hear] only appends to a bounded queue, since the hub calls it with a lock held; [Hook.Run] posts on a
// goroutine of its own, one batch after the other, so that events arrive in their order. A batch that fails is
// tried again, with growing pauses. When the queue is full the oldest events are dropped, and the next batch
// says how many.
//
// Deliberately absent: what the events mean, and any state that outlives the process. Start at [Hook].
package webhook
