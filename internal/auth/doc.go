// Package auth decides who may do what at the public door.
//
// A [Checker] makes a [Grant] of a signed token: a JWT (RFC 7519) in the compact form of JWS (RFC 7515), by
// the rules of RFC 8725. A [Hook] asks the application about a subscription. [Origins] tells from which web
// pages a browser may come.
//
// Everything that a loop calls (Verify, Ask, Allowed, the methods of a Grant) is pure computation under short
// locks: it never waits, reads no clock, does no input or output and logs nothing. What needs the network
// runs on goroutines that belong to Run of a Checker and of a Hook.
//
// The key decides the algorithm, never the token (RFC 8725 §3.1), and what is accepted is little on purpose:
// HS256, RS256, ES256 and EdDSA; no encryption, no extension, no key or address of a key within the token.
//
// Deliberately absent: requests and connections, channels that exist, the configuration, and the tokens of
// /sign, which are the hub's.
//
// Start with check.go, which has the checks in their order.
package auth
