package icomet_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/icomet/icomet/sdk/go/icomet"
)

func TestCommandsConnectByThemselvesAndAreAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newScene(t)
		c := f.client(t)
		receipt, err := c.Publish(t.Context(), "a", icomet.Text("<b>").Named("news"))
		if err != nil || receipt != (icomet.Receipt{Channel: "a", Seq: 1, Epoch: "epoch-1"}) {
			t.Errorf("got %+v, %v", receipt, err)
		}
		s := subscribe(t, c, icomet.Channel{Name: "a", From: icomet.Last(1)})
		want := &icomet.Message{Channel: "a", Seq: 1, Epoch: "epoch-1", Event: "news", Content: "<b>"}
		if diff := cmp.Diff(want, next[*icomet.Message](t, s)); diff != "" {
			t.Error(diff)
		}
		members, err := c.Members(t.Context(), "a")
		if err != nil || members.Count != 7 || len(members.Members) != 1 || members.Members[0].Client != "ann" {
			t.Errorf("got %+v, %v", members, err)
		}
		if err := c.Ping(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestPublishTakesEachKindOfPayload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newScene(t)
		c := f.client(t)
		s := subscribe(t, c, icomet.Channel{Name: "a"})
		for _, p := range []icomet.Payload{icomet.Text(""), icomet.JSON(nil), icomet.Bytes(nil), icomet.Bytes([]byte("\n\n"))} {
			if _, err := c.Publish(t.Context(), "a", p); err != nil {
				t.Fatal(err)
			}
		}
		for i, want := range []icomet.Message{{}, {Data: json.RawMessage("null")}, {Bytes: []byte{}}, {Bytes: []byte("\n\n")}} {
			want.Channel, want.Seq, want.Epoch = "a", uint64(i+1), "epoch-1"
			if diff := cmp.Diff(&want, next[*icomet.Message](t, s)); diff != "" {
				t.Error(diff)
			}
		}
		for name, p := range map[string]icomet.Payload{"none": {}, "no JSON": icomet.JSON(func() {}), "too long": icomet.Text(strings.Repeat("x", 64<<10))} {
			if _, err := c.Publish(t.Context(), "a", p); err == nil {
				t.Errorf("payload %s is taken", name)
			}
		}
		if err := c.Ping(t.Context()); err != nil {
			t.Errorf("the connection did not outlast that: %v", err)
		}
	})
}

func TestLostConnectionFailsTheCommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newScene(t)
		c := f.client(t)
		subscribe(t, c, icomet.Channel{Name: "a"})
		f.answerNothing()
		failed := make(chan error)
		go func() { failed <- c.Ping(t.Context()) }()
		synctest.Wait()
		f.closeSockets(1001)
		err := <-failed
		var e *icomet.Error
		if !errors.Is(err, icomet.ErrDisconnected) || !errors.As(err, &e) || e.Code != 1001 {
			t.Errorf("got %v", err)
		}
	})
}

func TestRefusedCommandIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newScene(t)
		c := f.client(t)
		if err := c.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.mu.Lock()
		f.tamper = func(_, message string) []string {
			return []string{strings.Replace(message, `{"type":"pong","id":2`, `{"type":"error","id":2,"code":503,"text":"busy"`, 1)}
		}
		f.mu.Unlock()
		var e *icomet.Error
		if err := c.Ping(t.Context()); !errors.As(err, &e) || e.Code != 503 || e.Text != "busy" {
			t.Errorf("got %v", err)
		}
	})
}

func TestCommandsSayThatTheyNeedAWebSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newScene(t, func(f *fake, _ *memory) {
			f.refuse = func(r *http.Request) int {
				if r.URL.Path == "/ws" {
					return 404
				}
				return 0
			}
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := f.client(t).Ping(ctx); !errors.Is(err, icomet.ErrNeedsWebSocket) {
			t.Errorf("got %v", err)
		}
	})
}
