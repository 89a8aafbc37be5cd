// Package sdk runs the clients of this repository against a real server.
package sdk

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/server"
	"github.com/icomet/icomet/sdk/go/icomet"
)

func TestMain(m *testing.M) { os.Exit(icomettest.Main(m)) }

// transports are the ways in which a client of Go may be held to one.
var transports = map[string][]icomet.Transport{
	"websocket": {icomet.WebSocket},
	"stream":    {icomet.Stream},
	"poll":      {icomet.Poll},
}

func TestGoClientGetsEveryMessageInOrder(t *testing.T) {
	for name, transport := range transports {
		t.Run(name, func(t *testing.T) {
			s := icomettest.Start(t, func(o *server.Options) { o.Config.Front.ChannelBufferSize = 1000 })
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			c, err := icomet.NewClient("http://"+s.Front.String(), icomet.Options{Transports: transport})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			sub, err := c.Subscribe(ctx, icomet.Channel{Name: "a", From: icomet.Live()}, icomet.Channel{Name: "b", From: icomet.Live()})
			if err != nil {
				t.Fatal(err)
			}
			const messages = 200
			var publishing sync.WaitGroup
			publishing.Go(func() {
				for i := range messages {
					s.Push(t, "a", fmt.Sprint("a", i))
					s.Push(t, "b", fmt.Sprint("b", i))
				}
			})
			defer publishing.Wait()
			next := map[string]int{}
			for next["a"] < messages || next["b"] < messages {
				e, err := sub.Next(ctx)
				if err != nil {
					t.Fatal(err)
				}
				m, ok := e.(*icomet.Message)
				if !ok {
					continue
				}
				if want := fmt.Sprint(m.Channel, next[m.Channel]); m.Content != want {
					t.Fatalf("got %q, want %q", m.Content, want)
				}
				next[m.Channel]++
			}
		})
	}
}
