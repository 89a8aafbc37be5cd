package icomettest

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Process is a server in a process of its own, built from cmd/icomet without the race detector: for tests
// that look at its memory, its processor time or its end.
type Process struct {
	Cmd          *exec.Cmd
	Front, Admin netip.AddrPort
	Conf         string // path of its configuration file

	ended chan struct{}
	err   error
}

var build struct {
	once   sync.Once
	binary string
	err    error
}

// Binary builds cmd/icomet, once for the test binary, and returns its path. The file is removed by
// RemoveBinary.
func Binary(t testing.TB) string {
	t.Helper()
	build.once.Do(func() {
		folder, err := os.MkdirTemp("", "icomet-test-")
		if err != nil {
			build.err = err
			return
		}
		build.binary = filepath.Join(folder, "icomet")
		out, err := exec.Command("go", "build", "-o", build.binary, "github.com/icomet/icomet/cmd/icomet").CombinedOutput()
		if err != nil {
			build.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if build.err != nil {
		t.Fatalf("build the server: %v", build.err)
	}
	return build.binary
}

// RemoveBinary removes what Binary has built. TestMain calls it at the end.
func RemoveBinary() {
	if build.binary != "" {
		os.RemoveAll(filepath.Dir(build.binary))
	}
}

// startLimit is how long a process may take to listen.
const startLimit = 20 * time.Second

// StartProcess starts a server of its own process, which ends with the test. settings are lines of the
// configuration file's front section, such as "max_channels: 10"; they win over those of Settings.
func StartProcess(t testing.TB, settings ...string) *Process {
	t.Helper()
	host := Host()
	p := &Process{Conf: filepath.Join(t.TempDir(), "icomet.conf"), ended: make(chan struct{})}
	if err := os.WriteFile(p.Conf, []byte(Settings(host, settings...)), 0o644); err != nil {
		t.Fatal(err)
	}
	p.Cmd = exec.Command(Binary(t), p.Conf)
	p.Front = netip.AddrPortFrom(netip.MustParseAddr(host), 8100)
	p.Admin = netip.AddrPortFrom(netip.MustParseAddr(host), 8000)
	out, err := p.Cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.Cmd.Stderr = t.Output()
	if err := p.Cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop(t) })
	if err := p.awaitStart(out); err != nil {
		t.Fatal(err)
	}
	return p
}

// Settings is a configuration file for a server on the ports 8100 and 8000 of host. front are lines of its
// front section, which take the place of those given here; lines that begin with "top " go before all
// sections.
func Settings(host string, front ...string) string {
	top := ""
	values := map[string]string{
		"listen": host + ":8100", "max_channels": "100000", "max_subscribers_per_channel": "100000",
		"channel_buffer_size": "10", "channel_timeout": "30", "polling_timeout": "600",
	}
	for _, line := range front {
		if line, ok := strings.CutPrefix(line, "top "); ok {
			top += line + "\n"
			continue
		}
		key, value, _ := strings.Cut(line, ":")
		values[key] = strings.TrimSpace(value)
	}
	text := top + "logger:\n\tlevel: info\n\toutput: stdout\nadmin:\n\tlisten: " + host + ":8000\n\tallow: all\nfront:\n"
	for _, key := range slices.Sorted(maps.Keys(values)) {
		text += "\t" + key + ": " + values[key] + "\n"
	}
	return text
}

// awaitStart reads the log until the server says that it serves, and leaves a reader behind that ends with
// the process.
func (p *Process) awaitStart(out io.Reader) error {
	started := make(chan struct{})
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if strings.Contains(lines.Text(), "icomet started") {
				close(started)
				break
			}
		}
		io.Copy(io.Discard, out)
		p.err = p.Cmd.Wait()
		close(p.ended)
	}()
	select {
	case <-started:
		return nil
	case <-p.ended:
		return fmt.Errorf("the server ended: %v", p.err)
	case <-time.After(startLimit):
		p.Cmd.Process.Kill()
		return fmt.Errorf("the server did not start within %v", startLimit)
	}
}

// Ended is closed when the process has ended; its exit code is in Cmd.ProcessState then.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Stop ends the process with SIGTERM and waits for it; one that hangs is killed and fails the test.
func (p *Process) Stop(t testing.TB) {
	t.Helper()
	p.Cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(startLimit):
		p.Cmd.Process.Kill()
		<-p.ended
		t.Errorf("the server did not end within %v", startLimit)
	}
}

// Resident is the resident memory of the process in bytes.
func (p *Process) Resident(t testing.TB) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Cmd.Process.Pid))
	if err != nil {
		t.Skipf("SKIPPED: no /proc on this system: %v", err)
	}
	for line := range strings.Lines(string(status)) {
		var kilobytes int64
		if _, err := fmt.Sscanf(line, "VmRSS: %d kB", &kilobytes); err == nil {
			return kilobytes << 10
		}
	}
	t.Fatal("no VmRSS in /proc/PID/status")
	return 0
}

// clockTick is the unit of processor time in /proc: USER_HZ is 100 on all architectures of Linux that Go
// runs on.
const clockTick = 10 * time.Millisecond

// Processor is the processor time that the process has used.
func (p *Process) Processor(t testing.TB) time.Duration {
	t.Helper()
	return ProcessorOf(t, p.Cmd.Process.Pid)
}

// ProcessorOf is the processor time that process pid has used, in the kernel and outside.
func ProcessorOf(t testing.TB, pid int) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Skipf("SKIPPED: no /proc on this system: %v", err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	var user, system int64
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		t.Fatal(err)
	}
	return time.Duration(user+system) * clockTick
}
