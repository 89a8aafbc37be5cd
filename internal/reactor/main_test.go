package reactor

import (
	"fmt"
	"net"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain also is the entry of the processes that some tests start; see child_linux_test.go.
func TestMain(m *testing.M) {
	if runChild() {
		return
	}
	// The runtime's poller stays once it is there.
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		l.Close()
	}
	before := openFiles()
	code := m.Run()
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if after := openFiles(); after > before {
		fmt.Fprintf(os.Stderr, "%d descriptors were open before the tests, %d are after\n", before, after)
		code = 1
	}
	os.Exit(code)
}

// openFiles is how many descriptors the process has open; 0 where that cannot be seen.
func openFiles() int {
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(names)
}
