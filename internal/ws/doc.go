// Package ws is WebSocket on event loops (RFC 6455, with permessage-deflate of RFC 7692): pure functions and
// one small state machine over byte slices, thin over github.com/gobwas/ws.
//
// A connection with nothing under way owns nothing here: no buffer, no Reader, no window of a compressor.
// Only a message that has begun and not ended has a Reader of its own, whose memory is bounded by
// Options.MessageBytesMax. Compression keeps no context from one message to the next.
//
// It deliberately does no I/O, starts no goroutine, keeps no time, and knows no route, no channel and no
// command. What it finds wrong it says as a *Refusal (before the upgrade) or an *Error with the close code
// (after it); to answer and to close is the caller's part. Frames may be unmasked where they lie.
//
// Start with Check and AppendUpgrade, then Reader.Next for what comes in and the Append functions for what
// goes out. Client code uses AppendMasked, and a Reader with Options.Client.
package ws
