package compat

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/icomet/icomet/internal/config"
	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/server"
)

var update = flag.Bool("update", false, "write the answers in testdata anew")

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(icomettest.Main(m))
}

// A script is a file of cases. A case begins with "case TITLE" and ends before the next one; what comes
// before the first is for the whole file: "server KEY VALUE" lines and comments. In a case stand, one a
// line and all below "----" is the output:
//
//	front METHOD TARGET [| HEADER]... [|| BODY]   request on a connection of its own, whole answer
//	front/1.0 METHOD TARGET ...                   the same in HTTP/1.0
//	open C front                                  open a connection that is called C
//	C METHOD TARGET [| HEADER]... [|| BODY]       send a request on it, read nothing
//	C raw BYTES                                   send bytes
//	C answer | head | chunk | line | rest         read a whole answer, a head, one chunk, one line, all to the end
//	C closed                                      nothing more may come but the end
//	C half | close                                end sending, or everything
//	push NAME TEXT                                publish
//	subscribers N                                 wait until the server has so many
//
// BYTES, BODY and TEXT may hold the escapes of Go strings. Lines that begin with "#" are comments.
type script struct {
	t      *testing.T
	server *icomettest.Server
	conns  map[string]*icomettest.Client
	out    strings.Builder
}

func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			runFile(t, file)
		})
	}
}

func runFile(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split("\n"+string(text), "\ncase ")
	s := icomettest.Start(t, func(o *server.Options) { configure(t, &o.Config, parts[0]) })
	rewritten := strings.TrimPrefix(parts[0], "\n")
	for _, part := range parts[1:] {
		title, rest, _ := strings.Cut(part, "\n")
		commands, want, ok := strings.Cut(rest, "----\n")
		if !ok && !*update {
			t.Fatalf("case %s has no ----", title)
		}
		var got string
		t.Run(title, func(t *testing.T) {
			r := &script{t: t, server: s, conns: map[string]*icomettest.Client{}}
			for line := range strings.Lines(commands) {
				r.do(strings.TrimSpace(line))
			}
			got = r.out.String()
			if want := strings.TrimRight(want, "\n"); !*update && want != strings.TrimRight(got, "\n") {
				t.Errorf("the answers differ (- want, + got):\n%s", cmp.Diff(strings.Split(want, "\n"), strings.Split(strings.TrimRight(got, "\n"), "\n")))
			}
		})
		rewritten += "\ncase " + title + "\n" + strings.TrimRight(commands, "\n") + "\n----\n" + got
	}
	if *update {
		if err := os.WriteFile(file, []byte(rewritten), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// configure reads the "server" lines of a file.
func configure(t *testing.T, c *config.Config, preamble string) {
	for line := range strings.Lines(preamble) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] != "server" {
			continue
		}
		var err error
		switch f[1] {
		case "max_channels":
			c.Front.MaxChannels, err = strconv.Atoi(f[2])
		case "max_subscribers_per_channel":
			c.Front.MaxSubscribersPerChannel, err = strconv.Atoi(f[2])
		case "channel_buffer_size":
			c.Front.ChannelBufferSize, err = strconv.Atoi(f[2])
		case "channel_timeout":
			c.Front.ChannelTimeout, err = time.ParseDuration(f[2])
		case "polling_timeout":
			c.Front.PollingTimeout, err = time.ParseDuration(f[2])
		case "head_bytes":
			c.Front.HeadBytes, err = strconv.Atoi(f[2])
		case "auth":
			c.Front.Auth = map[string]config.Auth{"token": config.AuthToken, "none": config.AuthNone}[f[2]]
		case "allow":
			c.Admin.Access, err = config.NewAccess(f[2:], nil)
		case "deny":
			c.Admin.Access, err = config.NewAccess(nil, f[2:])
		default:
			t.Fatalf("unknown setting %q", f[1])
		}
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
}

func (r *script) do(line string) {
	r.t.Helper()
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "", "#":
	case "front", "front/1.0", "admin", "admin/1.0":
		c := r.dial(strings.TrimSuffix(word, "/1.0"))
		sendRequest(r.t, c, rest, strings.HasSuffix(word, "/1.0"))
		r.answer("", c, strings.HasPrefix(rest, "HEAD "))
		c.Close()
	case "open":
		name, door, _ := strings.Cut(rest, " ")
		r.conns[name] = r.dial(door)
	case "push":
		name, text, _ := strings.Cut(rest, " ")
		r.server.Push(r.t, name, unescape(r.t, text))
	case "subscribers":
		n, _ := strconv.Atoi(rest)
		r.server.AwaitSubscribers(r.t, int64(n))
	default:
		c, ok := r.conns[word]
		if !ok {
			r.t.Fatalf("what is %q?", line)
		}
		r.onConn(word, c, rest)
	}
}

func (r *script) onConn(name string, c *icomettest.Client, command string) {
	r.t.Helper()
	word, rest, _ := strings.Cut(command, " ")
	switch word {
	case "raw":
		c.Send(unescape(r.t, rest))
	case "answer":
		r.answer(name+": ", c, false)
	case "head":
		a := c.Head()
		r.head(name+": ", &a)
	case "chunk":
		r.print(name+": ", "chunk", c.Chunk())
	case "line":
		r.print(name+": ", "line", c.Line())
	case "rest":
		r.print(name+": ", "rest", c.Rest())
	case "closed":
		c.AwaitEnd()
		r.print(name+": ", "closed", "")
	case "half":
		c.Half()
	case "close":
		c.Close()
	default:
		sendRequest(r.t, c, command, false)
	}
}

func (r *script) dial(door string) *icomettest.Client {
	if door == "admin" {
		return r.server.DialAdmin(r.t)
	}
	return r.server.DialFront(r.t)
}

// sendRequest sends METHOD TARGET [| HEADER]... [|| BODY].
func sendRequest(t *testing.T, c *icomettest.Client, text string, old bool) {
	t.Helper()
	text, body, hasBody := strings.Cut(text, " || ")
	parts := strings.Split(text, " | ")
	method, target, ok := strings.Cut(parts[0], " ")
	if !ok {
		t.Fatalf("bad request %q", text)
	}
	version, headers := "HTTP/1.1\r\nHost: test", strings.Join(append(parts[1:], ""), "\r\n")
	if old {
		version = "HTTP/1.0"
	}
	if body = unescape(t, body); hasBody {
		headers += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	c.Send(method + " " + unescape(t, target) + " " + version + "\r\n" + headers + "\r\n" + body)
}

// answer reads and prints a whole answer, and whether the connection closes with it.
func (r *script) answer(prefix string, c *icomettest.Client, head bool) {
	r.t.Helper()
	var a icomettest.Answer
	if head {
		a = c.Head()
	} else {
		a = c.Answer()
	}
	r.head(prefix, &a)
	for _, chunk := range a.Chunks {
		r.print(prefix, "chunk", chunk)
	}
	if a.Body != "" && len(a.Chunks) == 0 {
		r.print(prefix, "body", a.Body)
	}
	if strings.EqualFold(a.Header("Connection"), "close") {
		if !a.Closes {
			c.AwaitEnd()
		}
		r.print(prefix, "closed", "")
	}
}

func (r *script) head(prefix string, a *icomettest.Answer) {
	for line := range strings.SplitSeq(a.Head, "\r\n") {
		r.print(prefix, "", line)
	}
}

var (
	dates  = regexp.MustCompile(`^Date: [A-Z][a-z][a-z], \d\d [A-Z][a-z][a-z] \d{4} \d\d:\d\d:\d\d GMT$`)
	tokens = regexp.MustCompile(`"token":"[0-9a-f]{32}"`)
	nots   = strings.NewReplacer("\n", "⏎", "\r", `\r`, "\x00", `\x00`)
)

// print writes a line of output, with what differs in every run masked.
func (r *script) print(prefix, kind, text string) {
	text = dates.ReplaceAllString(text, "Date: *")
	text = tokens.ReplaceAllString(text, `"token":"*"`)
	r.out.WriteString(strings.TrimRight(prefix+strings.TrimLeft(kind+" "+nots.Replace(text), " "), " ") + "\n")
}

func unescape(t *testing.T, text string) string {
	t.Helper()
	plain, err := strconv.Unquote(`"` + strings.ReplaceAll(text, `"`, `\"`) + `"`)
	if err != nil {
		t.Fatalf("bad escapes in %q: %v", text, err)
	}
	return plain
}

// repairs are the defects of the original whose repair can be seen on the wire of a single conversation.
// Others are shown elsewhere: 7 in seq_test.go, 9 and 11 in clients_test.go, 17 and 20 to 27 by the
// tests of the rooms that they belong to.
var repairs = []int{1, 2, 3, 4, 5, 6, 8, 10, 12, 13, 14, 15, 16, 18, 28}

func TestEveryRepairHasAConversation(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txt")
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	for _, n := range repairs {
		if !regexp.MustCompile(fmt.Sprintf(`repairs 13\.%d\b`, n)).MatchString(all.String()) {
			t.Errorf("no case in testdata repairs 13.%d", n)
		}
	}
}
