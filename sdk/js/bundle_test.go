package js

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/evanw/esbuild/pkg/api"
)

var update = flag.Bool("update", false, "write the bundles in dist anew")

// banner heads every bundle.
const banner = "/*! icomet client, made from sdk/js/src; see sdk/js/README.md */"

// bundles are the files in dist. Their language is that of browsers since 2021; icomet.js serves older ones.
var bundles = []struct {
	file   string
	format api.Format
	minify bool
}{
	{"dist/icomet.esm.js", api.FormatESModule, false},
	{"dist/icomet.min.js", api.FormatIIFE, true},
}

// bundle makes one file of all modules behind src/index.js.
func bundle(t *testing.T, format api.Format, minify bool) []byte {
	t.Helper()
	result := api.Build(api.BuildOptions{
		EntryPoints: []string{"src/index.js"}, Bundle: true, Format: format, GlobalName: "Icomet", Target: api.ES2022,
		Charset: api.CharsetASCII, Banner: map[string]string{"js": banner},
		MinifyWhitespace: minify, MinifyIdentifiers: minify, MinifySyntax: minify,
	})
	for _, message := range append(result.Errors, result.Warnings...) {
		t.Errorf("%+v: %s", message.Location, message.Text)
	}
	if len(result.OutputFiles) != 1 {
		t.Fatalf("made %d files", len(result.OutputFiles))
	}
	return result.OutputFiles[0].Contents
}

func TestBundlesAreCurrent(t *testing.T) {
	for _, b := range bundles {
		want := bundle(t, b.format, b.minify)
		if *update {
			if err := os.WriteFile(b.file, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(b.file); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what src makes (%v); run: make sdk", b.file, err)
		}
	}
}

func TestTypesAreTypeScript(t *testing.T) {
	types, err := os.ReadFile("icomet.d.ts")
	if err != nil {
		t.Fatal(err)
	}
	for _, message := range api.Transform(string(types), api.TransformOptions{Loader: api.LoaderTS}).Errors {
		t.Errorf("%+v: %s", message.Location, message.Text)
	}
}
