// Package reliability checks the server on bad days: clients that come and go, that do not read, that send
// nothing, no descriptors left, a full disk, the end of the process at any moment.
//
// Every check is load that checks itself: each client verifies its own sequence of messages. Random
// choices come from a seed that is printed, and that -reliability.seed takes back. Checks are short by
// default; -reliability.duration and, for protocol v1, -reliability.v1 make the delivery checks as long as wanted, and
// -reliability.followers the one with reconnects as large. Checks that look at memory,
// descriptors or processor time talk to a server in a process of its own, built without the race
// detector. The checkers are checked too: a proxy with planted faults must turn them red.
//
// Deliberately absent: bad input, which is the business of the tests of http1 and httploop, and what a
// single room promises. Times are reported and never asserted, but for time-outs, where they are the
// point. Start at checker_test.go; what a client of v1 may expect is in place_test.go.
package reliability
