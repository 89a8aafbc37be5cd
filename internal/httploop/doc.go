// Package httploop serves HTTP/1 on the connections of reactor loops.
//
// It finds requests in what arrives, answers bad ones, keeps connections alive, keeps answers to
// pipelined requests in order, and holds each phase of a request to its time. What a request means is
// left to a [Service], one for each door and loop: it answers at once through the [Exchange], or holds
// the exchange and answers later from the same loop. Any http.Handler can be mounted through
// [Exchange.Bridge], which runs it on a goroutine of its own.
//
// Everything here runs on a loop's goroutine, but for the bridge's own. An idle connection has no state
// here besides the eight bits in its record.
//
// Deliberately absent: routes, channels, message formats. Start at [Handler.Data], then exchange.go.
package httploop
