// Package js carries the drop-in JavaScript client, so that a server can hand it to browsers.
//
// It deliberately has no logic: the scripts beside this file have theirs, and their tests, which need Node, are in test.
// There are two clients. icomet.js is one script with the interface of the original's; start at the comment on top
// of it. The other is made of the modules in src, which esbuild bundles into dist; start at src/client.js.
package js

import _ "embed"

// Client is icomet.js: one plain script in UTF-8, to be served as text/javascript. Callers must not change it.
//
//go:embed icomet.js
var Client []byte
