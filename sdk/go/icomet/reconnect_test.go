package icomet_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icomet/icomet/sdk/go/icomet"
)

// watched notes the states of a client.
type watched struct {
	mu  sync.Mutex
	all []icomet.State
}

func (w *watched) option(o *icomet.Options) { o.OnState = w.note }

func (w *watched) note(s icomet.State) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, s)
}

// online are the transports on which there was a hello, in order.
func (w *watched) online() (transports []icomet.Transport) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.all {
		if s.Online {
			transports = append(transports, s.Transport)
		}
	}
	return transports
}

// errs are the errors of all states.
func (w *watched) errs() (errs []error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.all {
		if s.Err != nil {
			errs = append(errs, s.Err)
		}
	}
	return errs
}

func TestTransportIsTheFirstThatGetsThrough(t *testing.T) {
	refuse := func(paths ...string) func(*fake, *memory) {
		return func(f *fake, _ *memory) {
			f.refuse = func(r *http.Request) int {
				if slices.Contains(paths, r.URL.Path) {
					return 404
				}
				return 0
			}
		}
	}
	silent := func(kinds ...string) func(*fake, *memory) {
		return func(f *fake, _ *memory) {
			f.tamper = func(kind, message string) []string {
				if slices.Contains(kinds, kind) {
					return nil
				}
				return []string{message}
			}
		}
	}
	garbled := func(f *fake, _ *memory) {
		f.tamper = func(kind, message string) []string {
			if kind == "poll" {
				return []string{message}
			}
			return []string{"<html>"}
		}
	}
	for _, c := range []struct {
		name    string
		prepare func(*fake, *memory)
		want    icomet.Transport
	}{
		{"all get through", refuse(), icomet.WebSocket},
		{"no WebSocket", refuse("/ws"), icomet.Stream},
		{"no WebSocket and no stream", refuse("/ws", "/stream"), icomet.Poll},
		{"WebSocket without hello", silent("websocket"), icomet.Stream},
		{"answers are held back", silent("websocket", "stream"), icomet.Poll},
		{"something else answers", garbled, icomet.Poll},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newScene(t, c.prepare)
				w := &watched{}
				began := time.Now()
				s := subscribe(t, f.client(t, w.option), icomet.Channel{Name: "a"})
				f.publish("a", "1")
				wantTexts(t, s, "1")
				if took := time.Since(began); took > 11*time.Second {
					t.Errorf("it took %v", took)
				}
				if got := w.online(); !slices.Equal(got, []icomet.Transport{c.want}) {
					t.Errorf("got %v, want %s", got, c.want)
				}
			})
		})
	}
}

func TestBetterTransportIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var blocked atomic.Bool
		blocked.Store(true)
		f := newScene(t, func(f *fake, _ *memory) {
			f.refuse = func(r *http.Request) int {
				if r.URL.Path == "/ws" && blocked.Load() {
					return 404
				}
				return 0
			}
		})
		w := &watched{}
		s := subscribe(t, f.client(t, w.option), icomet.Channel{Name: "a"})
		blocked.Store(false)
		<-time.After(11 * time.Minute)
		f.publish("a", "1")
		wantTexts(t, s, "1")
		if got := w.online(); !slices.Equal(got, []icomet.Transport{icomet.Stream, icomet.WebSocket}) {
			t.Errorf("got %v", got)
		}
	})
}

func TestUnreachableOrBusyServerIsNoReasonForAnotherTransport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down, busy atomic.Bool
		down.Store(true)
		f := newScene(t, func(f *fake, m *memory) {
			m.down = down.Load
			f.refuse = func(*http.Request) int {
				if busy.Load() {
					return 503
				}
				return 0
			}
		})
		go func() {
			<-time.After(time.Hour)
			busy.Store(true)
			down.Store(false)
			<-time.After(time.Hour)
			busy.Store(false)
		}()
		subscribe(t, f.client(t), icomet.Channel{Name: "a"})
		if got := len(f.asked("/ws")); got != len(f.asked("")) || got < 100 || got > 500 {
			t.Errorf("%d of %d requests were for a WebSocket", got, len(f.asked("")))
		}
	})
}

func TestSilentServerIsLeft(t *testing.T) {
	for _, transport := range []icomet.Transport{icomet.WebSocket, icomet.Stream} {
		t.Run(string(transport), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mute atomic.Bool
				f := newScene(t)
				f.tamper = func(_, message string) []string {
					if mute.Load() {
						return nil
					}
					return []string{message}
				}
				s := subscribe(t, f.client(t, over(transport)), icomet.Channel{Name: "a"})
				<-time.After(time.Hour) // heartbeats keep it
				synctest.Wait()
				if n := len(f.asked("")); n != 1 {
					t.Errorf("%d requests in an idle hour", n)
				}
				mute.Store(true)
				f.mu.Lock()
				f.noop = time.Hour
				f.mu.Unlock()
				f.publish("a", "1") // swallowed, and the last that the server does on this connection
				<-time.After(46 * time.Second)
				mute.Store(false)
				wantTexts(t, s, "1")
			})
		})
	}
}

func TestRetriesSlowDownAndHonourRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newScene(t, func(f *fake, _ *memory) { f.refuse = func(*http.Request) int { return 503 } })
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_, err := f.client(t).Subscribe(ctx, icomet.Channel{Name: "a"})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		var last time.Duration
		requests := f.asked("")
		for i := 1; i < len(requests); i++ {
			last = requests[i].at.Sub(requests[i-1].at)
			if want := min(500*time.Millisecond<<min(i-1, 10), 30*time.Second); last < want/2 || last > want {
				t.Errorf("wait %d was %v, want up to %v", i, last, want)
			}
		}
		if len(requests) < 50 || last < 15*time.Second {
			t.Errorf("%d requests, the last after %v", len(requests), last)
		}
	})
}

func TestCloseCodesBringTheClientBack(t *testing.T) {
	for _, code := range []int{1000, 1001, 1002, 1009, 4400, 4401} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newScene(t)
				w := &watched{}
				s := subscribe(t, f.client(t, w.option), icomet.Channel{Name: "a"})
				f.closeSockets(code)
				synctest.Wait()
				f.publish("a", "1")
				wantTexts(t, s, "1")
				var e *icomet.Error
				if errs := w.errs(); len(errs) != 1 || !errors.As(errs[0], &e) || e.Code != code {
					t.Errorf("got %v", errs)
				}
			})
		})
	}
}

// tokens gives JWTs t1, t2, ... that live for a while.
type tokens struct {
	life  time.Duration
	given atomic.Int32
}

func (k *tokens) option(o *icomet.Options) {
	o.Token = func(context.Context) (string, error) {
		claims := fmt.Sprintf(`{"n":%d,"exp":%d}`, k.given.Add(1), time.Now().Add(k.life).Unix())
		return "h." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".s", nil
	}
}

func numberOf(jwt string) (n int) {
	parts := strings.Split(jwt, ".")
	if len(parts) == 3 {
		claims, _ := base64.RawURLEncoding.DecodeString(parts[1])
		fmt.Sscanf(string(claims), `{"n":%d`, &n)
	}
	return n
}

func TestTokenIsRenewedAheadOfItsEnd(t *testing.T) {
	overEach(t, func(t *testing.T, transport icomet.Transport) {
		f := newScene(t)
		k := &tokens{life: time.Hour}
		s := subscribe(t, f.client(t, over(transport), k.option), icomet.Channel{Name: "a"})
		<-time.After(59*time.Minute + time.Second)
		synctest.Wait()
		f.publish("a", "1")
		wantTexts(t, s, "1")
		if n := k.given.Load(); n != 2 {
			t.Errorf("%d tokens", n)
		}
		synctest.Wait()
		f.mu.Lock()
		for v := range f.viewers {
			if n := numberOf(v.token); n != 2 {
				t.Errorf("the server knows token %d", n)
			}
		}
		f.mu.Unlock()
		if n := len(f.asked("")); transport == icomet.WebSocket && n != 1 {
			t.Errorf("%d requests", n)
		}
	})
}

func TestExpiredTokenIsReplacedByTheNextConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newScene(t)
		k := &tokens{life: time.Hour}
		s := subscribe(t, f.client(t, k.option), icomet.Channel{Name: "a"})
		f.closeSockets(4401)
		synctest.Wait()
		f.publish("a", "1")
		wantTexts(t, s, "1")
		if r := f.asked("/ws"); len(r) != 2 || numberOf(r[1].token) != 2 {
			t.Errorf("got %+v", r)
		}
	})
}

func TestRefusedTokenIsReplacedOnce(t *testing.T) {
	for _, c := range []struct {
		name  string
		valid int // the first token that the server likes
		fails bool
	}{{"the second is good", 2, false}, {"none is good", 99, true}} {
		t.Run(c.name, func(t *testing.T) {
			overEach(t, func(t *testing.T, transport icomet.Transport) {
				f := newScene(t, func(f *fake, _ *memory) {
					f.deny = func(_, token string) int {
						if numberOf(token) < c.valid {
							return 401
						}
						return 0
					}
				})
				k := &tokens{life: time.Hour}
				_, err := f.client(t, over(transport), k.option).Subscribe(t.Context(), icomet.Channel{Name: "a"}, icomet.Channel{Name: "b"})
				var e *icomet.Error
				if c.fails != (errors.As(err, &e) && e.Code == 401) || !c.fails && err != nil {
					t.Errorf("got %v", err)
				}
				if n := k.given.Load(); n > 3 {
					t.Errorf("%d tokens", n)
				}
			})
		})
	}
}

func TestRefusedConnectionFailsSubscribe(t *testing.T) {
	overEach(t, func(t *testing.T, transport icomet.Transport) {
		f := newScene(t, func(f *fake, _ *memory) { f.refuse = func(*http.Request) int { return 401 } })
		_, err := f.client(t, over(transport)).Subscribe(t.Context(), icomet.Channel{Name: "a"})
		var e *icomet.Error
		if !errors.As(err, &e) || e.Code != 401 {
			t.Errorf("got %v", err)
		}
		if n := len(f.asked("")); n != 2 {
			t.Errorf("%d requests", n)
		}
	})
}

func TestTokenThatCannotBeHadIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newScene(t)
		w := &watched{}
		calls := 0
		broken := errors.New("broken")
		subscribe(t, f.client(t, w.option, func(o *icomet.Options) {
			o.Token = func(context.Context) (string, error) {
				if calls++; calls < 4 {
					return "", broken
				}
				return "good", nil
			}
		}), icomet.Channel{Name: "a"})
		if r := f.asked("/ws"); len(r)+len(f.asked("/stream")) == 0 {
			t.Error("never connected")
		}
		for _, err := range w.errs() {
			if !errors.Is(err, broken) {
				t.Errorf("got %v", err)
			}
		}
	})
}

func TestRenewalIsTriedUntilThereIsAToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newScene(t)
		k := &tokens{life: time.Hour}
		calls := 0
		subscribe(t, f.client(t, func(o *icomet.Options) {
			k.option(o)
			give := o.Token
			o.Token = func(ctx context.Context) (string, error) {
				if calls++; calls == 2 || calls == 3 {
					return "", errors.New("broken")
				}
				return give(ctx)
			}
		}), icomet.Channel{Name: "a"})
		<-time.After(59*time.Minute + 11*time.Second)
		synctest.Wait()
		f.mu.Lock()
		defer f.mu.Unlock()
		for v := range f.viewers {
			if n := numberOf(v.token); n != 2 || calls != 4 {
				t.Errorf("the server knows token %d after %d calls", n, calls)
			}
		}
	})
}

func TestErrorAboutTheConnectionEndsIt(t *testing.T) {
	for _, says := range []string{`{"type":"error","code":429,"text":"too many"}`, `{"type":"error","id":2,"code":401,"text":"wrong token"}`} {
		synctest.Test(t, func(t *testing.T) {
			f := newScene(t)
			w := &watched{}
			k := &tokens{life: time.Hour}
			s := subscribe(t, f.client(t, w.option, k.option), icomet.Channel{Name: "a"})
			f.mu.Lock()
			f.tamper = func(_, message string) []string {
				if strings.Contains(message, `"authorized"`) {
					return []string{says}
				}
				return []string{message}
			}
			f.mu.Unlock()
			<-time.After(59*time.Minute + 10*time.Second)
			f.publish("a", "1")
			wantTexts(t, s, "1")
			if errs := w.errs(); len(errs) != 1 || codeOf(errs[0]) == 0 || k.given.Load() != 3 {
				t.Errorf("got %v, %d tokens", errs, k.given.Load())
			}
		})
	}
}

func TestBusyServerIsAskedForTheChannelAgain(t *testing.T) {
	overEach(t, func(t *testing.T, transport icomet.Transport) {
		busy := 3
		f := newScene(t, func(f *fake, _ *memory) {
			f.deny = func(channel, _ string) int {
				if channel == "b" && busy > 0 {
					busy--
					return 503
				}
				return 0
			}
		})
		s := subscribe(t, f.client(t, over(transport)), icomet.Channel{Name: "a"}, icomet.Channel{Name: "b"})
		f.publish("a", "1")
		f.publish("b", "1")
		wantTexts(t, s, "1", "1")
		if n := len(f.asked("")); transport == icomet.WebSocket && n != 1 {
			t.Errorf("%d requests", n)
		}
	})
}

// answerNothing leaves only the heartbeat.
func (f *fake) answerNothing() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tamper = func(string, string) []string { return nil }
}

func TestContextsEndEveryWait(t *testing.T) {
	overEach(t, func(t *testing.T, transport icomet.Transport) {
		f := newScene(t)
		c := f.client(t, over(transport))
		s := subscribe(t, c, icomet.Channel{Name: "a"})
		next[*icomet.Subscribed](t, s)
		f.answerNothing()
		for name, call := range map[string]func(context.Context) error{
			"Next":      func(ctx context.Context) error { _, err := s.Next(ctx); return err },
			"Events":    func(ctx context.Context) (err error) { drain(s.Events(ctx), &err); return err },
			"Messages":  func(ctx context.Context) (err error) { drain(s.Messages(ctx), &err); return err },
			"Subscribe": func(ctx context.Context) error { _, err := c.Subscribe(ctx, icomet.Channel{Name: "x"}); return err },
			"Add":       func(ctx context.Context) error { return s.Add(ctx, icomet.Channel{Name: "y"}) },
			"Publish":   func(ctx context.Context) error { _, err := c.Publish(ctx, "a", icomet.Text("")); return err },
			"Members":   func(ctx context.Context) error { _, err := c.Members(ctx, "a"); return err },
			"Ping":      func(ctx context.Context) error { return c.Ping(ctx) },
		} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			err := call(ctx)
			isCommand := name == "Publish" || name == "Members" || name == "Ping"
			if isCommand && transport != icomet.WebSocket {
				if !errors.Is(err, icomet.ErrNeedsWebSocket) {
					t.Errorf("%s: %v", name, err)
				}
			} else if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v", name, err)
			}
			cancel()
		}
	})
}

// drain runs an iterator to its end, and keeps the last error.
func drain[T any](all func(func(T, error) bool), last *error) {
	for _, err := range all {
		if err != nil {
			*last = err
		}
	}
}

func TestCloseEndsEveryWait(t *testing.T) {
	overEach(t, func(t *testing.T, transport icomet.Transport) {
		f := newScene(t)
		c := f.client(t, over(transport))
		s := subscribe(t, c, icomet.Channel{Name: "a"})
		next[*icomet.Subscribed](t, s)
		f.answerNothing()
		var calls sync.WaitGroup
		for name, call := range map[string]func() error{
			"Next":      func() error { _, err := s.Next(t.Context()); return err },
			"Subscribe": func() error { _, err := c.Subscribe(t.Context(), icomet.Channel{Name: "x"}); return err },
			"Ping":      func() error { return c.Ping(t.Context()) },
		} {
			calls.Go(func() {
				if err := call(); !errors.Is(err, icomet.ErrClosed) && !errors.Is(err, icomet.ErrNeedsWebSocket) {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		synctest.Wait()
		began := time.Now()
		c.Close()
		c.Close()
		calls.Wait()
		if took := time.Since(began); took > time.Second {
			t.Errorf("Close took %v", took)
		}
		if _, err := c.Subscribe(t.Context(), icomet.Channel{Name: "z"}); !errors.Is(err, icomet.ErrClosed) {
			t.Errorf("Subscribe after Close: %v", err)
		}
	})
}
