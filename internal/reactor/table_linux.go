package reactor

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// canPrivateTables: a thread may leave the descriptor table of its process (unshare(2), CLONE_FILES).
const canPrivateTables = true

func defaultLoops() int { return runtime.GOMAXPROCS(0) }

// descriptorLimit raises the soft limit on descriptors to the hard one, and returns it.
func descriptorLimit() (int, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("reactor: getrlimit: %w", err)
	}
	if limit.Cur < limit.Max {
		limit.Cur = limit.Max
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			return 0, fmt.Errorf("reactor: setrlimit: %w", err)
		}
	}
	return int(min(limit.Cur, 1<<30)), nil
}

// inheritedDescriptors returns the descriptors that private tables keep, in ascending order: the
// standard streams, the pollers and the wake-ups.
//
// Any thread, also one with a table of its own, can be asked by the Go runtime to poll, so the
// runtime's poller must exist before the first table is split off and keep its number in all of
// them. Opening a listener makes sure that it exists.
func inheritedDescriptors() []int {
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		l.Close()
	}
	// The caller's thread shares the process's table; that of the main thread, which /proc/self shows,
	// belongs to whoever is locked to it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	names, err := os.ReadDir(ownTable)
	if err != nil {
		return nil
	}
	var keep []int
	for _, name := range names {
		fd, err := strconv.Atoi(name.Name())
		if err == nil && (fd <= 2 || keepsNumber(fd)) {
			keep = append(keep, fd)
		}
	}
	return keep
}

// ownTable lists the descriptors of the calling thread.
const ownTable = "/proc/thread-self/fd"

func keepsNumber(fd int) bool {
	target, err := os.Readlink(ownTable + "/" + strconv.Itoa(fd))
	return err == nil && (strings.HasSuffix(target, "[eventpoll]") || strings.HasSuffix(target, "[eventfd]"))
}

// goLocked runs f on a goroutine that is locked to a thread of its own, which ends with f. The main
// thread is left out: it cannot end, and what it holds counts as the process's own to others.
func goLocked(f func()) {
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() != unix.Getpid() {
			f()
			return
		}
		started := make(chan struct{})
		go func() { // not on the main thread, which is taken until this has started
			runtime.LockOSThread()
			close(started)
			f()
		}()
		<-started
		runtime.UnlockOSThread()
	}()
}

// takePrivateTable gives the calling thread, which must be locked to its goroutine, a descriptor
// table of its own that holds only keep.
func takePrivateTable(keep []int) error {
	if len(keep) == 0 {
		return fmt.Errorf("private descriptor tables need /proc")
	}
	if err := unix.Unshare(unix.CLONE_FILES); err != nil {
		return fmt.Errorf("unshare: %w", err)
	}
	next := 0
	kept := map[int]bool{}
	highest := 0
	for _, fd := range keep {
		kept[fd] = true
		highest = max(highest, fd)
	}
	for ; next <= highest; next++ {
		if !kept[next] {
			unix.Close(next)
		}
	}
	if err := unix.CloseRange(uint(next), ^uint(0)>>1, 0); err != nil {
		return fmt.Errorf("close_range: %w", err)
	}
	return nil
}
