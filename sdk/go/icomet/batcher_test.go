package icomet_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icomet/icomet/sdk/go/icomet"
)

// batcher is closed ahead of the server.
func (s *scene) batcher(t *testing.T, opts icomet.BatchOptions) *icomet.Batcher {
	t.Helper()
	b := s.publisher(t).NewBatcher(opts)
	t.Cleanup(func() { b.Close(context.Background()) })
	return b
}

func accept(t *testing.T, b *icomet.Batcher, text string) *icomet.Pending {
	t.Helper()
	p, err := b.Publish(t.Context(), icomet.Publication{Channel: "a", Payload: icomet.Text(text)})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// seqOf waits for the number of a message.
func seqOf(t *testing.T, p *icomet.Pending) uint64 {
	t.Helper()
	r, err := p.Wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r.Receipts[0].Seq
}

func TestMessagesGoInBatchesInOrder(t *testing.T) {
	for _, c := range []struct {
		name     string
		opts     icomet.BatchOptions
		requests int
	}{
		{"by number", icomet.BatchOptions{MessagesMax: 10, Delay: time.Hour}, 10},
		{"by bytes", icomet.BatchOptions{BytesMax: 600, Delay: time.Hour}, 12},
		{"by time", icomet.BatchOptions{Delay: time.Second}, 1},
		{"each alone", icomet.BatchOptions{BytesMax: 1, Delay: time.Hour}, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newScene(t)
				b := f.batcher(t, c.opts)
				var all []*icomet.Pending
				for i := range 100 {
					all = append(all, accept(t, b, fmt.Sprintf("%03d", i)))
				}
				if c.name == "by bytes" {
					if err := b.Flush(t.Context()); err != nil {
						t.Error(err)
					}
				}
				for i, p := range all {
					if seq := seqOf(t, p); seq != uint64(i+1) {
						t.Errorf("message %d got number %d", i, seq)
					}
				}
				if n := len(f.asked("")); n < c.requests || n > c.requests+2 {
					t.Errorf("%d requests, want %d", n, c.requests)
				}
			})
		})
	}
}

func TestFlushDoesNotWaitForTheDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newScene(t)
		b := f.batcher(t, icomet.BatchOptions{Delay: time.Hour, MessagesMax: 2})
		if err := b.Flush(t.Context()); err != nil {
			t.Errorf("Flush of nothing: %v", err)
		}
		began := time.Now()
		var all []*icomet.Pending
		for i := range 5 {
			all = append(all, accept(t, b, fmt.Sprint(i)))
		}
		if err := b.Flush(t.Context()); err != nil || time.Since(began) > time.Second {
			t.Errorf("Flush: %v after %v", err, time.Since(began))
		}
		for _, p := range all {
			select {
			case <-p.Done():
			default:
				t.Error("Flush left one over")
			}
		}
		late := accept(t, b, "late")
		<-time.After(time.Hour + time.Second)
		if seqOf(t, late) != 6 {
			t.Error("the next one did not wait its own time")
		}
	})
}

func TestQueueIsBounded(t *testing.T) {
	for name, opts := range map[string]icomet.BatchOptions{
		"messages": {QueueMessages: 5, Delay: time.Hour},
		"bytes":    {QueueBytes: 600, Delay: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newScene(t)
				b := f.batcher(t, opts)
				for range 5 {
					accept(t, b, strings.Repeat("x", 50))
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				text := icomet.Text(strings.Repeat("x", 50))
				if _, err := b.Publish(ctx, icomet.Publication{Channel: "a", Payload: text}); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v", err)
				}
				accepted := make(chan error, 1)
				go func() {
					_, err := b.Publish(t.Context(), icomet.Publication{Channel: "a", Payload: text})
					accepted <- err
				}()
				synctest.Wait()
				if err := b.Flush(t.Context()); err != nil {
					t.Error(err)
				}
				if err := <-accepted; err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestMessageLargerThanTheQueueGoesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newScene(t).batcher(t, icomet.BatchOptions{QueueBytes: 10, BytesMax: 10})
		if seqOf(t, accept(t, b, strings.Repeat("x", 100))) != 1 {
			t.Error("it got another number")
		}
	})
}

func TestCloseOfBatcherSendsWhatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newScene(t)
		b := f.batcher(t, icomet.BatchOptions{Delay: time.Hour})
		p := accept(t, b, "x")
		if err := b.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if seqOf(t, p) != 1 {
			t.Error("it got another number")
		}
		if _, err := b.Publish(t.Context(), icomet.Publication{Channel: "a", Payload: icomet.Text("late")}); !errors.Is(err, icomet.ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
}

func TestCloseOfBatcherGivesUpWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newScene(t, func(_ *fake, m *memory) { m.down = func() bool { return true } })
		b := f.batcher(t, icomet.BatchOptions{MessagesMax: 2, QueueMessages: 5})
		var all []*icomet.Pending
		for i := range 5 {
			all = append(all, accept(t, b, fmt.Sprint(i)))
		}
		blocked := make(chan error, 1)
		go func() {
			_, err := b.Publish(t.Context(), icomet.Publication{Channel: "a", Payload: icomet.Text("more")})
			blocked <- err
		}()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := b.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Close: %v", err)
		}
		for _, p := range all {
			if _, err := p.Wait(t.Context()); !errors.Is(err, icomet.ErrClosed) {
				t.Errorf("got %v", err)
			}
		}
		if err := <-blocked; !errors.Is(err, icomet.ErrClosed) {
			t.Errorf("the one that waited for room: %v", err)
		}
		if err := b.Close(t.Context()); err != nil {
			t.Errorf("Close again: %v", err)
		}
	})
}

func TestBatcherTellsEachResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newScene(t, func(f *fake, _ *memory) {
			f.deny = func(channel, _ string) int {
				if channel == "forbidden" {
					return 403
				}
				return 0
			}
		})
		b := f.batcher(t, icomet.BatchOptions{})
		bad, err := b.Publish(t.Context(), icomet.Publication{Channel: "forbidden", Payload: icomet.Text("x")})
		if err != nil {
			t.Fatal(err)
		}
		good := accept(t, b, "x")
		if _, err := bad.Wait(t.Context()); codeOf(err) != 403 {
			t.Errorf("got %v", err)
		}
		if seqOf(t, good) != 1 {
			t.Error("it got another number")
		}
		if _, err := b.Publish(t.Context(), icomet.Publication{Payload: icomet.Text("x")}); codeOf(err) != 400 {
			t.Errorf("without a channel: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := accept(t, b, "x").Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Wait: %v", err)
		}
	})
}

func TestBatcherIsSafeForManyGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newScene(t, func(f *fake, _ *memory) { f.historyMax = 10_000 })
		b := f.batcher(t, icomet.BatchOptions{MessagesMax: 16, QueueMessages: 40})
		seen := make([]bool, 2001)
		var mu sync.Mutex
		var publishers sync.WaitGroup
		for range 20 {
			publishers.Go(func() {
				for i := range 100 {
					seq := seqOf(t, accept(t, b, fmt.Sprint(i)))
					mu.Lock()
					if seen[seq] {
						t.Errorf("number %d twice", seq)
					}
					seen[seq] = true
					mu.Unlock()
				}
			})
		}
		publishers.Wait()
	})
}
