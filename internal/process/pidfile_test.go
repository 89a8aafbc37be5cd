package process

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
)

func TestPidfileHoldsThePidWithoutNewline(t *testing.T) {
	path := filepath.Join(t.TempDir(), "icomet.pid")
	p, err := WritePidfile(path)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if want := strconv.Itoa(os.Getpid()); err != nil || string(text) != want {
		t.Errorf("got %q, %v, want %q", text, err, want)
	}
	if err := p.Remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file is still there: %v", err)
	}
	if err := p.Remove(); err != nil {
		t.Errorf("second Remove: %v", err)
	}
}

func TestStalePidfileDoesNotBlockTheStart(t *testing.T) {
	for name, text := range map[string]string{
		"dead process":             strconv.Itoa(deadPid(t)),
		"dead process, longer":     strconv.Itoa(deadPid(t)) + "        \n",
		"own pid, as in container": strconv.Itoa(os.Getpid()),
		"empty":                    "",
	} {
		t.Run(name, func(t *testing.T) {
			path := writePidText(t, text)
			if err := CheckPidfile(path); err != nil {
				t.Errorf("check: %v", err)
			}
			p, err := WritePidfile(path)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Remove()
			if got, err := os.ReadFile(path); string(got) != strconv.Itoa(os.Getpid()) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestPidfileOfALivingProcessRefusesTheStart(t *testing.T) {
	pid := livingChild(t)
	path := writePidText(t, strconv.Itoa(pid)+"\n")
	_, writeErr := WritePidfile(path)
	for _, err := range []error{CheckPidfile(path), writeErr} {
		var running *RunningError
		if !errors.As(err, &running) || running.Pid != pid || running.Path != path {
			t.Errorf("got %v", err)
		}
	}
	if text, err := os.ReadFile(path); string(text) != strconv.Itoa(pid)+"\n" {
		t.Errorf("the file was changed to %q, %v", text, err)
	}
}

func TestJunkInPidfileIsAnErrorAndLeftAlone(t *testing.T) {
	for _, text := range []string{"0", "-1", "+5", "12 13", "abc", "99999999999999999999", "root:x:0:0", "12\x00"} {
		path := writePidText(t, text)
		_, err := WritePidfile(path)
		if !errors.Is(err, ErrNotPid) || !errors.Is(CheckPidfile(path), ErrNotPid) {
			t.Errorf("%q: got %v", text, err)
		}
		if got, err := os.ReadFile(path); string(got) != text {
			t.Errorf("%q: the file was changed to %q, %v", text, got, err)
		}
	}
}

func TestOnlyOneOfManyStartsGetsThePidfile(t *testing.T) {
	path := writePidText(t, strconv.Itoa(deadPid(t)))
	var wg sync.WaitGroup
	won := make(chan *Pidfile, 20)
	for range cap(won) {
		wg.Go(func() {
			p, err := WritePidfile(path)
			var running *RunningError
			switch {
			case err == nil:
				won <- p
			case !errors.As(err, &running):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	close(won)
	if len(won) != 1 {
		t.Errorf("%d starts got the pidfile", len(won))
	}
	for p := range won {
		p.Remove()
	}
}

func TestRemoveLeavesThePidfileOfAnother(t *testing.T) {
	path := filepath.Join(t.TempDir(), "icomet.pid")
	p, err := WritePidfile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(writePidText(t, "1"), path); err != nil {
		t.Fatal(err)
	}
	if err := p.Remove(); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(path); string(text) != "1" {
		t.Errorf("got %q, %v", text, err)
	}
}

func TestPidfileProblemsOfTheSystemAreErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing", "icomet.pid")
	if _, err := WritePidfile(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if err := CheckPidfile(path); err != nil {
		t.Errorf("no pidfile was taken for a problem: %v", err)
	}
	if err := CheckPidfile(t.TempDir()); err == nil {
		t.Error("a folder was taken for a pidfile")
	}
}

func TestProcessThatNobodyHasWaitedForIsNotAlive(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("SKIPPED: no /proc on this system")
	}
	c := exec.Command("true")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(out); err != nil { // until it has ended
		t.Fatal(err)
	}
	for isAlive := true; isAlive; {
		isAlive = alive(c.Process.Pid, syscall.Kill)
	}
	if err := syscall.Kill(c.Process.Pid, 0); err != nil {
		t.Fatalf("the process is gone altogether: %v", err)
	}
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
}
