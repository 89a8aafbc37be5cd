// Package config reads the configuration of the server: the TAB-indented file of iComet 0.2.5, with
// some keys of our own, into typed values.
//
// Every key stands in one table (see [Keys]): its name, meaning, unit, default, bounds and danger. The
// table drives reading, validation, the defaults, the help text ([Help]) and the manual, so they cannot
// drift apart.
//
// Files that iComet 0.2.5 runs with are read as it reads them, except where it was broken: a value
// that is no number, a port out of range, an address rule that can never match and a negative buffer
// size are errors that name file, line and key. What was only odd becomes a [Warning].
//
// Deliberately absent: globals, environment variables, name resolution, opening of any file but the
// configuration itself, and any knowledge of the rooms that use the values. The process keeps its
// working directory: relative paths are made absolute here.
//
// Start with [Load] and key_table.go.
package config
