package logfile

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"sync"
	"time"
)

// queueBytesMax bounds the lines that wait for the writer. It is well below the least size of rotation,
// since lumberjack refuses to write more than that at once.
const queueBytesMax = 256 << 10

// Options say where and what to write.
type Options struct {
	// Output is "stdout", "stderr" or the path of a file, which is appended to.
	Output string
	// Level is the threshold; a *slog.LevelVar can be changed while the log is open.
	Level slog.Leveler
	// RotateBytes is the size at which a file is put aside, rounded up to whole MiB.
	RotateBytes int64
}

// Log is an open log: a queue and the goroutine that writes it out. Its methods are safe for concurrent
// use.
type Log struct {
	// Set before use, never changed.
	out     sink
	level   slog.Leveler
	wake    chan struct{} // holds one token; more say nothing new
	stopped chan struct{} // closed when the writer has ended

	mu sync.Mutex
	// Guarded by mu.
	pending []byte // whole lines
	records int    // how many
	dropped uint64
	closed  bool

	// Owned by the writer.
	spare    []byte
	reported uint64 // how many of dropped the log has a line about
}

// sink is where lines end up.
type sink interface {
	io.Writer
	// reopen makes the sink forget its descriptor and open its path again.
	reopen() error
	// Close frees the descriptor.
	Close() error
}

// Open opens the output and starts the writer. The error says which output cannot be opened and why.
// The caller closes the log when nothing logs any more.
func Open(o Options) (*Log, error) {
	out, err := openSink(o.Output, o.RotateBytes)
	if err != nil {
		return nil, fmt.Errorf("logfile: %w", err)
	}
	return start(out, o.Level), nil
}

// New starts a log that writes to w, which it does not close. w is only used by one goroutine.
func New(w io.Writer, level slog.Leveler) *Log { return start(stream{w}, level) }

func start(out sink, level slog.Leveler) *Log {
	loadZone()
	l := &Log{out: out, level: level, wake: make(chan struct{}, 1), stopped: make(chan struct{})}
	go l.write()
	return l
}

// loadZone makes package time read its zone file now and not on the thread of the first record.
func loadZone() { time.Now().Zone() }

// Handler returns the handler through which package slog reaches the log.
func (l *Log) Handler() slog.Handler { return &handler{log: l} }

// Logger returns a logger that writes to the log.
func (l *Log) Logger() *slog.Logger { return slog.New(l.Handler()) }

// Dropped returns how many records were lost since Open: because the queue was full, because the output
// failed, or because they came after Close.
func (l *Log) Dropped() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dropped
}

// Reopen opens the file again, so that one that was renamed by another program is left alone from then
// on. Streams are not affected. It may wait for the disk; after an error the next record tries again.
func (l *Log) Reopen() error {
	if err := l.out.reopen(); err != nil {
		return fmt.Errorf("logfile: %w", err)
	}
	return nil
}

// Close writes out what is queued and closes the output. If the output does not take it by the deadline
// of ctx the error is that of ctx, and the rest is lost unless the output wakes up later. Later records
// are dropped. Only the first call does something.
func (l *Log) Close(ctx context.Context) error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.signal()
	select {
	case <-l.stopped:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("logfile: flush: %w", ctx.Err())
	}
}

// enqueue copies line, which ends in a newline, or counts it as dropped. It never blocks for longer than
// another caller's copy takes.
func (l *Log) enqueue(line []byte) {
	l.mu.Lock()
	if l.closed || len(l.pending)+len(line) > queueBytesMax {
		l.dropped++
		l.mu.Unlock()
		return
	}
	l.pending = append(l.pending, line...)
	l.records++
	first := l.records == 1
	l.mu.Unlock()
	if first {
		l.signal()
	}
}

func (l *Log) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// write runs as the one goroutine of the log until it is closed and the queue is empty.
func (l *Log) write() {
	defer close(l.stopped)
	defer l.out.Close()
	for range l.wake {
		if l.drain() {
			return
		}
	}
}

// drain writes until the queue is empty, and says whether the log is closed. Drops are reported behind the
// next lines that get through: when the queue is full there are some, and when the output fails a report
// would not get through either.
func (l *Log) drain() (closed bool) {
	for {
		batch := l.take()
		if batch.records == 0 {
			return batch.closed
		}
		if l.put(batch) {
			l.report(batch.dropped)
		}
	}
}

// batch is the queue as the writer found it.
type batch struct {
	lines   []byte
	records int
	dropped uint64 // in all, up to these lines
	closed  bool
}

// take exchanges the queue for an empty one. The lines are valid until the next take.
func (l *Log) take() batch {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := batch{lines: l.pending, records: l.records, dropped: l.dropped, closed: l.closed}
	l.pending, l.spare = l.spare[:0], l.pending
	l.records = 0
	return b
}

// put writes lines out, or counts their records as dropped and returns false.
func (l *Log) put(b batch) bool {
	_, err := l.out.Write(b.lines)
	if err == nil {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dropped += uint64(b.records)
	return false
}

// report writes a line about records dropped since the last such line. If the output fails it is left to
// the next time.
func (l *Log) report(dropped uint64) {
	if dropped == l.reported || !l.Handler().Enabled(context.Background(), slog.LevelWarn) {
		return
	}
	_, file, line, _ := runtime.Caller(0)
	var f lineFormat
	f.begin(time.Now(), slog.LevelWarn, file, line)
	f.text("log records were dropped")
	f.attr("", slog.Uint64("records", dropped-l.reported))
	if _, err := l.out.Write(f.end()); err == nil {
		l.reported = dropped
	}
}
