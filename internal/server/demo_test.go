package server_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/icomet/icomet/internal/demo"
	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/server"
)

func withDemo(o *server.Options) { o.Demo = true }

func TestTheDemoLetsAnybodyTalkInRoomsOnly(t *testing.T) {
	s := icomettest.Start(t, withDemo)
	w := s.DialWebSocket(t, "/ws?client=ann&info=%7B%22name%22%3A%22Ann%22%7D&cname=chat-1&cname=news&presence=1")
	for _, c := range []struct{ command, begins string }{
		{`{"id":1,"cmd":"publish","cname":"chat-1","data":"` + strings.Repeat("x", demo.MessageBytesMax-2) + `"}`, `{"type":"published","id":1,`},
		{`{"id":2,"cmd":"publish","cname":"chat-1","data":"` + strings.Repeat("x", demo.MessageBytesMax-1) + `"}`,
			`{"type":"error","id":2,"code":413,"cname":"chat-1","text":"a message has at most 4096 bytes"}`},
		{`{"id":3,"cmd":"publish","cname":"news","content":"x"}`, `{"type":"error","id":3,"code":403,`},
		{`{"id":4,"cmd":"members","cname":"chat-1"}`,
			`{"type":"members","id":4,"cname":"chat-1","members":[{"client":"ann","info":{"name":"Ann"}}],"count":1}`},
	} {
		w.Say(c.command)
		for got := w.Message(); !strings.HasPrefix(got, c.begins); got = w.Message() {
			if strings.Contains(got, `"id":`) {
				t.Fatalf("%.60s: %.200s", c.command, got)
			}
		}
	}
}

// A server that stops while the demos work leaves nothing behind; TestMain looks for that.
func TestTheDemoEndsWithTheServer(t *testing.T) {
	s := icomettest.Start(t, withDemo)
	w := s.DialWebSocket(t, "/ws?cname=chart-1")
	answer, err := http.Post(s.FrontURL("/demo/tokens", "text", "poem"), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	for !strings.Contains(w.Message(), `"lines":[[`) {
	}
	if err := s.Stop(context.Background()); err != nil || answer.StatusCode != http.StatusOK {
		t.Error(err, answer.Status)
	}
}

func TestAConfiguredServerHasNoDemo(t *testing.T) {
	s := icomettest.Start(t)
	for _, path := range []string{"/", "/chat.html", "/icomet.esm.js", "/demo/chart/clock"} {
		c := s.DialFront(t)
		c.Get(path)
		if a := c.Answer(); a.Status != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.Status)
		}
	}
	w := s.DialWebSocket(t, "/ws?cname=chat-1")
	w.Say(`{"id":1,"cmd":"publish","cname":"chat-1","content":"x"}`)
	for got := w.Message(); !strings.Contains(got, `"code":403`); got = w.Message() {
		if strings.Contains(got, `"published"`) {
			t.Fatal(got)
		}
	}
}
