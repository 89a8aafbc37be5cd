package icomet

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"net/http"
	"time"

	"github.com/gobwas/ws"
)

const (
	subprotocol = "icomet.v1.json"
	// acceptGUID is what RFC 6455, 4.2.2 appends to the key.
	acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
	// writeLimit is how long the server may take to read a command.
	writeLimit = 10 * time.Second
	// farewellLimit is how long the close frame may take.
	farewellLimit = time.Second
)

// socket is the link over WebSocket. The connection is made by the http.Client like any other, so that its
// proxy, TLS and cookies hold.
type socket struct {
	session *session
	conn    io.ReadWriteCloser
	in      *bufio.Reader
	writing chan struct{} // holds a token while a frame is written
}

// dialSocket opens a WebSocket, which is closed with the context of s.
func dialSocket(s *session, t token) (*socket, error) {
	query := maps.Clone(s.client.common)
	query.Set("binary", "1")
	r, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.client.web.endpoint("ws", query.Encode()), nil)
	if err != nil {
		return nil, fmt.Errorf("icomet: %w", err)
	}
	key := base64.StdEncoding.EncodeToString(randomBytes(16))
	for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Key": key, "Sec-WebSocket-Protocol": subprotocol} {
		r.Header.Set(name, value)
	}
	resp, err := s.client.web.do(r, t.text, http.StatusSwitchingProtocols)
	if err != nil {
		return nil, err
	}
	conn, ok := resp.Body.(io.ReadWriteCloser)
	digest := sha1.Sum([]byte(key + acceptGUID))
	if !ok || resp.Header.Get("Sec-WebSocket-Accept") != base64.StdEncoding.EncodeToString(digest[:]) {
		resp.Body.Close()
		return nil, fmt.Errorf("%w: not a WebSocket handshake", errBadMessage)
	}
	k := &socket{session: s, conn: conn, in: bufio.NewReader(conn), writing: make(chan struct{}, 1)}
	s.tasks.Go(k.close)
	return k, nil
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return b
}

// close waits for the end of the session, says goodbye if that is possible at once, and closes the
// connection.
func (k *socket) close() {
	<-k.session.ctx.Done()
	defer k.conn.Close()
	select {
	case k.writing <- struct{}{}:
		defer time.AfterFunc(farewellLimit, func() { k.conn.Close() }).Stop()
		k.put(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusNormalClosure, "")))
	default: // the connection hangs in a write
	}
}

// read returns the next message. It answers pings.
func (k *socket) read() (*envelope, error) {
	op, message, err := k.message()
	if err != nil {
		return nil, err
	}
	if op == ws.OpBinary {
		return decodeBinary(message)
	}
	return decode(message)
}

// message puts the frames of a message together. The bytes are new ones.
func (k *socket) message() (op ws.OpCode, message []byte, err error) {
	state := ws.StateClientSide
	for {
		h, err := ws.ReadHeader(k.in)
		if err != nil {
			return 0, nil, fmt.Errorf("icomet: %w", err)
		}
		if err := ws.CheckHeader(h, state); err != nil {
			return 0, nil, fmt.Errorf("%w: %w", errBadMessage, err)
		}
		if h.Length > int64(messageBytesMax-len(message)) {
			return 0, nil, fmt.Errorf("%w: longer than %d bytes", errBadMessage, messageBytesMax)
		}
		payload := make([]byte, h.Length)
		if _, err := io.ReadFull(k.in, payload); err != nil {
			return 0, nil, fmt.Errorf("icomet: %w", err)
		}
		if h.OpCode.IsControl() {
			if err := k.control(h.OpCode, payload); err != nil {
				return 0, nil, err
			}
			continue
		}
		if h.OpCode != ws.OpContinuation {
			op = h.OpCode
		}
		if message == nil {
			message = payload
		} else {
			message = append(message, payload...)
		}
		if h.Fin {
			return op, message, nil
		}
		state = state.Set(ws.StateFragmented)
	}
}

// control deals with a ping or a close frame.
func (k *socket) control(op ws.OpCode, payload []byte) error {
	switch op {
	case ws.OpPing:
		return k.write(k.session.ctx, ws.NewPongFrame(payload))
	case ws.OpClose:
		e := &Error{Code: int(ws.StatusNoStatusRcvd), Text: "closed without a reason"}
		if len(payload) >= 2 {
			e.Code, e.Text = int(binary.BigEndian.Uint16(payload)), string(payload[2:])
		}
		return e
	}
	return nil
}

// send gives a command. ErrDisconnected means that the server may or may not have got it.
func (k *socket) send(ctx context.Context, cmd command) error {
	text, err := encode(cmd)
	if err != nil {
		return err
	}
	if len(text) > commandBytesMax {
		return &Error{Code: codeTooLarge, Text: fmt.Sprintf("command of %d bytes, at most %d", len(text), commandBytesMax), Channel: cmd.Channel}
	}
	return k.write(ctx, ws.NewTextFrame(text))
}

// write sends one frame. It waits for others that write until ctx is done; a frame that has begun is
// finished, or the session ends.
func (k *socket) write(ctx context.Context, f ws.Frame) error {
	select {
	case k.writing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	case <-k.session.ctx.Done():
		return fmt.Errorf("%w: %w", ErrDisconnected, context.Cause(k.session.ctx))
	}
	defer func() { <-k.writing }()
	limit := time.AfterFunc(writeLimit, func() { k.session.cancel(errSilent) })
	defer limit.Stop()
	if err := k.put(f); err != nil {
		k.session.cancel(err)
		return fmt.Errorf("%w: %w", ErrDisconnected, err)
	}
	return nil
}

// put writes a frame as one piece. The caller holds the token of writing.
func (k *socket) put(f ws.Frame) error {
	b, err := ws.CompileFrame(ws.MaskFrame(f))
	if err == nil {
		_, err = k.conn.Write(b)
	}
	if err != nil {
		return fmt.Errorf("icomet: %w", err)
	}
	return nil
}

func (k *socket) refresh() error {
	for _, cmd := range k.session.commands() {
		if err := k.send(k.session.ctx, cmd); err != nil {
			return err
		}
	}
	return nil
}

func (k *socket) renew(t token) error {
	s := k.session
	s.client.mu.Lock()
	s.lastID++
	id := s.lastID
	s.authID = id
	s.client.mu.Unlock()
	return k.send(s.ctx, command{ID: id, Cmd: "auth", Token: t.text})
}
