// Package proxy puts the server behind the proxies that people run, and tries to get a request past them.
package proxy

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/http1/wiretest"
	"github.com/icomet/icomet/internal/icomettest"
)

func TestMain(m *testing.M) { os.Exit(icomettest.Main(m)) }

const (
	proxyPort  = 8080
	startLimit = 20 * time.Second
	// quietLimit is how long a proxy may say nothing before its answers count as complete.
	quietLimit = 2 * time.Second
	// clients is how many conversations go on at a time.
	clients = 64
)

// proxy is a program that stands in front of the server.
type proxy struct {
	program string
	// config is its configuration; the arguments are the proxy's host and port, the server's host and port, and
	// a folder of its own.
	config string
	args   func(folder, config, listen, backend string) []string
}

var proxies = []proxy{
	{"nginx", `daemon off; master_process off; worker_processes 1; pid %[5]s/pid; error_log stderr crit;
events { worker_connections 512; }
http { access_log off; client_body_temp_path %[5]s/a; proxy_temp_path %[5]s/b; fastcgi_temp_path %[5]s/c;
	uwsgi_temp_path %[5]s/d; scgi_temp_path %[5]s/e; underscores_in_headers on; ignore_invalid_headers off;
	upstream server { server %[3]s:%[4]d; keepalive 16; }
	server { listen %[1]s:%[2]d; location / { proxy_pass http://server; proxy_http_version 1.1;
		proxy_set_header Connection ""; proxy_request_buffering off; } } }
`, func(_, config, _, _ string) []string { return []string{"-c", config} }},
	{"haproxy", `defaults
	mode http
	timeout connect 5s
	timeout client 5s
	timeout server 5s
	option http-keep-alive
	http-reuse always
frontend f
	bind %[1]s:%[2]d
	default_backend b
backend b
	server s %[3]s:%[4]d
`, func(_, config, _, _ string) []string { return []string{"-f", config, "-db"} }},
	{"varnishd", "", func(folder, _, listen, backend string) []string {
		return []string{"-F", "-n", folder, "-a", listen, "-b", backend}
	}},
}

// TestNoRequestIsSmuggledPastAProxy sends every case of the wire table through each proxy. Whatever the disguise,
// the server must not have served more requests than the client has got answers: one more would be a
// request that the proxy did not know of, and its answer would go to the next client.
func TestNoRequestIsSmuggledPastAProxy(t *testing.T) {
	for _, p := range proxies {
		t.Run(p.program, func(t *testing.T) {
			if _, err := exec.LookPath(p.program); err != nil {
				t.Skipf("SKIPPED: no %s on this machine; install its Debian package to test behind it", p.program)
			}
			s := icomettest.Start(t)
			listen := p.start(t, s)
			before := served(t, s)
			answers := converse(listen, "/ping")
			requests := served(t, s) - before
			t.Logf("%d answers, of %d requests that the server served", answers, requests)
			if requests == 0 || answers == 0 {
				t.Error("nothing got through")
			}
			if requests > answers {
				t.Errorf("the server served %d requests, and the client got %d answers", requests, answers)
			}
		})
	}
}

// start starts the proxy, which ends with the test, and returns its address.
func (p *proxy) start(t *testing.T, s *icomettest.Server) string {
	t.Helper()
	host, folder := icomettest.Host(), t.TempDir()
	listen := net.JoinHostPort(host, strconv.Itoa(proxyPort))
	config := filepath.Join(folder, "config")
	if p.config != "" {
		text := fmt.Sprintf(p.config, host, proxyPort, s.Front.Addr(), s.Front.Port(), folder)
		if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.Command(p.program, p.args(folder, config, listen, s.Front.String())...)
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Process.Signal(os.Interrupt)
		c.Wait()
	})
	works := func() bool {
		answer, err := http.Get("http://" + listen + "/ping")
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	}
	if !icomettest.Within(startLimit, works) {
		c.Process.Kill()
		c.Wait()
		t.Skipf("SKIPPED: %s does not work here: %s", p.program, said.String())
	}
	return listen
}

// converse sends all cases through a proxy, each over a connection of its own, and counts the answers.
func converse(listen, path string) int {
	var answers atomic.Int64
	var all sync.WaitGroup
	places := make(chan struct{}, clients)
	for _, c := range wiretest.All() {
		places <- struct{}{}
		all.Go(func() {
			answers.Add(int64(ask(listen, c.Input(path))))
			<-places
		})
	}
	all.Wait()
	return int(answers.Load())
}

// servedAnswer is an answer of the server: its routes give these statuses, what a proxy refuses by itself has others.
var servedAnswer = regexp.MustCompile(`HTTP/1\.[01] (200|204|404|405|501)`)

// ask sends bytes and counts the server's answers that come until the proxy closes or falls silent.
func ask(listen string, input []byte) int {
	conn, err := net.Dial("tcp", listen)
	if err != nil {
		return 0
	}
	defer conn.Close()
	go conn.Write(input)
	var got bytes.Buffer
	piece := make([]byte, 16<<10)
	for {
		conn.SetReadDeadline(time.Now().Add(quietLimit))
		n, err := conn.Read(piece)
		got.Write(piece[:n])
		if err != nil {
			return len(servedAnswer.FindAll(got.Bytes(), -1))
		}
	}
}

// served is how many whole requests the public door has served.
func served(t *testing.T, s *icomettest.Server) int {
	t.Helper()
	answer, err := http.Get(s.AdminURL("/metrics"))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	figure := regexp.MustCompile(`(?m)^icomet_requests_total\{door="front"\} (\d+)$`).FindSubmatch(text)
	if figure == nil {
		t.Fatal("no figure of requests")
	}
	n, err := strconv.Atoi(string(figure[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
