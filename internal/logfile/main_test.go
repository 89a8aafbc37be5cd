package logfile

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// lumberjack starts one goroutine per file that has no end.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("gopkg.in/natefinch/lumberjack%2ev2.(*Logger).millRun"))
}

// memory is an output that remembers.
type memory struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (m *memory) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.text.Write(p)
}

func (m *memory) String() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.text.String()
}

// closeLog waits until everything is written.
func closeLog(t *testing.T, l *Log) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := l.Close(ctx); err != nil {
		t.Fatal(err)
	}
}

// logged is what do writes at level trace, without time and place.
func logged(t *testing.T, do func(*slog.Logger)) []string {
	t.Helper()
	var out memory
	l := New(&out, LevelTrace)
	do(l.Logger())
	closeLog(t, l)
	return texts(t, out.String())
}

// texts are the lines of a log from the level on, without the place.
func texts(t *testing.T, log string) []string {
	t.Helper()
	var list []string
	for line := range strings.Lines(log) {
		_, level, ok := strings.Cut(line, " [")
		place, text, ok2 := strings.Cut(level, "): ")
		level, _, ok3 := strings.Cut(place, "] ")
		if !ok || !ok2 || !ok3 || !strings.HasSuffix(text, "\n") {
			t.Fatalf("not a line of the log: %q", line)
		}
		list = append(list, strings.TrimRight(level, " ")+" "+strings.TrimSuffix(text, "\n"))
	}
	return list
}

// gate is an output that takes nothing until it is opened; entered tells each time a write arrives.
type gate struct {
	memory
	entered chan struct{}
	open    chan struct{}
}

func newGate() *gate {
	return &gate{entered: make(chan struct{}, 100), open: make(chan struct{})}
}

func (g *gate) Write(p []byte) (int, error) {
	g.entered <- struct{}{}
	<-g.open
	return g.memory.Write(p)
}

// broken is an output that fails until it is mended.
type broken struct {
	memory
	failing chan struct{} // closed when mended
	tried   chan struct{}
}

func (b *broken) Write(p []byte) (int, error) {
	select {
	case <-b.failing:
		return b.memory.Write(p)
	default:
		b.tried <- struct{}{}
		return 0, io.ErrClosedPipe
	}
}
