// Package demo is what the public door serves when the server was started without a configuration: the pages of
// package web, the JavaScript clients, and the server's side of three demos.
//
//   - Chat: anybody publishes to rooms, by WebSocket or here by POST, and asks here who is in one.
//   - Chart: points for a channel, as long as it has subscribers.
//   - Tokens: a text word by word on a channel of its own, as from a language model.
//
// Anybody who reaches the public door can use them, so all that they do has a bound, named below or in the file of
// the demo. A demo that nobody looks at costs nothing.
//
// Deliberately absent: the configuration that the demos need, which server makes of the constants here, and
// everything of servers that have a configuration. Start at demo.go.
package demo
