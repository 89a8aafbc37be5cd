// Package web holds the pages that the server shows to people, as static files.
//
// It deliberately has no handlers and knows no route: whoever serves a page decides where and with which
// headers. The pages load nothing from elsewhere and have neither inline scripts nor inline styles, so they work under
// the Content-Security-Policy "default-src 'self'; connect-src *". Start at demo/index.html, chat.js, chart.js and tokens.js.
package web

import (
	"embed"
	"io/fs"
)

//go:embed demo
var files embed.FS

// Demo are the pages of the demos: index.html and what it leads to by relative address. Besides these files the
// pages need icomet.esm.js (the JavaScript client) next to them, the subscriptions of a public door, and what package
// demo serves below /demo/. Safe for concurrent use.
var Demo fs.FS = folder("demo")

// folder panics if name is not among the embedded files, which the compiler already rules out.
func folder(name string) fs.FS {
	sub, err := fs.Sub(files, name)
	if err != nil {
		panic(err)
	}
	return sub
}
