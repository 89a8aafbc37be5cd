package reliability

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/icomettest"
)

// endLimit is how long a server may take to end on SIGTERM. It gives slow clients ten seconds.
const endLimit = 15 * time.Second

// program is a server that a test starts, breaks and starts again, with a configuration of its own.
type program struct {
	front, admin netip.AddrPort
	conf         string // path
	folder       string
	cmd          *exec.Cmd
	ended        chan struct{}
}

// newProgram writes a configuration: head is put before what icomettest.Settings gives, front are lines of
// its front section.
func newProgram(t *testing.T, head string, front ...string) *program {
	t.Helper()
	host := icomettest.Host()
	p := &program{
		folder: t.TempDir(),
		front:  netip.AddrPortFrom(netip.MustParseAddr(host), 8100),
		admin:  netip.AddrPortFrom(netip.MustParseAddr(host), 8000),
	}
	p.conf = filepath.Join(p.folder, "icomet.conf")
	if err := os.WriteFile(p.conf, []byte(head+icomettest.Settings(host, front...)), 0o644); err != nil {
		t.Fatal(err)
	}
	return p
}

// start runs the server, by way of a shell command that ends with `exec "$@"`, until it serves or ends.
func (p *program) start(t *testing.T, shell string) (serves bool) {
	t.Helper()
	p.cmd = exec.Command("sh", "-c", shell, "sh", icomettest.Binary(t), p.conf)
	out, err := os.OpenFile(filepath.Join(p.folder, "out.txt"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	p.cmd.Stdout, p.cmd.Stderr = out, out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	p.ended = ended
	cmd := p.cmd
	go func() {
		cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-ended
	})
	if !icomettest.Within(endLimit, func() bool { return p.hasEnded() || p.answers() }) {
		t.Fatalf("the server neither serves nor ends: %s", p.output(t))
	}
	return !p.hasEnded()
}

func (p *program) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// answers tells whether the private door takes connections.
func (p *program) answers() bool {
	conn, err := net.DialTimeout("tcp", p.admin.String(), time.Second)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// end sends a signal and waits for the end. It returns the exit code, -1 if the signal killed.
func (p *program) end(t *testing.T, signal syscall.Signal) (code int) {
	t.Helper()
	p.cmd.Process.Signal(signal)
	if !icomettest.Within(endLimit, p.hasEnded) {
		t.Fatalf("the server did not end within %v: %s", endLimit, p.output(t))
	}
	return p.cmd.ProcessState.ExitCode()
}

// output is what the server has printed.
func (p *program) output(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.folder, "out.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// mustGet asks the server at addr, which must answer 200.
func mustGet(t *testing.T, addr netip.AddrPort, path string) (body string) {
	t.Helper()
	l, err := dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	status, body, err := l.request(get(path))
	if err != nil || status != 200 {
		t.Fatalf("%s: status %d, %v, %s", path, status, err, body)
	}
	return body
}

// figure reads one of the server's own figures, by its name with labels.
func figure(t *testing.T, admin netip.AddrPort, name string) float64 {
	t.Helper()
	line := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)$`).FindStringSubmatch(mustGet(t, admin, "/metrics"))
	if line == nil {
		t.Fatalf("no figure %s", name)
	}
	value, err := strconv.ParseFloat(line[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// closed is how many connections were closed for a reason.
func closed(t *testing.T, admin netip.AddrPort, reason string) int {
	t.Helper()
	return int(figure(t, admin, fmt.Sprintf("icomet_connections_closed_total{reason=%q}", reason)))
}

// mebibytes is a size for people.
func mebibytes(bytes int64) string { return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20)) }
