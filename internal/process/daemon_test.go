package process

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const patience = time.Minute

func TestDaemonIsReadyInASessionOfItsOwn(t *testing.T) {
	facts := filepath.Join(t.TempDir(), "facts")
	pid, err := Daemonize(testBinary(t), []string{childWord, "ready", facts}, patience)
	if err != nil {
		t.Fatal(err)
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil || status.ExitStatus() != 0 {
		t.Errorf("the daemon ended with %v, %v", status, err)
	}
	got, err := os.ReadFile(facts)
	if want := "session null0 null1 null2 adopted cloexec"; err != nil || string(got) != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestDaemonThatFailsHandsItsErrorOver(t *testing.T) {
	_, err := Daemonize(testBinary(t), []string{childWord, "fail"}, patience)
	if err == nil || err.Error() != "port 8100 is taken\nby somebody" {
		t.Errorf("got %v", err)
	}
}

func TestDaemonThatDiesIsReportedWithItsStatus(t *testing.T) {
	_, err := Daemonize(testBinary(t), []string{childWord, "die"}, patience)
	if err == nil || err.Error() != "the server ended before it was ready: exit status 3" {
		t.Errorf("got %v", err)
	}
}

func TestDaemonThatHangsIsKilledAtTheLimit(t *testing.T) {
	_, err := Daemonize(testBinary(t), []string{childWord, "hang"}, 10*time.Millisecond)
	if err == nil || err.Error() != "the server was not ready after 10ms and was stopped" {
		t.Errorf("got %v", err)
	}
	// It was waited for, so there is no child left of which to ask.
	if _, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err != syscall.ECHILD {
		t.Errorf("a child is left: %v", err)
	}
}

func TestDaemonizeTellsThatThereIsNoProgram(t *testing.T) {
	_, err := Daemonize(filepath.Join(t.TempDir(), "none"), nil, patience)
	if err == nil || !strings.Contains(err.Error(), "start in the background") {
		t.Errorf("got %v", err)
	}
}

func TestParentOfAForegroundProcessIsNilAndSilent(t *testing.T) {
	parent := Adopt()
	if parent != nil {
		t.Fatal("adopted by nobody")
	}
	if err := parent.Ready(); err != nil {
		t.Error(err)
	}
	if err := parent.Fail(os.ErrInvalid); err != nil {
		t.Error(err)
	}
}

func TestReadyOutlivesAParentThatIsGone(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	parent := &Parent{pipe: w}
	if err := parent.Ready(); err == nil {
		t.Error("nobody listened, and Ready has not noticed")
	}
	if err := parent.Ready(); err != nil {
		t.Errorf("second Ready: %v", err)
	}
}
