// Package icomettest starts servers for tests and talks to them.
//
// Only tests import it. Start at [Start].
package icomettest

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"sync/atomic"
	"testing"

	"github.com/icomet/icomet/internal/config"
	"github.com/icomet/icomet/internal/logfile"
	"github.com/icomet/icomet/internal/server"
)

// Server is a running server of a test.
type Server struct {
	*server.Server
	Front, Admin netip.AddrPort // the first address of each door
}

// hosts numbers the loopback addresses that servers of this process listen on. Each server gets one of its
// own, so that no client's local port can take a server's.
var hosts atomic.Uint32

// Host returns a loopback address that no other server of this test listens on, nor, most likely, one of
// another test that runs beside it.
func Host() string {
	n, pid := hosts.Add(1), os.Getpid()
	return fmt.Sprintf("127.%d.%d.%d", 64+pid>>8&63, pid&255, 1+n%250)
}

// Config is the configuration that Start uses: the defaults on free ports of an address of its own.
func Config() config.Config {
	c := config.Default()
	host := Host()
	c.Front.Listen = []config.Listen{{Host: host}}
	c.Admin.Listen = []config.Listen{{Host: host}}
	c.Loops = 2
	return c
}

// Start starts a server that ends with the test. change may change its options.
func Start(t testing.TB, change ...func(o *server.Options)) *Server {
	t.Helper()
	log := logfile.New(t.Output(), slog.LevelWarn)
	o := server.Options{Config: Config(), Log: log.Logger()}
	o.Config.Admin.Access = config.Access{}
	for _, f := range change {
		f(&o)
	}
	s, err := server.Start(o)
	if err != nil {
		t.Fatalf("start server: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Errorf("stop server: %v", err)
		}
		log.Close(context.Background())
	})
	return &Server{Server: s, Front: s.FrontAddrs()[0], Admin: s.AdminAddrs()[0]}
}

// FrontURL and AdminURL are the address of a path with parameters, given as names and values in turn.
func (s *Server) FrontURL(path string, params ...string) string {
	return address(s.Front, path, params)
}
func (s *Server) AdminURL(path string, params ...string) string {
	return address(s.Admin, path, params)
}

func address(a netip.AddrPort, path string, params []string) string {
	query := url.Values{}
	for i := 0; i < len(params); i += 2 {
		query.Set(params[i], params[i+1])
	}
	return "http://" + a.String() + path + "?" + query.Encode()
}

// Push publishes content and fails the test if the server does not take it.
func (s *Server) Push(t testing.TB, channel, content string) {
	t.Helper()
	answer, err := http.Post(s.AdminURL("/push", "cname", channel, "content", content), "", nil)
	if err != nil {
		t.Fatalf("push: %v", err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("push: %s", answer.Status)
	}
}
