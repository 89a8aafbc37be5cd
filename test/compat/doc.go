// Package compat holds the server to what clients of iComet 0.2.5 see: recorded conversations, byte for
// byte, and clients that read the way the known ones do.
//
// A conversation is a script of requests in testdata with the answers below each. An answer stands there
// as it came, one header line a line, then a line for each chunk; what differs in every run (dates, tokens) is
// masked. A case that departs from the original on purpose names the defect that it repairs: "repairs 13.12"
// is number 12 of section 13 in docs/compatibility.md. After a change that is meant,
//
//	go test ./test/compat -update
//
// writes the answers anew, and the diff shows what an existing client will notice.
//
// Deliberately absent: knowledge of the server's inside, load, and bad days. Start at script_test.go, then
// read testdata.
package compat
