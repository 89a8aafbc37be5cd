package icomettest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"
)

// patience is how long a client waits for bytes that must come. It only ends tests that have failed.
const patience = 30 * time.Second

// Client is a connection of a test, over which it sends bytes as they are and reads answers byte for byte.
// Whatever breaks the rules of HTTP/1 fails the test. It belongs to one goroutine, that of its test.
type Client struct {
	t    testing.TB
	conn *net.TCPConn
	in   *bufio.Reader
}

// Answer is one whole answer, or the head of one.
type Answer struct {
	Status int
	Head   string   // as received, without the empty line at the end
	Chunks []string // of a chunked body
	Body   string   // decoded
	// Closes tells that the answer ended with the connection.
	Closes bool
}

// Dial opens a connection that is closed with the test.
func Dial(t testing.TB, addr netip.AddrPort) *Client {
	t.Helper()
	conn, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(addr))
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	conn.SetReadDeadline(time.Now().Add(patience))
	t.Cleanup(func() { conn.Close() })
	return &Client{t: t, conn: conn, in: bufio.NewReader(conn)}
}

// DialFront and DialAdmin open a connection to a door.
func (s *Server) DialFront(t testing.TB) *Client { t.Helper(); return Dial(t, s.Front) }
func (s *Server) DialAdmin(t testing.TB) *Client { t.Helper(); return Dial(t, s.Admin) }

// Send sends bytes as they are. Whether they arrive is not known: the server may have closed.
func (c *Client) Send(bytes string) { io.WriteString(c.conn, bytes) }

// FloodUntilClosed sends the same bytes again and again, and reads nothing, until the server has closed.
func (c *Client) FloodUntilClosed(bytes string) {
	for {
		if _, err := io.WriteString(c.conn, bytes); err != nil {
			return
		}
	}
}

// Get sends a GET request of HTTP/1.1 with further header lines.
func (c *Client) Get(target string, headers ...string) { c.Request("GET", target, "", headers...) }

// Request sends a request of HTTP/1.1. A body gets its Content-Length.
func (c *Client) Request(method, target, body string, headers ...string) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: test\r\n", method, target)
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	if body != "" {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	c.Send(b.String() + "\r\n" + body)
}

// Answer reads one whole answer to a request other than HEAD, and not a byte more.
func (c *Client) Answer() Answer {
	c.t.Helper()
	a := c.Head()
	length := a.Header("Content-Length")
	switch {
	case a.Status == http.StatusNoContent || a.Status == http.StatusNotModified || a.Status < 200:
	case a.IsChunked():
		for chunk := c.Chunk(); chunk != ""; chunk = c.Chunk() {
			a.Chunks = append(a.Chunks, chunk)
			a.Body += chunk
		}
	case length != "":
		a.Body = c.Bytes(a.number(c.t, length))
	default:
		a.Body, a.Closes = c.Rest(), true
	}
	return a
}

func (a *Answer) number(t testing.TB, digits string) int {
	t.Helper()
	n, err := strconv.Atoi(digits)
	if err != nil || n < 0 {
		t.Fatalf("bad length in\n%s", a.Head)
	}
	return n
}

// IsChunked tells whether the body is chunked.
func (a *Answer) IsChunked() bool { return a.Header("Transfer-Encoding") == "chunked" }

// Header is the value of a header line, empty if there is none. Of several it is the first.
func (a *Answer) Header(name string) string {
	for line := range strings.SplitSeq(a.Head, "\r\n") {
		if n, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(n, name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Head reads the head of an answer, and checks its form (RFC 9112 sections 4 and 6.3).
func (c *Client) Head() Answer {
	c.t.Helper()
	var a Answer
	for {
		line := c.line()
		if line == "" {
			break
		}
		a.Head += line + "\r\n"
	}
	a.Head = strings.TrimSuffix(a.Head, "\r\n")
	first, _, _ := strings.Cut(a.Head, "\r\n")
	var minor int
	if n, err := fmt.Sscanf(first, "HTTP/1.%d %d ", &minor, &a.Status); n != 2 || err != nil {
		c.t.Fatalf("bad status line %q", first)
	}
	for _, once := range []string{"content-length", "transfer-encoding", "connection", "date", "content-type"} {
		if n := strings.Count(strings.ToLower(a.Head), "\r\n"+once+":"); n > 1 {
			c.t.Fatalf("%d lines of %s in\n%s", n, once, a.Head)
		}
	}
	if a.IsChunked() && (a.Header("Content-Length") != "" || minor == 0) {
		c.t.Fatalf("chunked where it must not be:\n%s", a.Head)
	}
	return a
}

// Chunk reads one chunk; the last one is empty (RFC 9112 section 7.1).
func (c *Client) Chunk() string {
	c.t.Helper()
	digits := c.line()
	n, err := strconv.ParseUint(digits, 16, 31)
	if err != nil {
		c.t.Fatalf("bad size of a chunk: %q", digits)
	}
	chunk := c.Bytes(int(n))
	if end := c.line(); end != "" {
		c.t.Fatalf("a chunk of %d bytes is followed by %q", n, end)
	}
	return chunk
}

// line reads a line that ends with CRLF, and returns it without that.
func (c *Client) line() string {
	c.t.Helper()
	line, err := c.in.ReadString('\n')
	if err != nil {
		c.t.Fatalf("read a line: %v after %q", err, line)
	}
	text, ok := strings.CutSuffix(line, "\r\n")
	if !ok {
		c.t.Fatalf("the line %q does not end with CRLF", line)
	}
	return text
}

// Line reads up to LF, from answers that are not chunked.
func (c *Client) Line() string {
	c.t.Helper()
	line, err := c.in.ReadString('\n')
	if err != nil {
		c.t.Fatalf("read a line: %v after %q", err, line)
	}
	return line
}

// Bytes reads so many bytes.
func (c *Client) Bytes(n int) string {
	c.t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(c.in, b); err != nil {
		c.t.Fatalf("read %d bytes: %v", n, err)
	}
	return string(b)
}

// Rest reads until the server has closed, which it must do in good order.
func (c *Client) Rest() string {
	c.t.Helper()
	rest, err := io.ReadAll(c.in)
	if err != nil {
		c.t.Fatalf("read to the end: %v after %q", err, rest)
	}
	return string(rest)
}

// AwaitClose reads until the server has closed, in good order or by a reset, and returns what came before.
func (c *Client) AwaitClose() string {
	c.t.Helper()
	rest, err := io.ReadAll(c.in)
	if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
		c.t.Fatalf("the server has not closed; it sent %q", rest)
	}
	return string(rest)
}

// AwaitEnd fails the test unless the server closes without sending anything more.
func (c *Client) AwaitEnd() {
	c.t.Helper()
	if rest := c.Rest(); rest != "" {
		c.t.Fatalf("before it closed the server sent %q", rest)
	}
}

// Half ends what is sent, and leaves what is received open.
func (c *Client) Half() { c.conn.CloseWrite() }

// Close closes the connection.
func (c *Client) Close() { c.conn.Close() }

// Reset breaks the connection (RST).
func (c *Client) Reset() {
	c.conn.SetLinger(0)
	c.conn.Close()
}

// Shrink makes the client take little before it reads. The kernel holds to it from the next bytes on.
func (c *Client) Shrink() { c.conn.SetReadBuffer(128 << 10) }
