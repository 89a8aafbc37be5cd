package doctest

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/config"
	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/server"
)

// The documents speak of a server on the default ports of one machine, of one token and of one moment. Of
// epochs, which are different in each run, see epochs.
const (
	shownFront = "127.0.0.1:8100"
	shownAdmin = "127.0.0.1:8000"
	shownToken = "5e1f0cc2a9d84b7f93a6de0b7c41f852"
	shownDate  = "Date: Thu, 01 Jan 2026 00:00:00 GMT"
)

var (
	tokens = regexp.MustCompile(`\b[0-9a-f]{32}\b`)
	dates  = regexp.MustCompile(`Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT`)
)

// variants are the servers that a block of the kind "console NAME" talks to.
var variants = map[string]func(*server.Options){
	"":      func(*server.Options) {},
	"token": func(o *server.Options) { o.Config.Front.Auth = config.AuthToken },
	"quick": func(o *server.Options) {
		o.Config.Front.PollingTimeout, o.Config.Front.ChannelTimeout = time.Second, time.Second
	},
	"presence": func(o *server.Options) {
		o.Config.Front.Presence, o.Config.Front.ClientIDs = []string{"room*", "lobby"}, true
	},
	"full": func(o *server.Options) { o.Config.Front.MaxChannels, o.Config.Front.MaxSubscribersPerChannel = 1, 0 },
	"tokens": func(o *server.Options) {
		o.Config.Front.ChannelBufferSize, o.Config.Front.ChannelTimeout = 4000, 10*time.Minute
	},
	"few":  func(o *server.Options) { o.Config.Front.MaxChannelsPerSubscriber = 2 },
	"chat": func(o *server.Options) { o.Config.Front.Publish = []string{"chat-*"} },
}

// session runs the commands of one document.
type session struct {
	servers map[string]*icomettest.Server
	token   string // the last that a server has shown
	epochs  epochs
}

// real makes a command of a document one for the server.
func (s *session) real(command string, at *icomettest.Server) string {
	real := strings.NewReplacer(shownFront, at.Front.String(), shownAdmin, at.Admin.String(), shownToken, s.token)
	return s.epochs.real(real.Replace(command))
}

// run runs a command and returns what it prints, as the document shows it.
func (s *session) run(t *testing.T, variant, command string) []string {
	t.Helper()
	if !strings.HasPrefix(command, "curl ") {
		t.Fatalf("%q: only curl is run", command)
	}
	at := s.server(t, variant)
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "bash", "-c", s.real(command, at))
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !(errors.As(err, &exit) && exit.ExitCode() == curlTimedOut) {
		t.Fatalf("%s: %v %s", command, err, stderr.String())
	}
	return s.shown(string(out), at.Front, at.Admin)
}

// curlTimedOut is how curl ends after the time of -m, which is how the manual ends what is endless.
const curlTimedOut = 28

// shown makes output what the document shows.
func (s *session) shown(out string, front, admin netip.AddrPort) []string {
	if token := tokens.FindString(out); token != "" && token != shownToken {
		s.token = token
	}
	out = strings.NewReplacer(front.String(), shownFront, admin.String(), shownAdmin, "\r", "").Replace(out)
	out = s.epochs.shown(tokens.ReplaceAllString(dates.ReplaceAllString(out, shownDate), shownToken))
	out = strings.TrimRight(out, "\n")
	if out == "" {
		return nil
	}
	return strings.Split(out, "\n")
}

func (s *session) server(t *testing.T, variant string) *icomettest.Server {
	t.Helper()
	if s.servers[variant] == nil {
		change, ok := variants[variant]
		if !ok {
			t.Fatalf("no server is called %q", variant)
		}
		s.servers[variant] = icomettest.Start(t, change)
	}
	return s.servers[variant]
}

const prompt = "$ "

// rerun returns the lines of a console or websocket block with what its commands print now.
func (s *session) rerun(t *testing.T, b block) (lines []string) {
	t.Helper()
	if isWebSocket(b) {
		return s.replay(t, b)
	}
	variant := strings.TrimSpace(strings.TrimPrefix(b.info, "console"))
	for _, line := range b.lines {
		if command, ok := strings.CutPrefix(line, prompt); ok {
			lines = append(lines, line)
			lines = append(lines, s.run(t, variant, command)...)
		}
	}
	return lines
}

// TestBlocksShowWhatIsPrinted runs every command of every "console" and "websocket" block, and every program that has an
// "output" block behind it.
func TestBlocksShowWhatIsPrinted(t *testing.T) {
	needCurl(t)
	for _, page := range pages(t) {
		text := read(t, page)
		if !slices.ContainsFunc(blocksOf(text), shows) {
			continue
		}
		t.Run(page, func(t *testing.T) {
			s := session{servers: map[string]*icomettest.Server{}}
			lines := strings.Split(text, "\n")
			var out []string
			from := 0
			blocks := blocksOf(text)
			for i, b := range blocks {
				if !shows(b) {
					continue
				}
				out = append(out, lines[from:b.start]...)
				if b.info != "output" {
					out = append(out, s.rerun(t, b)...)
				} else {
					out = append(out, s.runProgram(t, blocks[i-1], b)...)
				}
				from = b.start + len(b.lines)
			}
			expect(t, page, strings.Join(append(out, lines[from:]...), "\n"))
		})
	}
}

// shows tells whether a block shows what is printed.
func shows(b block) bool { return isConsole(b) || isWebSocket(b) || b.info == "output" }

// interpreters run the file whose name comes behind, by the kind of a block.
var interpreters = map[string][]string{
	"python": {"python3"}, "php": {"php"}, "js": {"node"}, "go": {"go", "run"},
}

// runProgram runs a program and returns what it prints, or what is shown already if it cannot be run here.
func (s *session) runProgram(t *testing.T, program, output block) []string {
	t.Helper()
	argv := interpreters[program.info]
	if argv == nil {
		t.Fatalf("line %d: the output is not of a program", output.start)
	}
	if _, err := exec.LookPath(argv[0]); err != nil {
		t.Logf("*** SKIPPED: an example of the manual needs %s: %v", argv[0], err)
		return output.lines
	}
	at := s.server(t, "")
	name := filepath.Join(t.TempDir(), "example."+program.info)
	if err := os.WriteFile(name, []byte(s.real(strings.Join(program.lines, "\n"), at)), 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), argv[0], append(argv[1:], name)...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("line %d: %v %s", program.start, err, stderr.String())
	}
	return s.shown(string(out), at.Front, at.Admin)
}

func isConsole(b block) bool { return b.info == "console" || strings.HasPrefix(b.info, "console ") }

func needCurl(t *testing.T) {
	t.Helper()
	for _, program := range []string{"curl", "bash"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("*** SKIPPED: the examples of the manual need %s: %v", program, err)
		}
	}
}

func TestOutputIsShownWithoutWhatChanges(t *testing.T) {
	s := session{}
	const token = "0123456789abcdef0123456789abcdef"
	out := fmt.Sprintf("Date: Mon, 02 Feb 2026 03:04:05 GMT\r\n\r\ntoken %s at 127.64.0.1:5\n\n", token)
	got := s.shown(out, netip.MustParseAddrPort("127.64.0.1:5"), netip.MustParseAddrPort("127.64.0.1:6"))
	want := []string{shownDate, "", "token " + shownToken + " at " + shownFront}
	if !slices.Equal(got, want) || s.token != token {
		t.Errorf("got %q and token %s", got, s.token)
	}
}
