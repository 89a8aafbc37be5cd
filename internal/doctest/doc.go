// Package doctest holds the documents and the code together: tables that are generated from the code are
// current, every endpoint, metric, key and library is written about, commands in the manual print what
// the manual says, links lead somewhere, and both READMEs show the same commands.
//
// With -update the generated parts and the output of commands are written anew; `make docs` does that.
//
// Deliberately absent: taste. Start at session_test.go, which runs the manual's examples.
package doctest
