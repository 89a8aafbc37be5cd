// Package hub is the core: channels, messages and their numbers, history, tokens, counts of
// subscribers, members, presence, limits and expiry.
//
// A channel is a packed record without pointers in one of a fixed number of shards, each with a mutex
// of its own. An idle channel costs its record and a slot of an index, about a hundred bytes, and no
// object on the Go heap. A [Hub] does not know subscribers one by one: it counts them for each
// channel and remembers which sinks (one for each loop) have any. A published message goes once to
// each such [Sink], and the loop behind it finds its own subscribers.
//
// Deliberately absent: HTTP, JSON, descriptors, goroutines, logging and the clock. Time comes in as
// whole seconds of a monotonic clock, content as the text that goes between the quotes of a JSON
// string, and whoever wants something done later calls [Hub.Tick].
//
// Lock order: a sink, a watcher and the listener are called with one shard locked, so they only queue and never
// call back. No two shards are ever locked together.
//
// Start with [Hub.Publish] and [Hub.Subscribe]; the record is in channel.go, the rules of expiry in
// expire.go, those of members in member.go.
package hub
