// Package bench loads a push server with subscribers and publishers and measures it: `icomet bench`.
//
// A [Crowd] is the subscribers and publishers of one target. They live on loops of package reactor, with
// descriptor tables of their own, so that a million of them need neither a million goroutines nor another
// ulimit: an idle subscriber is a record of 32 bytes besides its connection. Every subscriber checks
// the numbers that the publishers put into the messages, so that a message that is lost, doubled or out
// of order is found whatever the server says about itself.
//
// [Options.Run] takes a target through the steps of a run and fills a [Result], which has three forms: text
// tables, JSON, and one self-contained page of HTML. [Million] is iComet's own published experiment.
//
// Deliberately absent: TLS, machines other than this one for the figures of a process, and any knowledge of
// how the server works inside; what is measured is what /proc and the sockets show. Start at [Options].
package bench
