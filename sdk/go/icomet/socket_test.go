package icomet_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"github.com/icomet/icomet/sdk/go/icomet"
)

// scripted is a client whose WebSocket is served by talk, once the client has asked for channel a and was
// told that it is subscribed. What the client sends after that comes through frames.
func scripted(t *testing.T, w *watched, talk func(conn net.Conn, frames <-chan ws.Frame)) *icomet.Client {
	t.Helper()
	m := newMemory()
	handler := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		conn, _, _, err := ws.UpgradeHTTP(r, rw)
		if err != nil {
			return
		}
		defer conn.Close()
		first, err := ws.ReadFrame(conn)
		if err != nil || !first.Header.Masked || !strings.Contains(string(ws.UnmaskFrame(first).Payload), `"cmd":"subscribe"`) {
			return
		}
		frames := make(chan ws.Frame, 16)
		go func() {
			defer close(frames)
			for {
				frame, err := ws.ReadFrame(conn)
				if err != nil {
					return
				}
				frames <- ws.UnmaskFrame(frame)
			}
		}()
		for _, text := range []string{`{"type":"hello","v":1,"noop":30}`, `{"type":"subscribed","id":1,"cname":"a","seq":1,"epoch":"e"}`} {
			if ws.WriteFrame(conn, ws.NewTextFrame([]byte(text))) != nil {
				return
			}
		}
		talk(conn, frames)
		conn.Close()
		for range frames {
		}
	})
	server := &http.Server{Handler: handler}
	transport := &http.Transport{DialContext: m.dial}
	served := make(chan struct{})
	go func() {
		defer close(served)
		server.Serve(m)
	}()
	c, err := icomet.NewClient("ws://fake/base", icomet.Options{HTTPClient: &http.Client{Transport: transport, Timeout: 1},
		Transports: []icomet.Transport{icomet.WebSocket}, OnState: w.note})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		server.Close()
		<-served
		transport.CloseIdleConnections()
	})
	return c
}

func TestFramesArePutTogetherAndPingsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pong := make(chan string, 1)
		c := scripted(t, &watched{}, func(conn net.Conn, frames <-chan ws.Frame) {
			ws.WriteFrame(conn, ws.NewFrame(ws.OpText, false, []byte(`{"type":"data","cname":"a",`)))
			ws.WriteFrame(conn, ws.NewFrame(ws.OpContinuation, false, nil))
			ws.WriteFrame(conn, ws.NewPingFrame([]byte("are you there")))
			if f := <-frames; f.Header.OpCode == ws.OpPong {
				pong <- string(f.Payload)
			}
			ws.WriteFrame(conn, ws.NewPongFrame(nil))
			ws.WriteFrame(conn, ws.NewFrame(ws.OpContinuation, true, []byte(`"seq":1,"epoch":"e","content":"whole"}`)))
			<-frames
		})
		s := subscribe(t, c, icomet.Channel{Name: "a"})
		wantTexts(t, s, "whole")
		if got := <-pong; got != "are you there" {
			t.Errorf("got %q", got)
		}
		c.Close()
	})
}

func TestClientSaysGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		last := make(chan ws.Frame, 1)
		c := scripted(t, &watched{}, func(_ net.Conn, frames <-chan ws.Frame) { last <- <-frames })
		subscribe(t, c, icomet.Channel{Name: "a"})
		c.Close()
		f := <-last
		if f.Header.OpCode != ws.OpClose || string(f.Payload) != string(ws.NewCloseFrameBody(ws.StatusNormalClosure, "")) {
			t.Errorf("got %v", f)
		}
	})
}

func TestBadFramesEndTheConnection(t *testing.T) {
	for _, c := range []struct {
		name string
		bad  []byte
	}{
		{"masked", ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame([]byte("{}"))))},
		{"reserved bit without extension", []byte{0xc1, 0}},
		{"reserved opcode", []byte{0x83, 0}},
		{"continuation of nothing", []byte{0x80, 0}},
		{"fragmented ping", []byte{0x09, 0}},
		{"longer than messages are", []byte{0x81, 127, 0, 0, 0, 0, 2, 0, 0, 0}},
		{"no JSON", ws.MustCompileFrame(ws.NewTextFrame([]byte("hello")))},
		{"binary without a line", ws.MustCompileFrame(ws.NewBinaryFrame([]byte("{}")))},
		{"cut in the head", []byte{0x81}},
		{"cut in the payload", []byte{0x81, 5, '{'}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &watched{}
				client := scripted(t, w, func(conn net.Conn, frames <-chan ws.Frame) {
					conn.Write(c.bad)
					if !strings.HasPrefix(c.name, "cut") {
						for range frames {
						}
					}
				})
				subscribe(t, client, icomet.Channel{Name: "a"})
				synctest.Wait()
				if errs := w.errs(); len(errs) == 0 {
					t.Error("the connection goes on")
				}
			})
		})
	}
}

func TestHandshakeIsChecked(t *testing.T) {
	states := make(chan icomet.State, 100)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Connection", "Upgrade")
		rw.Header().Set("Upgrade", "websocket")
		rw.Header().Set("Sec-WebSocket-Accept", "made up")
		rw.WriteHeader(http.StatusSwitchingProtocols)
	}))
	defer server.Close()
	c, err := icomet.NewClient(server.URL, icomet.Options{Transports: []icomet.Transport{icomet.WebSocket},
		OnState: func(s icomet.State) { states <- s }})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	go c.Ping(t.Context())
	if s := <-states; s.Online || s.Err == nil || !strings.Contains(s.Err.Error(), "handshake") {
		t.Errorf("got %+v", s)
	}
}

func TestServerThatDoesNotReadIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watched{}
		c := scripted(t, w, func(_ net.Conn, frames <-chan ws.Frame) {
			<-t.Context().Done()
		})
		subscribe(t, c, icomet.Channel{Name: "a"})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var calls sync.WaitGroup
		for range 30 { // more than the script and the connection hold
			calls.Go(func() {
				if err := c.Ping(ctx); !errors.Is(err, icomet.ErrDisconnected) {
					t.Errorf("got %v", err)
				}
			})
		}
		calls.Wait()
	})
}

func TestTransportsGoOverHTTP2WhereTheyCan(t *testing.T) {
	for _, transport := range allTransports {
		t.Run(string(transport), func(t *testing.T) {
			f := newFake()
			server := httptest.NewUnstartedServer(f)
			server.EnableHTTP2 = true
			server.StartTLS()
			defer server.Close()
			defer f.close()
			c, err := icomet.NewClient(server.URL, icomet.Options{HTTPClient: server.Client(), Transports: []icomet.Transport{transport}})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			s := subscribe(t, c, icomet.Channel{Name: "a"})
			f.publish("a", "1")
			wantTexts(t, s, "1")
			f.publish("a", "2")
			wantTexts(t, s, "2")
		})
	}
}
