//go:build linux && !portable

package reactor

import (
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"runtime"
	"slices"
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

// readyRuntime makes sure that the Go runtime has its poller, by opening a listener: it makes it when it
// first needs it, and ends the process if there is no descriptor left for that.
func readyRuntime() {
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		l.Close()
	}
}

// inheritedDescriptors returns the descriptors that private tables keep, in ascending order: the
// standard streams, the pollers and the wake-ups.
//
// Any thread, also one with a table of its own, can be asked by the Go runtime to poll, so the
// runtime's poller must exist before the first table is split off (see readyRuntime) and keep its number
// in all of them.
func inheritedDescriptors() []int {
	// The caller's thread shares the process's table; that of the main thread, which /proc/self shows,
	// belongs to whoever is locked to it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	open, err := openDescriptors()
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(open, func(fd int) bool { return fd > 2 && !keepsNumber(fd) })
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
// table of its own that holds only keep, which is in ascending order.
func takePrivateTable(keep []int) error {
	if len(keep) == 0 {
		return errors.New("private descriptor tables need /proc")
	}
	if err := unix.Unshare(unix.CLONE_FILES); err != nil {
		return fmt.Errorf("unshare: %w", err)
	}
	next := 0
	for _, fd := range keep {
		for ; next < fd; next++ {
			unix.Close(next)
		}
		next = fd + 1
	}
	return closeFrom(next)
}

// closeFrom closes all descriptors of the calling thread from first on.
func closeFrom(first int) error {
	if unix.CloseRange(uint(first), math.MaxInt32, 0) == nil {
		return nil
	}
	// Before Linux 5.9, or where a container's rules are older than that.
	open, err := openDescriptors()
	for _, fd := range open {
		if fd >= first {
			unix.Close(fd)
		}
	}
	return err
}

// openDescriptors returns the descriptors of the calling thread's table, in ascending order. One of
// them was that of the directory and is closed again.
func openDescriptors() ([]int, error) {
	names, err := os.ReadDir(ownTable)
	if err != nil {
		return nil, err
	}
	var open []int
	for _, name := range names {
		if fd, err := strconv.Atoi(name.Name()); err == nil {
			open = append(open, fd)
		}
	}
	slices.Sort(open)
	return open, nil
}
