//go:build !linux || portable

package reactor

// runChild has nothing to do here: the tests that need a process of their own are about Linux.
func runChild() bool { return false }
