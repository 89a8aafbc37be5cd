package archtest

import (
	"regexp"
	"testing"
)

// TestRulesSeeWhatBreaksThem holds each rule against a source that breaks it and one that does not.
func TestRulesSeeWhatBreaksThem(t *testing.T) {
	budgets := func(f file) []string { return skippedBudgets(f, regexp.MustCompile("Budget")) }
	for _, c := range []struct {
		name, path, text string
		rule             func(file) []string
		broken           int
	}{
		{"door imports door", "internal/front/x.go", `import _ "github.com/icomet/icomet/internal/admin"`, wrongArrows, 1},
		{"core imports up", "internal/hub/x.go", `import _ "github.com/icomet/icomet/internal/server"`, wrongArrows, 1},
		{"room imports itself", "internal/http1/x.go", `import _ "github.com/icomet/icomet/internal/http1/wiretest"`, wrongArrows, 0},
		{"test imports anything", "internal/hub/x_test.go", `import _ "github.com/icomet/icomet/internal/server"`, wrongArrows, 0},
		{"import of what is no room", "internal/server/x.go", `import _ "github.com/icomet/icomet/internal/nowhere"`, wrongArrows, 1},
		{"folder that is no room", "internal/nowhere/x.go", ``, wrongArrows, 1},
		{"name that only begins like a room's", "internal/hubs/x.go", ``, wrongArrows, 1},
		{"product imports test room", "cmd/icomet/x.go", `import _ "github.com/icomet/icomet/internal/icomettest"`, wrongArrows, 1},
		{"bench imports the doors' tests", "internal/bench/x.go", `import _ "github.com/icomet/icomet/internal/archtest"`, wrongArrows, 1},

		{"system call in a door", "internal/front/x.go", `import "syscall"; var pid = syscall.Getpid()`, strayImports, 1},
		{"name of a signal", "cmd/icomet/x.go", `import "syscall"; var end = syscall.SIGTERM`, strayImports, 0},
		{"system call by x/sys in a door", "internal/front/x.go", `import _ "golang.org/x/sys/unix"`, strayImports, 1},
		{"system call in reactor", "internal/reactor/x.go", `import _ "golang.org/x/sys/unix"`, strayImports, 0},
		{"library out of its room", "internal/admin/x.go", `import _ "github.com/prometheus/client_golang/prometheus"`, strayImports, 1},
		{"test library in product", "internal/hub/x.go", `import _ "pgregory.net/rapid"`, strayImports, 1},
		{"test library in test", "internal/hub/x_test.go", `import _ "pgregory.net/rapid"`, strayImports, 0},
		{"unknown library", "internal/bench/x.go", `import _ "example.com/new"`, strayImports, 1},

		{"core with a clock", "internal/hub/x.go", `import "time"; var now = time.Now`, impureCore, 1},
		{"core with a goroutine", "internal/hub/x.go", `func f() { go f() }`, impureCore, 1},
		{"core's test with a goroutine", "internal/hub/x_test.go", `func f() { go f() }`, impureCore, 0},
		{"others with a goroutine", "internal/server/x.go", `func f() { go f() }`, impureCore, 0},

		{"room ends the process", "internal/server/x.go", `import "os"; func f() { os.Exit(1) }`, ends, 1},
		{"room ends the process by log", "internal/server/x.go", `import "log"; func f() { log.Fatalf("") }`, ends, 1},
		{"command ends the process", "cmd/icomet/x.go", `import "os"; func f() { os.Exit(1) }`, ends, 0},

		{"test sleeps", "internal/hub/x_test.go", `import "time"; func f() { time.Sleep(1) }`, sleeps, 1},
		{"test room sleeps", "internal/icomettest/x.go", `import "time"; func f() { time.Sleep(1) }`, sleeps, 1},
		{"product sleeps", "internal/process/x.go", `import "time"; func f() { time.Sleep(1) }`, sleeps, 0},

		{"vague package", "internal/util/x.go", ``, vague, 1},
		{"vague file", "internal/hub/channel_helper.go", ``, vague, 1},
		{"named file", "internal/hub/channel.go", ``, vague, 0},

		{"test that only runs without race", "internal/hub/x_test.go", `func TestSize() {}`, budgets, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			expectProblems(t, c.rule, c.path, "package x\n"+c.text+"\n", c.broken)
		})
	}
}

func TestTestsThatNothingRunsAreSeen(t *testing.T) {
	budgets := func(f file) []string { return skippedBudgets(f, regexp.MustCompile("Budget")) }
	const text = "package x\nfunc TestSize() {}\nfunc TestBudgetOfSize() {}\nfunc size() {}\n"
	expectProblems(t, budgets, "internal/hub/x_test.go", "//go:build linux && !race\n\n"+text, 1)
	expectProblems(t, budgets, "internal/hub/x_test.go", "//go:build linux\n\n"+text, 0)
	expectProblems(t, budgets, "internal/hub/x.go", "//go:build !race\n\n"+text, 0)
}

func TestLongFilesAreSeen(t *testing.T) {
	text := "package x\n"
	for range fileLinesMax {
		text += "// more\n"
	}
	expectProblems(t, long, "internal/hub/x.go", text, 1)
}

func TestPackageCommentsAreCounted(t *testing.T) {
	var files []file
	for name, text := range map[string]string{
		"none/x.go":     "package x\n",
		"one/x.go":      "// Package x is here.\npackage x\n",
		"one/y.go":      "package x\n",
		"two/x.go":      "// Package x is here.\npackage x\n",
		"two/y.go":      "// Package x is here too.\npackage x\n",
		"one/x_test.go": "// Tests are not asked.\npackage x\n",
	} {
		f, err := parse(name, text)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	count := packageComments(files)
	if count["none"] != 0 || count["one"] != 1 || count["two"] != 2 {
		t.Errorf("counted %v", count)
	}
}

func expectProblems(t *testing.T, rule func(file) []string, path, text string, n int) {
	t.Helper()
	f, err := parse(path, text)
	if err != nil {
		t.Fatal(err)
	}
	if problems := rule(f); len(problems) != n {
		t.Errorf("%d problems, want %d: %q", len(problems), n, problems)
	}
}
