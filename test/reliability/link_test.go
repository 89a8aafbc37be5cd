package reliability

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

const (
	// ioLimit bounds every wait for the network that has no other bound.
	ioLimit = 30 * time.Second
	// bufferBytes is longer than most lines of an answer.
	bufferBytes = 16 << 10
)

// errBudget is returned when a link has read as many bytes as it wanted to.
var errBudget = errors.New("the budget of bytes is used up")

// link is a client's connection. It is made of raw bytes, so that it can end anywhere.
type link struct {
	conn   *net.TCPConn
	in     *bufio.Reader
	body   *bufio.Reader // of the answer being read
	budget int           // bytes that may still be read; negative is no bound
}

func dial(to netip.AddrPort) (*link, error) {
	conn, err := net.DialTimeout("tcp", to.String(), ioLimit)
	if err != nil {
		return nil, err
	}
	l := &link{conn: conn.(*net.TCPConn), budget: -1}
	l.in = bufio.NewReaderSize(l, 4<<10)
	l.body = bufio.NewReaderSize(nil, bufferBytes)
	return l, nil
}

// Read implements io.Reader within the budget.
func (l *link) Read(p []byte) (int, error) {
	if l.budget == 0 {
		return 0, errBudget
	}
	if l.budget > 0 && len(p) > l.budget {
		p = p[:l.budget]
	}
	n, err := l.conn.Read(p)
	if l.budget > 0 {
		l.budget -= n
	}
	return n, err
}

func (l *link) write(text string) error {
	_, err := io.WriteString(l.conn, text)
	return err
}

// reset closes the connection so that the peer gets an RST.
func (l *link) reset() {
	l.conn.SetLinger(0)
	l.conn.Close()
}

func (l *link) close() { l.conn.Close() }

// closeWith closes the connection when ctx ends; call stop when it is not needed any more.
func (l *link) closeWith(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() { l.conn.Close() })
}

// answer is the head of an answer.
type answer struct {
	status    int
	length    int64 // of the body; -1 if it is not known
	chunked   bool
	keepAlive bool
	deflate   bool // a WebSocket on which compression was agreed
}

// readAnswer reads a head. The body is then read from l.body, up to io.EOF.
func (l *link) readAnswer() (answer, error) {
	a := answer{length: -1, keepAlive: true}
	line, err := l.in.ReadString('\n')
	if err != nil {
		return a, err
	}
	var minor int
	if _, err := fmt.Sscanf(line, "HTTP/1.%d %d", &minor, &a.status); err != nil {
		return a, fmt.Errorf("status line %q: %w", line, err)
	}
	for {
		line, err := l.in.ReadString('\n')
		if err != nil {
			return a, err
		}
		name, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok {
			break
		}
		a.header(name, value)
	}
	l.body.Reset(l.bodyOf(&a))
	return a, nil
}

func (a *answer) header(name, value string) {
	switch strings.ToLower(name) {
	case "content-length":
		a.length, _ = strconv.ParseInt(value, 10, 64)
	case "transfer-encoding":
		a.chunked = value == "chunked"
	case "sec-websocket-extensions":
		a.deflate = strings.HasPrefix(value, "permessage-deflate")
	case "connection":
		a.keepAlive = !strings.EqualFold(value, "close")
	}
}

func (l *link) bodyOf(a *answer) io.Reader {
	switch {
	case a.chunked:
		return httputil.NewChunkedReader(l.in)
	case a.length >= 0:
		return io.LimitReader(l.in, a.length)
	}
	return l.in
}

// endBody reads what stands behind the last chunk.
func (l *link) endBody(a answer) error {
	if !a.chunked {
		return nil
	}
	var end [2]byte
	if _, err := io.ReadFull(l.in, end[:]); err != nil || string(end[:]) != "\r\n" {
		return fmt.Errorf("after the last chunk: %q, %w", end, err)
	}
	return nil
}

// readLine reads a line of the body, with its newline. It is only good until the next read.
func (l *link) readLine() ([]byte, error) {
	line, err := l.body.ReadSlice('\n')
	if err != bufio.ErrBufferFull {
		return line, err
	}
	long := bytes.Clone(line)
	rest, err := l.body.ReadBytes('\n')
	return append(long, rest...), err
}

// request sends a request and reads the whole answer.
func (l *link) request(text string) (status int, body string, err error) {
	l.conn.SetDeadline(time.Now().Add(ioLimit))
	if err := l.write(text); err != nil {
		return 0, "", err
	}
	a, err := l.readAnswer()
	if err != nil {
		return 0, "", err
	}
	all, err := io.ReadAll(l.body)
	if err != nil {
		return a.status, "", err
	}
	return a.status, string(all), l.endBody(a)
}

// get is a request for a path, over HTTP/1.1.
func get(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: test\r\n\r\n" }
