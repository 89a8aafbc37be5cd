// Package js carries the JavaScript client, so that a server can hand it to browsers.
//
// It deliberately has no logic: the client is icomet.js beside this file, its tests are in test and need
// Node ("node --test sdk/js/test"). To read the client start at the comment on top of icomet.js.
package js

import _ "embed"

// Client is icomet.js: one plain script in UTF-8, to be served as text/javascript. Callers must not change it.
//
//go:embed icomet.js
var Client []byte
