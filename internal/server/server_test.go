package server_test

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/config"
	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/server"
)

func options(change func(c *config.Config)) server.Options {
	o := server.Options{Config: icomettest.Config(), Log: slog.New(slog.DiscardHandler)}
	change(&o.Config)
	return o
}

func TestStartSaysWhatItCannotHave(t *testing.T) {
	taken, err := net.Listen("tcp", icomettest.Host()+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().(*net.TCPAddr)
	for _, c := range []struct {
		name   string
		change func(c *config.Config)
		says   string
	}{
		{"port of the admin in use", func(c *config.Config) {
			c.Admin.Listen = []config.Listen{{Host: address.IP.String(), First: uint16(address.Port), Last: uint16(address.Port)}}
		}, "admin: listen " + address.String()},
		{"port of the front in use", func(c *config.Config) {
			c.Front.Listen = []config.Listen{{Host: address.IP.String(), First: uint16(address.Port), Last: uint16(address.Port)}}
		}, "front: listen " + address.String()},
		{"address of another machine", func(c *config.Config) { c.Front.Listen = []config.Listen{{Host: "192.0.2.1"}} }, "192.0.2.1"},
		{"name without address", func(c *config.Config) { c.Admin.Listen = []config.Listen{{Host: "no such name"}} }, `admin.listen: no address is known for "no such name"`},
		{"too many addresses", func(c *config.Config) { c.Front.Listen = []config.Listen{{Host: "127.0.0.1", First: 1, Last: 2000}} }, "at most 1024"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := server.Start(options(c.change)); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
}

func TestAServerListensOnManyAddresses(t *testing.T) {
	s := icomettest.Start(t, func(o *server.Options) {
		o.Config.Front.Listen = append(o.Config.Front.Listen, config.Listen{Host: icomettest.Host()}, config.Listen{Host: "localhost"})
	})
	if n := len(s.FrontAddrs()); n != 3 {
		t.Fatalf("%d addresses", n)
	}
	for _, addr := range s.FrontAddrs() {
		c := icomettest.Dial(t, addr)
		c.Get("/ping")
		if a := c.Answer(); a.Status != 200 {
			t.Errorf("%v: %d", addr, a.Status)
		}
	}
	if text := s.Describe(); !strings.Contains(text, "front="+s.Front.String()+"..") || !strings.Contains(text, " admin="+s.Admin.String()) {
		t.Errorf("described as %q", text)
	}
}

func TestStopMayBeCalledByMany(t *testing.T) {
	s := icomettest.Start(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := s.Stop(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if c, err := net.DialTimeout("tcp", s.Front.String(), time.Second); err == nil {
		c.Close()
		t.Error("it still accepts connections")
	}
}

// What was answered with ok before the end is delivered before the end.
func TestStopLosesNoPublishedMessage(t *testing.T) {
	s := icomettest.Start(t, func(o *server.Options) { o.Config.Front.ChannelBufferSize = 0 })
	c := s.DialFront(t)
	c.Get("/stream?cname=c&seq=1")
	s.AwaitSubscribers(t, 1)
	c.Head()
	published := make(chan int)
	begun := make(chan struct{})
	go func() {
		n := 0
		client := &http.Client{Timeout: 10 * time.Second}
		defer client.CloseIdleConnections()
		for {
			answer, err := client.Post(s.AdminURL("/push", "cname", "c", "content", "x"), "", nil)
			if err != nil {
				break
			}
			io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
			if answer.StatusCode != http.StatusOK {
				break
			}
			if n++; n == 20 {
				close(begun)
			}
		}
		published <- n
	}()
	<-begun
	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	n, delivered := <-published, 0
	for c.Chunk() != "" {
		delivered++
	}
	if delivered < n {
		t.Errorf("%d messages were answered with ok, %d delivered", n, delivered)
	}
}
