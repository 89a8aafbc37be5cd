package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"
)

const stopPoll = 100 * time.Millisecond

// StopEnv is what stopping a server needs from the system.
type StopEnv struct {
	// Kill sends a signal; signal 0 only asks whether the process exists.
	Kill func(pid int, sig syscall.Signal) error
	// Sleep pauses between two looks.
	Sleep func(time.Duration)
}

// System is the StopEnv of the machine.
func System() StopEnv { return StopEnv{Kill: syscall.Kill, Sleep: time.Sleep} }

// StopResult says how a stop went.
type StopResult struct {
	// Pid is the process that the pidfile named.
	Pid int
	// WasRunning is false when that process did not exist and only its pidfile was removed.
	WasRunning bool
}

// String is a sentence for the operator.
func (r StopResult) String() string {
	if !r.WasRunning {
		return fmt.Sprintf("process %d was not running, removed its pidfile", r.Pid)
	}
	return fmt.Sprintf("process %d stopped", r.Pid)
}

// StopServer sends SIGTERM to the process that the pidfile names, and waits until the pidfile or the
// process is gone, but no longer than limit, counted in pauses. A pidfile that a dead process left is
// removed.
//
// If path is "" or there is no file the error wraps fs.ErrNotExist, which a restart takes for "not
// running". A file without a proper pid is an error, and no signal is sent.
func StopServer(path string, limit time.Duration, env StopEnv) (StopResult, error) {
	pid, err := readPidfile(path)
	if err != nil {
		return StopResult{}, fmt.Errorf("could not read pidfile: %w", err)
	}
	result := StopResult{Pid: pid}
	if pid == os.Getpid() {
		return result, fmt.Errorf("the pidfile %s names this very process", path)
	}
	switch err := env.Kill(pid, syscall.SIGTERM); {
	case errors.Is(err, syscall.ESRCH):
		return result, removeLeft(path, pid)
	case err != nil:
		return result, fmt.Errorf("process: signal %d: %w", pid, err)
	}
	result.WasRunning = true
	return result, awaitEnd(path, pid, limit, env)
}

func readPidfile(path string) (int, error) {
	if path == "" {
		return 0, fmt.Errorf("the configuration has no pidfile: %w", fs.ErrNotExist)
	}
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	pid, err := readPid(f)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	return pid, nil
}

func awaitEnd(path string, pid int, limit time.Duration, env StopEnv) error {
	for waited := time.Duration(0); ; waited += stopPoll {
		if named, err := readPidfile(path); errors.Is(err, fs.ErrNotExist) || err == nil && named != pid {
			return nil
		}
		if !alive(pid, env.Kill) {
			return removeLeft(path, pid)
		}
		if waited >= limit {
			return fmt.Errorf("process %d got the signal but still runs after %s", pid, limit)
		}
		env.Sleep(stopPoll)
	}
}

// removeLeft removes the pidfile of a dead process, unless it names another one by now.
func removeLeft(path string, pid int) error {
	if named, err := readPidfile(path); err != nil || named != pid {
		return nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("process: pidfile: %w", err)
	}
	return nil
}
