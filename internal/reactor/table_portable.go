//go:build !linux || portable

package reactor

import "runtime"

// canPrivateTables: tables of descriptors are shared by all threads.
const canPrivateTables = false

// connsAtMost bounds the connections where the system's own limit is not asked for.
const connsAtMost = 1 << 16

func defaultLoops() int { return runtime.GOMAXPROCS(0) }

// descriptorLimit is how many descriptors the process may have. The Go runtime raises the soft limit
// by itself; when the system has none left, accepting fails and is tried again.
func descriptorLimit() (int, error) { return connsAtMost, nil }

// readyRuntime has nothing to do: whoever opens sockets uses the runtime.
func readyRuntime() {}

// inheritedDescriptors and takePrivateTable belong to private tables, which are never asked for here.
func inheritedDescriptors() []int { return nil }

func takePrivateTable([]int) error { return nil }

// goLocked runs f on a goroutine of its own.
func goLocked(f func()) { go f() }
