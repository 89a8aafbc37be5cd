package icomettest

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// Main runs the tests of a package, for its TestMain, and fails them if they leave goroutines or
// descriptors behind. It returns the exit code.
func Main(m *testing.M) int {
	before := descriptors()
	code := m.Run()
	RemoveBinary()
	http.DefaultClient.CloseIdleConnections()
	if code != 0 {
		return code
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var left []string
	if !Within(patience, func() bool { left = added(before, descriptors()); return len(left) == 0 }) {
		fmt.Fprintf(os.Stderr, "descriptors left behind: %v\n", left)
		return 1
	}
	return 0
}

// descriptors are the open sockets, pipes and files of the process, by number; none where they cannot be
// listed. What the Go runtime keeps for good, its poller, is left out.
func descriptors() map[string]string {
	const folder = "/proc/self/fd"
	names, _ := os.ReadDir(folder)
	open := map[string]string{}
	for _, n := range names {
		target, err := os.Readlink(folder + "/" + n.Name())
		if err == nil && !strings.HasPrefix(target, "anon_inode:") && !strings.HasPrefix(target, "/proc/") {
			open[n.Name()] = target
		}
	}
	return open
}

func added(before, after map[string]string) (list []string) {
	for number, target := range after {
		if before[number] == "" {
			list = append(list, number+" "+target)
		}
	}
	return list
}

// Within looks at a condition every few milliseconds until it holds, and tells whether it did in time.
func Within(limit time.Duration, holds func() bool) bool {
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for !holds() {
		select {
		case <-look.C:
		case <-deadline.C:
			return holds()
		}
	}
	return true
}

// AwaitSubscribers waits until the server counts so many subscribers.
func (s *Server) AwaitSubscribers(t testing.TB, n int64) {
	t.Helper()
	if !Within(patience, func() bool { return s.Subscribers() == n }) {
		t.Fatalf("%d subscribers, want %d", s.Subscribers(), n)
	}
}
