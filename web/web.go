// Package web holds the pages that the server shows to people, as static files.
//
// It deliberately has no handlers and knows no route: whoever serves a page decides where and with which
// headers. The pages load nothing from elsewhere and have neither inline scripts nor inline styles, so they work under
// the Content-Security-Policy "default-src 'self'; connect-src *". Start at demo/index.html.
package web

import (
	"embed"
	"io/fs"
)

//go:embed demo
var files embed.FS

// Demo is the chat demo: index.html and what it loads by relative address, so it can be served under any
// path that ends in a slash. Besides these files the page needs /icomet.js (the JavaScript client), /sub and
// /sse (the front's), /demo/sign (as the admin's /sign) and /demo/pub (as its /push, by POST). Safe for concurrent use.
var Demo fs.FS = folder("demo")

// folder panics if name is not among the embedded files, which the compiler already rules out.
func folder(name string) fs.FS {
	sub, err := fs.Sub(files, name)
	if err != nil {
		panic(err)
	}
	return sub
}
