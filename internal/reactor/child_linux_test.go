//go:build linux && !portable

package reactor

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Some tests need a process of their own, with a lower limit on descriptors: this test binary again,
// told by childVariable what to play. Parent and child talk in lines over the child's standard streams.
const (
	childVariable = "REACTOR_TEST_CHILD"
	childFiles    = 256 // the child's RLIMIT_NOFILE
)

// children are the parts that a child process can play. They return what went wrong.
var children = map[string]func(parent *parent) error{
	"starving": starvingChild,
	"full":     fullChild,
	"private":  privateChild,
}

// runChild plays a child's part if the process is one.
func runChild() bool {
	play := children[os.Getenv(childVariable)]
	if play == nil {
		return false
	}
	limit := unix.Rlimit{Cur: childFiles, Max: childFiles}
	err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
	if err == nil {
		err = play(&parent{bufio.NewReader(os.Stdin)})
	}
	if err != nil {
		fmt.Println("error", err)
		return true
	}
	fmt.Println("ok")
	return true
}

// parent is the child's view of the test.
type parent struct{ lines *bufio.Reader }

func (p *parent) tell(words ...any) { fmt.Println(words...) }

// await waits for the parent's next line; at its end the child has nothing more to do.
func (p *parent) await() error {
	_, err := p.lines.ReadString('\n')
	return err
}

// child is the test's view of a child process.
type child struct {
	t     *testing.T
	in    io.Writer
	lines *bufio.Reader
}

func startChild(t *testing.T, name string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+name)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("child: %v", err)
		}
	})
	return &child{t, in, bufio.NewReader(out)}
}

// expect reads the child's next line, which must begin with word, and returns the rest.
func (c *child) expect(word string) string {
	c.t.Helper()
	line, err := c.lines.ReadString('\n')
	rest, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), word)
	if err != nil || !ok {
		c.t.Fatalf("child says %q (%v), expected %q", line, err, word)
	}
	return strings.TrimSpace(rest)
}

func (c *child) goOn() {
	c.t.Helper()
	send(c.t, c.in, []byte("go on\n"))
}
