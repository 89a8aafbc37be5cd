//go:build linux

package reliability

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/icomet/icomet/internal/icomettest"
)

func TestKilledServerStartsAgainDespiteItsPidfile(t *testing.T) {
	p := newProgram(t, "pidfile: ./icomet.pid\n")
	pidfile := filepath.Join(p.folder, "icomet.pid")
	for range 3 {
		if !p.start(t, `exec "$@"`) {
			t.Fatalf("the server has not started: %s", p.output(t))
		}
		awaitPidfile(t, pidfile, p)
		if code := p.end(t, syscall.SIGKILL); code != -1 {
			t.Fatalf("exit code %d of a killed process", code)
		}
		if _, err := os.Stat(pidfile); err != nil {
			t.Fatalf("a killed server cannot have removed its pidfile: %v", err)
		}
	}
	if !p.start(t, `exec "$@"`) {
		t.Fatalf("the server has not started: %s", p.output(t))
	}
	awaitPidfile(t, pidfile, p)
	if code := p.end(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if _, err := os.Stat(pidfile); !os.IsNotExist(err) {
		t.Errorf("the pidfile is still there: %v", err)
	}
}

func TestSecondServerOnTheSamePidfileIsRefused(t *testing.T) {
	p := newProgram(t, "pidfile: ./icomet.pid\n")
	if !p.start(t, `exec "$@"`) {
		t.Fatalf("the server has not started: %s", p.output(t))
	}
	awaitPidfile(t, filepath.Join(p.folder, "icomet.pid"), p)
	out, err := exec.Command(icomettest.Binary(t), p.conf).CombinedOutput()
	if failed := (*exec.ExitError)(nil); !errors.As(err, &failed) || failed.ExitCode() != 1 {
		t.Errorf("the second server was not refused: %v, %s", err, out)
	}
	mustGet(t, p.admin, "/info")
	if code := p.end(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// awaitPidfile waits until a pidfile names the server, which it does soon after its ports are open.
func awaitPidfile(t *testing.T, path string, p *program) {
	t.Helper()
	if !icomettest.Within(ioLimit, func() bool {
		content, err := os.ReadFile(path)
		return err == nil && string(content) == fmt.Sprint(p.cmd.Process.Pid)
	}) {
		t.Fatalf("%s does not name process %d", path, p.cmd.Process.Pid)
	}
}

func TestServerServesOnWhenTheDiskOfItsLogIsFull(t *testing.T) {
	for _, c := range []struct {
		name string
		path func(t *testing.T) string
	}{
		{"device that takes nothing", func(*testing.T) string { return "/dev/full" }},
		{"small file system", smallFileSystem},
	} {
		t.Run(c.name, func(t *testing.T) {
			log := c.path(t)
			p := newProgram(t, "")
			conf, err := os.ReadFile(p.conf)
			if err != nil {
				t.Fatal(err)
			}
			text := strings.Replace(string(conf), "level: info\n\toutput: stdout", "level: trace\n\toutput: "+log, 1)
			if err := os.WriteFile(p.conf, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			if !p.start(t, `exec "$@"`) {
				t.Fatalf("the server has not started: %s", p.output(t))
			}
			checkWhileLogFails(t, p)
			if code := p.end(t, syscall.SIGTERM); code != 0 {
				t.Errorf("exit code %d: %s", code, p.output(t))
			}
		})
	}
}

// checkWhileLogFails runs the delivery check for a short while.
func checkWhileLogFails(t *testing.T, p *program) {
	t.Helper()
	c := newChecker(plan{
		seed: newSeed(t), channels: 4, subscribers: 20, historySize: 10, front: p.front, admin: p.admin, calm: true,
	})
	c.start(t)
	begun := time.Now()
	if err := c.round(1000, catchUpLimit); err != nil {
		t.Error(err)
	}
	c.stop()
	t.Logf("1000 publishes in %v", time.Since(begun).Round(time.Millisecond))
	c.ledger.report(t)
}

// smallFileSystem is the path of a log on a file system that is nearly full.
func smallFileSystem(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := unix.Mount("tmpfs", folder, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("SKIPPED: mount a small file system: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(folder, 0); err != nil {
			t.Error(err)
		}
	})
	filler, err := os.Create(filepath.Join(folder, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	defer filler.Close()
	for {
		if _, err := filler.Write(make([]byte, 4096)); err != nil {
			break
		}
	}
	return filepath.Join(folder, "log.txt")
}
