package sdk

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/server"
)

// node finds Node, or skips the test loudly.
func node(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("node")
	if err != nil {
		t.Skip("SKIPPED: no Node on this machine; the JavaScript client was not run against a real server")
	}
	return path
}

// cutter passes connections on, and breaks those that are open when it is told to.
type cutter struct {
	target string
	listen net.Listener
	work   sync.WaitGroup

	mu   sync.Mutex
	open map[net.Conn]bool // guarded by mu; nil once closed
}

func newCutter(t *testing.T, target string) *cutter {
	t.Helper()
	listen, err := net.Listen("tcp", icomettest.Host()+":0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{target: target, listen: listen, open: map[net.Conn]bool{}}
	c.work.Go(c.accept)
	t.Cleanup(c.close)
	return c
}

func (c *cutter) accept() {
	for {
		in, err := c.listen.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", c.target)
		if err != nil || !c.add(in, out) {
			in.Close()
			continue
		}
		c.work.Go(func() { c.pass(in, out) })
		c.work.Go(func() { c.pass(out, in) })
	}
}

func (c *cutter) add(conns ...net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range conns {
		if c.open == nil {
			conn.Close()
			continue
		}
		c.open[conn] = true
	}
	return c.open != nil
}

func (c *cutter) pass(from, to net.Conn) {
	io.Copy(to, from)
	from.Close()
	to.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, from)
}

func (c *cutter) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.open {
		conn.Close()
	}
}

func (c *cutter) close() {
	c.listen.Close()
	c.cut()
	c.mu.Lock()
	c.open = nil
	c.mu.Unlock()
	c.work.Wait()
}

// TestJavaScriptClientGetsEveryMessageInOrder cuts connections at random while messages are published.
func TestJavaScriptClientGetsEveryMessageInOrder(t *testing.T) {
	const messages = 200
	program := node(t)
	for _, transport := range []string{"websocket", "sse", "stream", "poll"} {
		t.Run(transport, func(t *testing.T) {
			s := icomettest.Start(t, func(o *server.Options) {
				o.Config.Front.ChannelBufferSize = messages
				o.Config.Front.Presence = []string{"*"}
				o.Config.Front.ClientIDs = true
			})
			c := newCutter(t, s.Front.String())
			cmd := exec.CommandContext(t.Context(), program, "testdata/follow.mjs", "http://"+c.listen.Addr().String(), transport, fmt.Sprint(messages))
			cmd.Stderr = os.Stderr
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(out)
			awaitLines(t, lines, "subscribed a", "subscribed b")
			for i := range messages {
				s.Push(t, "a", fmt.Sprint(i))
				s.Push(t, "b", fmt.Sprint(i))
				if rand.IntN(20) == 0 {
					c.cut()
				}
			}
			followed(t, lines, messages)
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}

func awaitLines(t *testing.T, lines *bufio.Scanner, want ...string) {
	t.Helper()
	left := map[string]bool{}
	for _, line := range want {
		left[line] = true
	}
	for len(left) > 0 {
		if !lines.Scan() || !left[lines.Text()] {
			t.Fatalf("got %q, want one of %v", lines.Text(), left)
		}
		delete(left, lines.Text())
	}
}

// followed checks that each channel has brought its messages, and nothing else was said, until the client ends.
func followed(t *testing.T, lines *bufio.Scanner, messages int) {
	t.Helper()
	next := map[string]int{}
	for lines.Scan() {
		kind, rest, _ := strings.Cut(lines.Text(), " ")
		channel, content, _ := strings.Cut(rest, " ")
		if kind != "message" || content != fmt.Sprint(next[channel]) {
			t.Fatalf("got %q, want message %d", lines.Text(), next[channel])
		}
		next[channel]++
	}
	if next["a"] != messages || next["b"] != messages {
		t.Errorf("the client ended after %v", next)
	}
}
