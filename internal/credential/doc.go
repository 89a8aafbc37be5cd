// Package credential is `icomet token`, which makes a signed token for tests by hand, and `icomet explain`,
// which says step by step whether a token gives access and why not.
//
// Both take their keys from the command line or from the configuration of a server, so that what is explained
// is what that server would do.
//
// Deliberately absent: the checks themselves, which are in package auth, and a running server.
//
// Start at [Main].
package credential
