//go:build linux

package performance

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/icomettest/bare"
)

// bareVariable tells the test binary to be a bare program instead: its kind and its arguments.
const bareVariable = "ICOMET_BARE"

func TestMain(m *testing.M) {
	if spec := os.Getenv(bareVariable); spec != "" {
		fmt.Fprintln(os.Stderr, beBare(spec))
		os.Exit(1)
	}
	os.Exit(icomettest.Main(m))
}

// bareSpec are the arguments of a bare program, as they travel in the environment.
const bareSpec = "%s %d %d %d %s"

// beBare is a bare program. Answers and frames are as long as the server's; what they say does not matter.
func beBare(spec string) error {
	var kind, listen string
	var loops, in, out int
	if _, err := fmt.Sscanf(spec, bareSpec, &kind, &loops, &in, &out, &listen); err != nil {
		return err
	}
	addr := netip.MustParseAddrPort(listen)
	body := []byte(strings.Repeat("x", out))
	if kind == "echo" {
		return bare.Echo(addr, loops, in, body)
	}
	head := []byte("HTTP/1.1 200 OK\r\n\r\n")
	return bare.Fanout(addr, netip.AddrPortFrom(addr.Addr(), addr.Port()+1), head, body)
}

// startBare starts a bare program that ends with the test.
func startBare(b *testing.B, kind string, loops, in, out int) (addr netip.AddrPort, pid int) {
	b.Helper()
	addr = netip.AddrPortFrom(netip.MustParseAddr(icomettest.Host()), 8100)
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), bareVariable+"="+fmt.Sprintf(bareSpec, kind, loops, in, out, addr))
	c.Stderr = b.Output()
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		c.Process.Kill()
		c.Wait()
	})
	listens := func() bool {
		conn, err := net.Dial("tcp", addr.String())
		if err == nil {
			conn.Close()
		}
		return err == nil
	}
	if !icomettest.Within(10*time.Second, listens) {
		b.Fatal("the bare program does not listen")
	}
	return addr, c.Process.Pid
}
