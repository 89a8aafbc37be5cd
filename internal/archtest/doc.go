// Package archtest holds the rules of the house as tests: which room may import which, where system
// calls and third-party libraries live, what the core must do without, and what tests must not do.
//
// Every failure says what the rule is for. Every rule is itself tested with sources that break it.
//
// Deliberately absent: code that anybody could import. Start at rooms_test.go, the table of arrows.
package archtest
