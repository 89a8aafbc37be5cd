package logfile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLevels(t *testing.T) {
	levels := []slog.Level{LevelTrace, slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError, LevelFatal}
	for i, name := range []string{"trace", "debug", "info", "warn", "error", "fatal", "none"} {
		threshold, ok := ParseLevel(name)
		if !ok {
			t.Fatalf("there is no level %s", name)
		}
		var out memory
		l := New(&out, threshold)
		for _, level := range levels {
			l.Logger().Log(context.Background(), level, "x")
		}
		closeLog(t, l)
		want := []string{"TRACE x", "DEBUG x", "INFO x", "WARN x", "ERROR x", "FATAL x"}[i:]
		if diff := cmp.Diff(want, append([]string{}, texts(t, out.String())...)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if _, ok := ParseLevel("INFO"); ok {
		t.Error("names are lower case")
	}
}

func TestLevelCanChangeWhileTheLogIsOpen(t *testing.T) {
	var level slog.LevelVar
	var out memory
	l := New(&out, &level)
	l.Logger().Debug("one")
	level.Set(slog.LevelDebug)
	l.Logger().Debug("two")
	closeLog(t, l)
	if diff := cmp.Diff([]string{"DEBUG two"}, texts(t, out.String())); diff != "" {
		t.Error(diff)
	}
}

func TestRecordsOfManyGoroutinesStayWholeAndInOrder(t *testing.T) {
	const goroutines, each = 8, 100
	got := logged(t, func(l *slog.Logger) {
		var wg sync.WaitGroup
		for g := range goroutines {
			wg.Go(func() {
				for i := range each {
					l.Info("x", "g", g, "i", i)
				}
			})
		}
		wg.Wait()
	})
	next := make([]int, goroutines)
	for _, line := range got {
		var g, i int
		if _, err := fmt.Sscanf(line, "INFO x g=%d i=%d", &g, &i); err != nil || next[g] != i {
			t.Fatalf("%q after %d of its goroutine: %v", line, next[g], err)
		}
		next[g]++
	}
	if len(got) != goroutines*each {
		t.Errorf("%d records", len(got))
	}
}

func TestFullQueueDropsCountsAndReports(t *testing.T) {
	out := newGate()
	l := New(out, slog.LevelInfo)
	log := l.Logger()
	log.Info("first")
	<-out.entered // the writer is stuck with it, so the queue is empty
	filler := strings.Repeat("x", 1000)
	kept := 0
	for l.Dropped() == 0 {
		log.Info(filler)
		kept++
	}
	kept--
	log.Info(filler)
	log.Info(filler)
	if n := l.Dropped(); n != 3 {
		t.Errorf("%d dropped", n)
	}
	if max := queueBytesMax / 1000; kept > max || kept < max*9/10 {
		t.Errorf("%d records fit into the queue", kept)
	}
	close(out.open)
	closeLog(t, l)
	got := texts(t, out.String())
	if len(got) != 1+kept+1 {
		t.Fatalf("%d lines", len(got))
	}
	if diff := cmp.Diff([]string{"INFO first", "INFO " + filler}, got[:2]); diff != "" {
		t.Error(diff)
	}
	if got := got[len(got)-1]; got != "WARN log records were dropped records=3" {
		t.Errorf("got %q", got)
	}
}

func TestDropsAreReportedOnceWhenTheOutputWorksAgain(t *testing.T) {
	out := &broken{failing: make(chan struct{}), tried: make(chan struct{})}
	l := New(out, slog.LevelInfo)
	l.Logger().Info("one")
	<-out.tried
	l.Logger().Info("two")
	<-out.tried
	close(out.failing)
	l.Logger().Info("three")
	closeLog(t, l)
	want := []string{"INFO three", "WARN log records were dropped records=2"}
	if diff := cmp.Diff(want, texts(t, out.String())); diff != "" {
		t.Error(diff)
	}
	if n := l.Dropped(); n != 2 {
		t.Errorf("%d dropped", n)
	}
}

func TestCloseGivesUpAtItsDeadline(t *testing.T) {
	out := newGate()
	l := New(out, slog.LevelInfo)
	l.Logger().Info("stuck")
	<-out.entered
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := l.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(out.open)
	closeLog(t, l)
	if diff := cmp.Diff([]string{"INFO stuck"}, texts(t, out.String())); diff != "" {
		t.Error(diff)
	}
}

func TestRecordsAfterCloseAreDropped(t *testing.T) {
	var out memory
	l := New(&out, slog.LevelInfo)
	closeLog(t, l)
	closeLog(t, l)
	l.Logger().Info("late")
	if n := l.Dropped(); n != 1 || out.String() != "" {
		t.Errorf("%d dropped, %q written", n, out.String())
	}
}

func TestLoggingNeverWaitsForTheOutput(t *testing.T) {
	out := newGate()
	l := New(out, slog.LevelInfo)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 10000 {
			l.Logger().Info("x", "k", "some text of a usual length")
		}
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Error("the logger waits")
	}
	close(out.open)
	closeLog(t, l)
}

// recordAllocs is what a record with two attributes may cost: the slice for finding its place.
const recordAllocs = 2

func TestARecordCostsFewAllocations(t *testing.T) {
	out := newGate()
	l := New(out, slog.LevelInfo)
	log := l.Logger().With("loop", 1)
	n := testing.AllocsPerRun(1000, func() {
		log.LogAttrs(context.Background(), slog.LevelInfo, "x", slog.Int("n", 5), slog.String("s", "word"))
	})
	close(out.open)
	closeLog(t, l)
	if n > recordAllocs && !raceDetector {
		t.Errorf("%v allocations", n)
	}
}
