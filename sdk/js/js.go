// Package js carries the JavaScript clients, so that a server can hand them to browsers.
//
// It deliberately has no logic: the drop-in client is icomet.js beside this file, the client for version 1 of the
// protocol is in src, and dist has it as one file. Their tests are in test and need Node ("node --test sdk/js/test"). To
// read the first start at the comment on top of icomet.js, to read the second at src/client.js.
package js

import _ "embed"

// Client is icomet.js: one plain script in UTF-8, to be served as text/javascript. Callers must not change it.
//
//go:embed icomet.js
var Client []byte

// Module is the client for version 1 of the protocol: one module, to be served as text/javascript. Callers must not
// change it.
//
//go:embed dist/icomet.esm.js
var Module []byte
