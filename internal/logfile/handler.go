package logfile

import (
	"context"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"time"
)

// handler is the slog side of a Log. It is immutable; WithAttrs and WithGroup return changed copies.
type handler struct {
	log *Log
	// attrs is the formatted text of the attributes given so far, prefix the groups in front of the next
	// ones, each with its dot.
	attrs  []byte
	prefix string
}

// formats recycles line buffers between records.
var formats = sync.Pool{New: func() any { return new(lineFormat) }}

// Enabled says whether level reaches the threshold.
func (h *handler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= h.log.level.Level()
}

// Handle formats r and queues it. It never returns an error; what is lost is counted by the log.
func (h *handler) Handle(_ context.Context, r slog.Record) error {
	f := formats.Get().(*lineFormat)
	at := r.Time
	if at.IsZero() {
		at = time.Now()
	}
	frame, _ := runtime.CallersFrames([]uintptr{r.PC}).Next()
	f.begin(at, r.Level, frame.File, frame.Line)
	f.text(r.Message)
	f.raw(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		f.attr(h.prefix, a)
		return !f.full()
	})
	h.log.enqueue(f.end())
	formats.Put(f)
	return nil
}

// WithAttrs returns a handler that puts attrs behind the text of each record.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	f := lineFormat{line: slices.Clone(h.attrs)}
	for _, a := range attrs {
		f.attr(h.prefix, a)
	}
	return &handler{log: h.log, attrs: f.line, prefix: h.prefix}
}

// WithGroup returns a handler that puts name and a dot before the keys of later attributes.
func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return &handler{log: h.log, attrs: h.attrs, prefix: h.prefix + name + "."}
}
