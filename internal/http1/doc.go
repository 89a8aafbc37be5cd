// Package http1 is the server side of HTTP/1.0 and HTTP/1.1 on the wire: pure functions over byte
// slices that find, check and take apart requests and write the pieces of responses.
//
// It is strict where two readers of one request could disagree (line ends, lengths, transfer codings,
// Host) and lenient in one place only: the bytes of a query, since existing publishers send them raw.
//
// It deliberately does no I/O, starts no goroutine, keeps no time, knows no route and no channel, and
// allocates nothing as long as a request is good. Slices that it hands out point into the caller's
// buffer. Every error is an *Error with the status to answer; after any error the connection must be
// closed once the answer is written, because what follows on it cannot be trusted.
//
// Start with ScanHead, which finds the end of a request head in bytes that may still be arriving, then
// Parse, then Chunked if Request.Chunked says so. Params reads queries and forms. The Append functions
// write responses.
package http1
