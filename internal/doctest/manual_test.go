package doctest

import (
	"context"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/config"
	"github.com/icomet/icomet/internal/icomettest"
)

const (
	manual    = "docs/protocol.md"
	libraries = "docs/decisions/0005-libraries.md"
)

// doors are where the routes of each port stand in the code, and how.
var doors = []struct {
	port, source string
	route        *regexp.Regexp
	addr         func(*icomettest.Server) netip.AddrPort
}{
	{"front", "internal/front/routes.go", regexp.MustCompile(`"(/[a-z]+)"[,:]`), func(s *icomettest.Server) netip.AddrPort { return s.Front }},
	{"admin", "internal/admin/routes.go", regexp.MustCompile(`"(/[a-z0-9/.]+)": +\{`), func(s *icomettest.Server) netip.AddrPort { return s.Admin }},
}

// endpoint is a row of the manual's first table, such as "| admin | `/push` | ...".
var endpoint = regexp.MustCompile("(?m)^\\| (front|admin) \\| (`[^|]+`) \\|")

// documented are the endpoints in the manual's first table, by port.
func documented(page string) map[string][]string {
	all := map[string][]string{}
	for _, m := range endpoint.FindAllStringSubmatch(page, -1) {
		for path := range strings.SplitSeq(strings.ReplaceAll(m[2], "`", ""), ", ") {
			all[m[1]] = append(all[m[1]], path)
		}
	}
	return all
}

func TestEveryEndpointIsInTheManual(t *testing.T) {
	page := read(t, manual)
	for _, d := range doors {
		routes := d.route.FindAllStringSubmatch(read(t, d.source), -1)
		if len(routes) < 6 {
			t.Fatalf("only %d routes were found in %s", len(routes), d.source)
		}
		for _, m := range routes {
			if !slices.Contains(documented(page)[d.port], m[1]) {
				t.Errorf("%s: the table has no %s of the %s port", manual, m[1], d.port)
			}
			if !strings.Contains(page, "### `"+m[1]) && !strings.Contains(page, ", `"+m[1]+"`\n") {
				t.Errorf("%s: %s has no section", manual, m[1])
			}
		}
	}
}

func TestEveryEndpointOfTheManualIsServed(t *testing.T) {
	s := icomettest.Start(t)
	page := read(t, manual)
	for _, d := range doors {
		if len(documented(page)[d.port]) == 0 {
			t.Errorf("%s: no endpoint of the %s port was found", manual, d.port)
		}
		for _, path := range documented(page)[d.port] {
			if status := statusOf(t, "http://"+d.addr(s).String()+path); status == http.StatusNotFound && path != "/close" && path != "/clear" {
				t.Errorf("%s names %s on the %s port, which answers 404", manual, path, d.port)
			}
		}
	}
}

// statusOf asks for a page and does not wait for what is endless.
func statusOf(t *testing.T, url string) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
	return answer.StatusCode
}

// Every example of a configuration is one that the server starts with, without a warning.
func TestExampleConfigurationsAreGood(t *testing.T) {
	found := 0
	for _, page := range pages(t) {
		for _, b := range blocksOf(read(t, page)) {
			if b.info != "conf" {
				continue
			}
			found++
			name := filepath.Join(t.TempDir(), "icomet.conf")
			if err := os.WriteFile(name, []byte(strings.Join(b.lines, "\n")+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, warnings, err := config.Load(name); err != nil || len(warnings) > 0 {
				t.Errorf("%s:%d: %v %v", page, b.start, err, warnings)
			}
		}
	}
	if found == 0 {
		t.Error("no example was found")
	}
}

var required = regexp.MustCompile(`(?m)^\s*([\w./~-]+\.[\w./~-]+) v\S+`)

// modules are the modules of go.mod whose packages the code imports.
func modules(t *testing.T) []string {
	t.Helper()
	var known []string
	for _, m := range required.FindAllStringSubmatch(read(t, "go.mod"), -1) {
		known = append(known, m[1])
	}
	used := map[string]bool{}
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(name) != ".go" {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			for _, module := range known {
				if path == module || strings.HasPrefix(path, module+"/") {
					used[module] = true
				}
			}
		}
		return nil
	})
	if err != nil || len(used) == 0 {
		t.Fatalf("found %d modules in use: %v", len(used), err)
	}
	var all []string
	for module := range used {
		all = append(all, module)
	}
	slices.Sort(all)
	return all
}

func TestEveryLibraryHasAReason(t *testing.T) {
	page := read(t, libraries)
	for _, module := range modules(t) {
		if !strings.Contains(page, "| `"+module+"` |") {
			t.Errorf("%s does not say why %s is used", libraries, module)
		}
	}
}
