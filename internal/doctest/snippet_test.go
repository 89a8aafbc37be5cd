package doctest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/auth"
)

const authenticating = "docs/guides/authenticating.md"

// TestSnippetsSignGoodTokens runs every program of the guide, where its language is installed.
func TestSnippetsSignGoodTokens(t *testing.T) {
	const secret = "0123456789abcdef0123456789abcdef"
	key, err := auth.NewSecret([]byte(secret), "test")
	if err != nil {
		t.Fatal(err)
	}
	checker, err := auth.New(auth.Options{Keys: []auth.Key{key}})
	if err != nil {
		t.Fatal(err)
	}
	programs := map[string][]string{"js": {"node"}, "php": {"php"}, "python": {"python3"}, "go": {"go", "run"}}
	for _, b := range blocksOf(read(t, authenticating)) {
		program, ok := programs[b.info]
		if !ok {
			continue
		}
		delete(programs, b.info)
		t.Run(b.info, func(t *testing.T) {
			if _, err := exec.LookPath(program[0]); err != nil {
				t.Skipf("*** SKIPPED: the snippet for %s was not run: %v", b.info, err)
			}
			expectGrant(t, checker, runSnippet(t, program, b, "SECRET="+secret))
		})
	}
	if len(programs) > 0 {
		t.Errorf("%s has no snippets for %v", authenticating, programs)
	}
}

// runSnippet runs the program of a block from a file, and returns what it prints.
func runSnippet(t *testing.T, program []string, b block, environment string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "snippet."+b.info)
	if err := os.WriteFile(file, []byte(strings.Join(b.lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program[0], append(program[1:], file)...)
	cmd.Dir = root // where the module of the Go snippet is known
	cmd.Env = append(os.Environ(), environment)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", program, err)
	}
	return strings.TrimSpace(string(out))
}

func expectGrant(t *testing.T, checker *auth.Checker, token string) {
	t.Helper()
	g, err := checker.Verify(time.Now(), []byte(token))
	if err != nil {
		t.Fatalf("%q: %v", token, err)
	}
	if g.Client != "ann" || !g.MaySubscribe([]byte("chat:1")) || !g.MaySubscribe([]byte("news")) || g.MaySubscribe([]byte("x")) {
		t.Errorf("it grants %+v", g)
	}
	if left := time.Until(g.Expires); left < 55*time.Minute || left > time.Hour {
		t.Errorf("it is good for %v", left)
	}
}

// Every reason to refuse a token is explained in the guide.
func TestEveryRefusalIsExplained(t *testing.T) {
	page := read(t, authenticating)
	for reason := range auth.Reasons {
		if !strings.Contains(page, "`"+reason.String()+"`") {
			t.Errorf("%s: the reason %s is not explained", authenticating, reason)
		}
	}
}
