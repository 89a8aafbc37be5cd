// Package delivery turns messages into the bytes that subscribers read: one [Encoder] for each kind of
// subscription, and the JSON text that they share.
//
// Whatever a publisher sends, what comes out is valid JSON, JSONP, HTML or an event: [AppendContent] makes any
// bytes the inside of a JSON string once, when they are published; names are escaped where they are
// written; and the kinds that put JSON into a script write "<" and the line separators of old
// JavaScript as escapes.
//
// Deliberately absent: sockets, routes, and the framing of HTTP (chunks), which depends on the
// connection. Start at [Encoder].
package delivery
