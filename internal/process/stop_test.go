package process

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const fakePid = 4242

// fakeSystem is a machine with one process, fakePid.
type fakeSystem struct {
	t       *testing.T
	dead    bool
	refuse  error // what a SIGTERM meets
	signals []syscall.Signal
	slept   time.Duration
	// onSleep is called before each pause ends.
	onSleep func()
}

func (f *fakeSystem) env() StopEnv {
	return StopEnv{Kill: f.kill, Sleep: func(d time.Duration) {
		f.slept += d
		if f.onSleep != nil {
			f.onSleep()
		}
	}}
}

func (f *fakeSystem) kill(pid int, sig syscall.Signal) error {
	if pid != fakePid {
		f.t.Errorf("signal %v for process %d", sig, pid)
	}
	switch {
	case f.dead:
		return syscall.ESRCH
	case sig == 0:
		return nil
	}
	f.signals = append(f.signals, sig)
	return f.refuse
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func TestStopWaitsUntilThePidfileIsGone(t *testing.T) {
	path := writePidText(t, strconv.Itoa(fakePid))
	f := &fakeSystem{t: t}
	f.onSleep = func() {
		if f.slept == 3*stopPoll {
			os.Remove(path)
		}
	}
	result, err := StopServer(path, time.Minute, f.env())
	if err != nil || !result.WasRunning || result.Pid != fakePid {
		t.Errorf("got %+v, %v", result, err)
	}
	if len(f.signals) != 1 || f.signals[0] != syscall.SIGTERM || f.slept != 3*stopPoll {
		t.Errorf("signals %v, slept %v", f.signals, f.slept)
	}
	if got := result.String(); got != "process 4242 stopped" {
		t.Error(got)
	}
}

func TestStopRemovesWhatAServerLeavesThatDiesOnTheWay(t *testing.T) {
	path := writePidText(t, strconv.Itoa(fakePid))
	f := &fakeSystem{t: t}
	f.onSleep = func() { f.dead = true }
	result, err := StopServer(path, time.Minute, f.env())
	if err != nil || !result.WasRunning || exists(path) {
		t.Errorf("got %+v, %v, pidfile there: %v", result, err, exists(path))
	}
}

func TestStopOfADeadServerRemovesThePidfile(t *testing.T) {
	path := writePidText(t, strconv.Itoa(fakePid))
	f := &fakeSystem{t: t, dead: true}
	result, err := StopServer(path, time.Minute, f.env())
	if err != nil || result.WasRunning || exists(path) || f.slept != 0 {
		t.Errorf("got %+v, %v, pidfile there: %v, slept %v", result, err, exists(path), f.slept)
	}
	if got := result.String(); got != "process 4242 was not running, removed its pidfile" {
		t.Error(got)
	}
}

func TestStopLeavesThePidfileOfANewServer(t *testing.T) {
	path := writePidText(t, strconv.Itoa(fakePid))
	f := &fakeSystem{t: t}
	f.onSleep = func() { os.WriteFile(path, []byte("7"), 0o600) }
	if _, err := StopServer(path, time.Minute, f.env()); err != nil {
		t.Error(err)
	}
	if !exists(path) || f.slept != stopPoll {
		t.Errorf("pidfile there: %v, slept %v", exists(path), f.slept)
	}
}

func TestStopGivesUpAtItsLimit(t *testing.T) {
	path := writePidText(t, strconv.Itoa(fakePid))
	f := &fakeSystem{t: t}
	_, err := StopServer(path, time.Second, f.env())
	if err == nil || !strings.Contains(err.Error(), "4242 got the signal but still runs after 1s") {
		t.Errorf("got %v", err)
	}
	if f.slept != time.Second || len(f.signals) != 1 || !exists(path) {
		t.Errorf("slept %v, signals %v, pidfile there: %v", f.slept, f.signals, exists(path))
	}
}

func TestStopTellsThatItMayNotSignal(t *testing.T) {
	path := writePidText(t, strconv.Itoa(fakePid))
	f := &fakeSystem{t: t, refuse: syscall.EPERM}
	if _, err := StopServer(path, time.Second, f.env()); !errors.Is(err, syscall.EPERM) || f.slept != 0 {
		t.Errorf("got %v, slept %v", err, f.slept)
	}
}

func TestStopNeverSignalsWithoutAProperPid(t *testing.T) {
	for _, text := range []string{"", "\n", "0", "-1", "-4242", "4242x", "junk", "4294967297"} {
		f := &fakeSystem{t: t}
		_, err := StopServer(writePidText(t, text), time.Second, f.env())
		if err == nil || !strings.HasPrefix(err.Error(), "could not read pidfile: ") || len(f.signals) > 0 {
			t.Errorf("%q: got %v, signals %v", text, err, f.signals)
		}
		if errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: passes for no pidfile", text)
		}
	}
}

func TestStopOfItselfIsRefused(t *testing.T) {
	f := &fakeSystem{t: t}
	_, err := StopServer(writePidText(t, strconv.Itoa(os.Getpid())), time.Second, f.env())
	if err == nil || len(f.signals) > 0 {
		t.Errorf("got %v, signals %v", err, f.signals)
	}
}

func TestStopWithoutPidfileIsNotExist(t *testing.T) {
	for _, path := range []string{"", filepath.Join(t.TempDir(), "none")} {
		_, err := StopServer(path, time.Second, (&fakeSystem{t: t}).env())
		if !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "could not read pidfile: ") {
			t.Errorf("%q: got %v", path, err)
		}
	}
}

func TestStopOfARealProcess(t *testing.T) {
	path := writePidText(t, strconv.Itoa(deadPid(t)))
	result, err := StopServer(path, time.Second, System())
	if err != nil || result.WasRunning || exists(path) {
		t.Errorf("got %+v, %v", result, err)
	}
}
