package doctest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/icomet/icomet/internal/icomettest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	icomettest.RemoveBinary()
	os.Exit(code)
}

// runIcomet runs icomet in a folder of its own with a file "icomet.conf", and returns its exit code and all
// that it has printed.
func runIcomet(t *testing.T, folder string, args ...string) (code int, out string) {
	t.Helper()
	cmd := exec.Command(icomettest.Binary(t), args...)
	cmd.Dir = folder
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(text)
}

// TestExitCodesAreThoseOfTheManual goes through what docs/operations.md says of exit codes, in the order
// of a server's life.
func TestExitCodesAreThoseOfTheManual(t *testing.T) {
	folder, host := t.TempDir(), icomettest.Host()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	good := strings.Replace(icomettest.Settings(host, "top pidfile: icomet.pid"), "stdout", "log.txt", 1)
	write("icomet.conf", good)
	write("nopidfile.conf", icomettest.Settings(host))
	write("bad.conf", icomettest.Settings(host, "max_channels: abc"))
	write("nolog.conf", strings.Replace(good, "log.txt", "/proc/nowhere/log.txt", 1))
	t.Cleanup(func() { runIcomet(t, folder, "icomet.conf", "-s", "stop") })

	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"-v", 0, "icomet "},
		{"-h", 0, "Usage:"},
		{"-s", 1, "Usage:"},
		{"icomet.conf -s pause", 1, "bad argument: 'pause'"},
		{"missing.conf", 1, "is not a file or not exists!"},
		{"bad.conf", 1, `bad.conf:`},
		{"nolog.conf", 1, "/proc/nowhere"},
		{"icomet.conf -s stop", 1, "could not read pidfile"},
		{"nopidfile.conf -s stop", 1, "no pidfile"},
		{"-d icomet.conf", 0, ""},
		{"icomet.conf", 1, "which is running"},
		{"-d icomet.conf", 1, "which is running"},
		{"nopidfile.conf", 1, "address already in use"},
		{"-d nopidfile.conf", 1, "address already in use"},
		{"-d icomet.conf -s restart", 0, "stopped"},
		{"icomet.conf -s stop", 0, "stopped"},
		{"token --secret short", 1, "expected at least 32"},
		{"./token", 1, "is not a file or not exists!"},
		{"explain --help", 0, "Usage: icomet explain"},
	} {
		code, out := runIcomet(t, folder, strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(out, c.says) {
			t.Errorf("icomet %s: exit code %d, want %d with %q:\n%s", c.args, code, c.code, c.says, out)
		}
	}
}
