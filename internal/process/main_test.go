package process

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// childWord as first argument makes the test binary a child process that does what the second one says.
const childWord = "as-child"

func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == childWord {
		os.Exit(runChild(os.Args[2], os.Args[3:]))
	}
	// With the race detector a process pauses for a second at its end unless told otherwise.
	os.Setenv("GORACE", "atexit_sleep_ms=0")
	goleak.VerifyTestMain(m)
}

func runChild(role string, args []string) int {
	switch role {
	case "end":
		return 0
	case "wait for end of input":
		fmt.Println("started")
		io.Copy(io.Discard, os.Stdin)
		return 0
	case "ready":
		parent := Adopt()
		if err := os.WriteFile(args[0], []byte(childFacts(parent)), 0o600); err != nil {
			return 1
		}
		if parent.Ready() != nil {
			return 1
		}
		return 0
	case "fail":
		Adopt().Fail(errors.New("port 8100 is taken\nby somebody"))
		return 1
	case "die":
		Adopt()
		return 3
	case "hang":
		Adopt()
		<-NotifySignals().Stop
	case "signals":
		return showSignals()
	}
	return 2
}

// childFacts are the things that a daemon is to have, one word each.
func childFacts(parent *Parent) string {
	facts := []string{}
	add := func(fact string, holds bool) {
		if holds {
			facts = append(facts, fact)
		}
	}
	sid, err := unix.Getsid(0)
	add("session", err == nil && sid == os.Getpid())
	null, err := os.Stat(os.DevNull)
	for i, f := range []*os.File{os.Stdin, os.Stdout, os.Stderr} {
		info, err2 := f.Stat()
		add(fmt.Sprintf("null%d", i), err == nil && err2 == nil && os.SameFile(null, info))
	}
	add("adopted", parent != nil)
	flags, err := unix.FcntlInt(readyDescriptor, unix.F_GETFD, 0)
	add("cloexec", err == nil && flags&unix.FD_CLOEXEC != 0)
	add("variable", os.Getenv(readyVariable) != "")
	return strings.Join(facts, " ")
}

// showSignals tells on stdout which signals arrive, until one means the end.
func showSignals() int {
	s := NotifySignals()
	defer s.Release()
	fmt.Println("started")
	for {
		select {
		case sig := <-s.Reopen:
			fmt.Println("reopen", sig)
		case sig := <-s.Stop:
			fmt.Println("stop", sig)
			return 0
		}
	}
}

func testBinary(t *testing.T) string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// deadPid is the id of a process that has ended.
func deadPid(t *testing.T) int {
	t.Helper()
	cmd := exec.Command(testBinary(t), childWord, "end")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	return cmd.Process.Pid
}

// livingChild is a process that runs until the test ends.
func livingChild(t *testing.T) int {
	t.Helper()
	cmd := exec.Command(testBinary(t), childWord, "wait for end of input")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	startAndGreet(t, cmd)
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	return cmd.Process.Pid
}

// startAndGreet starts cmd and waits for its first line; it returns the reader of those that follow.
func startAndGreet(t *testing.T, cmd *exec.Cmd) *bufio.Reader {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	if line, err := lines.ReadString('\n'); err != nil || line != "started\n" {
		t.Fatalf("child said %q, %v", line, err)
	}
	return lines
}

func writePidText(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "icomet.pid")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSignalsArriveInTheirChannels(t *testing.T) {
	for _, end := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		if signal.Ignored(end) {
			t.Logf("%v is ignored by whoever runs this test", end)
			continue
		}
		cmd := exec.Command(testBinary(t), childWord, "signals")
		lines := startAndGreet(t, cmd)
		for _, step := range []struct {
			sig  syscall.Signal
			line string
		}{
			{syscall.SIGPIPE, ""},
			{syscall.SIGUSR1, "reopen " + syscall.SIGUSR1.String() + "\n"},
			{end, "stop " + end.String() + "\n"},
		} {
			if err := cmd.Process.Signal(step.sig); err != nil {
				t.Fatal(err)
			}
			if step.line == "" {
				continue
			}
			if line, err := lines.ReadString('\n'); err != nil || line != step.line {
				t.Errorf("%v: child said %q, %v, want %q", step.sig, line, err, step.line)
			}
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %v", end, err)
		}
	}
}

func TestIgnoredHangupStaysIgnored(t *testing.T) {
	nohup, err := exec.LookPath("nohup")
	if err != nil {
		t.Skip("no nohup here")
	}
	cmd := exec.Command(nohup, testBinary(t), childWord, "signals")
	lines := startAndGreet(t, cmd)
	for _, sig := range []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM} {
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
	}
	if line, err := lines.ReadString('\n'); err != nil || line != "stop terminated\n" {
		t.Errorf("child said %q, %v", line, err)
	}
	cmd.Wait()
}
