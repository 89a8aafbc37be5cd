package logfile

import (
	"log/slog"
	"math"
)

// The levels of iComet that slog has no constant for.
const (
	LevelTrace = slog.Level(-8)
	LevelFatal = slog.Level(12)
	// LevelNone is above every record.
	LevelNone = slog.Level(math.MaxInt32)
)

// ParseLevel returns the level that is called none, fatal, error, warn, info, debug or trace, and whether
// there is one. As a threshold a level admits itself and whatever is more important.
func ParseLevel(name string) (level slog.Level, ok bool) {
	switch name {
	case "none":
		return LevelNone, true
	case "fatal":
		return LevelFatal, true
	case "error":
		return slog.LevelError, true
	case "warn":
		return slog.LevelWarn, true
	case "info":
		return slog.LevelInfo, true
	case "debug":
		return slog.LevelDebug, true
	case "trace":
		return LevelTrace, true
	}
	return 0, false
}

// levelText is the level of a record in its line, padded to five characters.
func levelText(level slog.Level) string {
	switch {
	case level >= LevelFatal:
		return "FATAL"
	case level >= slog.LevelError:
		return "ERROR"
	case level >= slog.LevelWarn:
		return "WARN "
	case level >= slog.LevelInfo:
		return "INFO "
	case level >= slog.LevelDebug:
		return "DEBUG"
	}
	return "TRACE"
}
