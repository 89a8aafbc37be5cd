// Package performance measures the server against the bare loops of icomettest/bare.
//
//	go test -run '^$' -bench . -benchtime 1x ./test/performance
//
// Speed is only ever a ratio to a bare loop of the same run; nothing here fails because a machine is slow.
// Start at push_test.go.
package performance
