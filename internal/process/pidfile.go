package process

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	pidfileMode = 0o644
	// pidfileBytesMax is more than any pid takes with blanks around it.
	pidfileBytesMax = 64
	// takeTriesMax bounds how often a pidfile may be removed by its owner while we lock it.
	takeTriesMax = 10
)

// ErrNotPid is returned when a pidfile holds something that is no process id.
var ErrNotPid = errors.New("the file holds no process id")

var errEmpty = errors.New("the file is empty")

// RunningError is returned when the pidfile belongs to a process that is alive.
type RunningError struct {
	Path string
	Pid  int // 0 when the owner has not written it yet
}

func (e *RunningError) Error() string {
	if e.Pid == 0 {
		return fmt.Sprintf("the pidfile %s is locked by a process that is about to start or to end", e.Path)
	}
	return fmt.Sprintf("the pidfile %s belongs to process %d, which is running; stop it, or remove the file if that is another program", e.Path, e.Pid)
}

// Pidfile is a pidfile that this process owns: its pid in decimal, without a newline as in iComet. It is
// locked, so that of two servers that start at a time only one gets it.
type Pidfile struct {
	path string
	file *os.File
}

// CheckPidfile returns a [RunningError] if the pidfile at path belongs to a running process, and nil if
// there is none or if it is stale. Content that is no process id is ErrNotPid. It is for a start to be refused before anything is opened;
// WritePidfile is what counts.
func CheckPidfile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("process: pidfile: %w", err)
	}
	defer f.Close()
	return refuseOwner(f)
}

// WritePidfile makes path the pidfile of this process. It is to be called after the ports are bound, and
// Remove at the very end. A file that a dead process left is taken over, as is one that holds junk.
//
// The error is a [RunningError] or one of the system.
func WritePidfile(path string) (*Pidfile, error) {
	f, err := lockPidfile(path)
	if err != nil {
		return nil, err
	}
	if err := writePid(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("process: pidfile: %w", err)
	}
	return &Pidfile{path: path, file: f}, nil
}

// Remove removes the file, unless somebody has put another in its place, and gives up the lock. Only the
// first call does something.
func (p *Pidfile) Remove() error {
	if p.file == nil {
		return nil
	}
	f := p.file
	p.file = nil
	defer f.Close()
	if !stillAt(p.path, f) {
		return nil
	}
	if err := os.Remove(p.path); err != nil {
		return fmt.Errorf("process: pidfile: %w", err)
	}
	return nil
}

// lockPidfile opens and locks the file at path. Between the two its owner may remove it; then the lock is
// on a file without a name, and another try is due.
func lockPidfile(path string) (*os.File, error) {
	for range takeTriesMax {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, pidfileMode)
		if err != nil {
			return nil, fmt.Errorf("process: pidfile: %w", err)
		}
		if err := refuseOwner(f); err != nil {
			f.Close()
			return nil, err
		}
		if stillAt(path, f) {
			return f, nil
		}
		f.Close()
	}
	return nil, fmt.Errorf("process: pidfile: %s does not stay in place", path)
}

// refuseOwner locks f and returns a RunningError if somebody else has the lock, or if a living process
// that does not lock its pidfile, such as iComet 0.2.5, is named in it.
func refuseOwner(f *os.File) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	held := errors.Is(err, unix.EWOULDBLOCK)
	pid, err := readPid(f)
	switch {
	// Other errors of flock mean a file system without locks; there the pid alone has to do.
	case held, err == nil && pid != os.Getpid() && alive(pid, syscall.Kill):
		return &RunningError{Path: f.Name(), Pid: pid}
	case err != nil && !errors.Is(err, errEmpty):
		return fmt.Errorf("process: pidfile %s: %w", f.Name(), err)
	}
	return nil
}

func stillAt(path string, f *os.File) bool {
	named, err := os.Stat(path)
	if err != nil {
		return false
	}
	opened, err := f.Stat()
	return err == nil && os.SameFile(named, opened)
}

func writePid(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt(strconv.AppendInt(nil, int64(os.Getpid()), 10), 0)
	return err
}

// readPid reads a pid and nothing else; 0 and negative numbers, which kill takes for process groups, are
// refused like any junk.
func readPid(r io.Reader) (int, error) {
	text, err := io.ReadAll(io.LimitReader(r, pidfileBytesMax))
	if err != nil {
		return 0, err
	}
	word := strings.TrimSpace(string(text))
	if word == "" {
		return 0, errEmpty
	}
	pid, err := strconv.ParseInt(word, 10, 32)
	if err != nil || pid <= 0 || word[0] == '+' {
		return 0, fmt.Errorf("%w, it begins with %.20q", ErrNotPid, word)
	}
	return int(pid), nil
}

// alive says whether there is a process with that id, be it ours or not. One that has ended and waits for its
// parent to ask how is not.
func alive(pid int, kill func(int, syscall.Signal) error) bool {
	err := kill(pid, 0)
	return (err == nil || errors.Is(err, syscall.EPERM)) && !isZombie(pid)
}

// isZombie asks /proc; without it nothing is a zombie. The state stands behind the command, which is in
// parentheses and may hold any byte (proc_pid_stat(5)).
func isZombie(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	state := bytes.TrimSpace(stat[bytes.LastIndexByte(stat, ')')+1:])
	return len(state) > 0 && state[0] == 'Z'
}
