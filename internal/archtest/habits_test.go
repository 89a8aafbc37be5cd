package archtest

import (
	"fmt"
	"go/ast"
	"go/build/constraint"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// fileLinesMax is where a file is usually two files.
const fileLinesMax = 700

// systemRooms may talk to the kernel without the standard library's help.
var systemRooms = []string{"internal/reactor", "internal/slab", "internal/process", "internal/bench", "internal/icomettest", "test"}

// libraryRooms are where each third-party library is used; elsewhere the project does not know of it.
var libraryRooms = map[string][]string{
	"golang.org/x/sys":                        systemRooms,
	"github.com/alecthomas/kong":              {"cmd/icomet", "internal/bench", "internal/credential"},
	"gopkg.in/natefinch/lumberjack.v2":        {"internal/logfile"},
	"github.com/prometheus/client_golang":     {"internal/metrics"},
	"github.com/HdrHistogram/hdrhistogram-go": {"internal/bench", "test"},
	"gonum.org/v1/plot":                       {"internal/bench"},
	"github.com/gobwas/ws":                    {"internal/ws", "sdk/go"},
	"github.com/golang-jwt/jwt/v5":            {"internal/auth"},
	"github.com/MicahParks/jwkset":            {"internal/auth"},
}

// testLibraries are for test files, and for rooms that only tests import.
var testLibraries = []string{"go.uber.org/goleak", "pgregory.net/rapid", "github.com/google/go-cmp", "github.com/chromedp",
	"github.com/evanw/esbuild", "github.com/getkin/kin-openapi"}

// coreLacks is what the core must do without, and why.
var coreLacks = map[string]string{
	"time":          "time comes in as whole seconds, so that tests turn the clock",
	"net":           "it knows no sockets",
	"net/http":      "it knows no HTTP",
	"encoding/json": "content is text to it",
	"log":           "it reports by return values",
	"log/slog":      "it reports by return values",
	"os":            "it touches nothing outside",
	"context":       "it never waits",
}

// vagueNames say nothing of what a package or a file is about.
var vagueNames = []string{"util", "utils", "common", "helper", "helpers", "manager", "misc", "base", "pkg"}

// within tells whether a folder is in one of some rooms.
func within(folder string, folders []string) bool {
	r, ok := roomOf(folder)
	return ok && slices.Contains(folders, r.folder)
}

// strayImports checks which libraries and system packages a file uses.
func strayImports(f file) (problems []string) {
	for _, name := range f.imports() {
		if name == "syscall" && !f.isTest() && !within(f.folder(), systemRooms) && !namesSignalsOnly(f) {
			problems = append(problems, f.path+" imports syscall: system calls live in "+strings.Join(systemRooms, ", "))
		}
		if domain, _, _ := strings.Cut(name, "/"); strings.Contains(domain, ".") {
			problems = append(problems, strayLibrary(f, name)...)
		}
	}
	return problems
}

// namesSignalsOnly tells whether all that f wants of package syscall is the names of signals.
func namesSignalsOnly(f file) bool {
	only := true
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := s.X.(*ast.Ident); ok && x.Name == "syscall" && !strings.HasPrefix(s.Sel.Name, "SIG") {
			only = false
		}
		return true
	})
	return only
}

func strayLibrary(f file, name string) []string {
	if name == module || strings.HasPrefix(name, module+"/") {
		return nil
	}
	belongs := func(library string) bool { return name == library || strings.HasPrefix(name, library+"/") }
	for library, folders := range libraryRooms {
		if belongs(library) {
			if f.isTest() || within(f.folder(), folders) {
				return nil
			}
			return []string{fmt.Sprintf("%s imports %s, which is for %v only", f.path, name, folders)}
		}
	}
	if slices.ContainsFunc(testLibraries, belongs) {
		if f.isTest() || within(f.folder(), []string{"internal/icomettest", "test"}) {
			return nil
		}
		return []string{fmt.Sprintf("%s imports %s, which is for tests only", f.path, name)}
	}
	return []string{fmt.Sprintf("%s imports %s: a new library needs its room in internal/archtest and its reason in docs/decisions/0005-libraries.md", f.path, name)}
}

// impureCore checks that the core has no clock, no goroutine and nothing outside.
func impureCore(f file) (problems []string) {
	if f.folder() != "internal/hub" || f.isTest() {
		return nil
	}
	for _, name := range f.imports() {
		if why, ok := coreLacks[name]; ok {
			problems = append(problems, fmt.Sprintf("%s: the core does without %s: %s", f.path, name, why))
		}
	}
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		if g, ok := n.(*ast.GoStmt); ok {
			problems = append(problems, f.place(g)+": the core starts no goroutine: whoever wants something later calls it")
		}
		return true
	})
	return problems
}

// ends checks that nothing but the command ends the process.
func ends(f file) (problems []string) {
	if f.isTest() || f.folder() == "cmd/icomet" {
		return nil
	}
	for _, call := range [][2]string{{"os", "Exit"}, {"log", "Fatal"}, {"log", "Fatalf"}, {"log", "Fatalln"}} {
		for _, place := range f.calls(call[0], call[1]) {
			problems = append(problems, fmt.Sprintf("%s: %s.%s: only cmd/icomet ends the process; return an error", place, call[0], call[1]))
		}
	}
	return problems
}

// sleeps checks that tests wait for what happens, not for a time.
func sleeps(f file) (problems []string) {
	if !f.isTest() && !within(f.folder(), []string{"internal/icomettest", "test"}) {
		return nil
	}
	for _, place := range f.calls("time", "Sleep") {
		problems = append(problems, place+": time.Sleep in a test is too short on one machine and too long on all others; wait for the event")
	}
	return problems
}

// vague checks the names of packages and files.
func vague(f file) (problems []string) {
	name := strings.TrimSuffix(path.Base(f.path), ".go")
	for _, word := range append(strings.Split(f.folder(), "/"), strings.Split(name, "_")...) {
		if slices.Contains(vagueNames, word) {
			problems = append(problems, fmt.Sprintf("%s: %q says nothing; name the thing", f.path, word))
		}
	}
	return problems
}

func long(f file) []string {
	if n := strings.Count(f.text, "\n"); n > fileLinesMax {
		return []string{fmt.Sprintf("%s has %d lines, more than %d: it is probably about two things", f.path, n, fileLinesMax)}
	}
	return nil
}

// skippedBudgets checks that tests which the race detector leaves out are among those that `make
// budget` runs, since nobody else does.
func skippedBudgets(f file, budgets *regexp.Regexp) (problems []string) {
	x := f.constraint()
	if !f.isTest() || x == nil || runsWithRace(x) {
		return nil
	}
	for _, d := range f.syntax.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if ok && fn.Recv == nil && isTestName(fn.Name.Name) && !budgets.MatchString(fn.Name.Name) {
			problems = append(problems, fmt.Sprintf("%s: %s is built without the race detector only, and its name does not match BUDGETS of the Makefile (%v): nothing runs it",
				f.place(fn), fn.Name.Name, budgets))
		}
	}
	return problems
}

func isTestName(name string) bool { return strings.HasPrefix(name, "Test") && name != "TestMain" }

func runsWithRace(x constraint.Expr) bool {
	return x.Eval(func(tag string) bool { return tag == "race" || tag == "linux" || tag == "unix" || tag == "amd64" })
}

// TestEachFileKeepsTheHabits runs the rules that look at one file.
func TestEachFileKeepsTheHabits(t *testing.T) {
	budgets := makefileBudgets(t)
	for _, f := range sources(t) {
		for _, rule := range []func(file) []string{strayImports, impureCore, ends, sleeps, vague, long} {
			report(t, rule(f))
		}
		report(t, skippedBudgets(f, budgets))
	}
}

// makefileBudgets is the expression with which `make budget` chooses its tests.
func makefileBudgets(t *testing.T) *regexp.Regexp {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^BUDGETS\s*=\s*(\S+)$`).FindSubmatch(text)
	if m == nil {
		t.Fatal("the Makefile has no BUDGETS")
	}
	return regexp.MustCompile(string(m[1]))
}

// packageComments counts the package comments of each folder.
func packageComments(files []file) map[string]int {
	count := map[string]int{}
	for _, f := range files {
		if f.isTest() {
			continue
		}
		n := 0
		if f.syntax.Doc != nil && strings.TrimSpace(f.syntax.Doc.Text()) != "" {
			n = 1
		}
		count[f.folder()] += n
	}
	return count
}

func TestEveryPackageHasOneComment(t *testing.T) {
	for folder, n := range packageComments(sources(t)) {
		if n != 1 {
			t.Errorf("%s has %d package comments; one says what the package is, what it deliberately does not do, and where to start", folder, n)
		}
	}
}
