package archtest

import (
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/icomet/icomet"

// file is a Go file of the project, or one that a test makes up.
type file struct {
	path   string // from the root of the module, with slashes
	text   string
	syntax *ast.File
	places *token.FileSet
}

func (f file) folder() string { return path.Dir(f.path) }
func (f file) isTest() bool   { return strings.HasSuffix(f.path, "_test.go") }

// imports are all import paths.
func (f file) imports() (all []string) {
	for _, spec := range f.syntax.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err == nil {
			all = append(all, name)
		}
	}
	return all
}

// projectImports are the folders of this project that f imports.
func (f file) projectImports() (folders []string) {
	for _, name := range f.imports() {
		if folder, ok := strings.CutPrefix(name, module+"/"); ok {
			folders = append(folders, folder)
		}
	}
	return folders
}

// place is where in the project n stands.
func (f file) place(n ast.Node) string {
	return f.path + ":" + strconv.Itoa(f.places.Position(n.Pos()).Line)
}

// calls are the places where f names symbol of the package with that name, called or not.
func (f file) calls(pkg, symbol string) (places []string) {
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if !ok || s.Sel.Name != symbol {
			return true
		}
		if x, ok := s.X.(*ast.Ident); ok && x.Name == pkg && x.Obj == nil {
			places = append(places, f.place(n))
		}
		return true
	})
	return places
}

// constraint is the build constraint of f, nil if there is none.
func (f file) constraint() constraint.Expr {
	for line := range strings.Lines(f.text) {
		line = strings.TrimSpace(line)
		if constraint.IsGoBuild(line) {
			if x, err := constraint.Parse(line); err == nil {
				return x
			}
		}
		if strings.HasPrefix(line, "package ") {
			break
		}
	}
	return nil
}

func parse(name, text string) (file, error) {
	places := token.NewFileSet()
	syntax, err := parser.ParseFile(places, name, text, parser.ParseComments)
	return file{name, text, syntax, places}, err
}

// root is the folder of the module.
const root = "../.."

var readSources = sync.OnceValues(func() (all []file, err error) {
	err = filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "testdata" || strings.HasPrefix(entry.Name(), ".git")) {
			return fs.SkipDir
		}
		if entry.IsDir() || filepath.Ext(name) != ".go" {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		f, err := parse(filepath.ToSlash(relative), string(text))
		all = append(all, f)
		return err
	})
	return all, err
})

// sources are all Go files of the project, whatever their build constraints.
func sources(t *testing.T) []file {
	t.Helper()
	all, err := readSources()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("no source was found")
	}
	return all
}

func exists(t *testing.T, folder string) bool {
	t.Helper()
	_, err := os.Stat(filepath.Join(root, folder))
	return err == nil
}

func report(t *testing.T, problems []string) {
	t.Helper()
	for _, p := range problems {
		t.Error(p)
	}
}
