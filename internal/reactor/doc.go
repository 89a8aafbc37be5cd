// Package reactor moves bytes between connections and handlers on event loops.
//
// A [Group] runs a number of loops. Each [Loop] is one goroutine that is locked to its operating
// system thread, with its own poller, its own listening sockets, its own connections, its own
// deadlines and its own [Mail]. A connection belongs to the loop that accepted or dialled it for all
// its life; nothing else touches it. Everybody else posts mail to the loop.
//
// An idle connection is one record of 32 bytes without pointers, and four bytes in the loop's table of
// descriptors. It owns no goroutine, no buffer and no timer: bytes are read into a buffer that the
// whole loop shares, only what a handler leaves over is kept, and equal timeouts share one list in
// order of expiry.
//
// On Linux a loop waits with epoll and talks to the kernel without a detour through the Go scheduler.
// Where [Options.PrivateTables] asks for it, each loop's thread has a table of file descriptors of its
// own, since the limit on descriptors (RLIMIT_NOFILE) holds for a table, not for a process. On other
// systems, and with the build tag portable, a driver with goroutines stands in for the poller, for
// development: an idle connection costs two goroutines there.
//
// Code that runs on a loop's thread (every method of a [Handler]) must never block, and must never use
// a descriptor that was not made by the loop: no os.File, no net.Conn, no logger that writes by itself.
// In a private table such a number may mean another connection.
//
// Deliberately absent: requests, channels, protocols. Start reading at [Handler], then loop.go.
package reactor
