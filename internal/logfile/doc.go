// Package logfile is a handler for log/slog that writes the line format of iComet:
//
//	2026-01-02 15:04:05.678 [INFO ] server.go(42): icomet started loops=2 front=0.0.0.0:8100
//
// A record is formatted by the goroutine that logs it and put into a bounded queue; one goroutine of the
// [Log] writes the queue out. So logging never waits for a disk or a pipe, and it never touches a
// descriptor on the caller's thread, which matters to threads that have a descriptor table of their own.
// What does not fit into the queue is counted, and the count is written as soon as there is room.
//
// Log files are rotated by gopkg.in/natefinch/lumberjack.v2, which counts in MiB (sizes are rounded up)
// and names the old ones NAME-TIME.EXT. Old files are never deleted. Only regular files are rotated:
// pipes and devices are written to as they are.
//
// Deliberately absent: levels per package, several outputs, JSON, compression.
//
// Start with [Open] and log.go.
package logfile
