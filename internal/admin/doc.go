// Package admin is the private door: applications publish here, and ask about channels.
//
// A [Door] is one loop's part of it. It runs on the same loops as the public door, since publishing is
// a hot path. Requests that take long are answered later: a broadcast is done elsewhere, and a batch of
// messages in steps between which others get their turn. Any http.Handler can be mounted beside the routes.
//
// Deliberately absent: subscribers, descriptors, and who may connect at all, which is the listening
// address's business. Start at [Door.Serve].
package admin
