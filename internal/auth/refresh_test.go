package auth_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/MicahParks/jwkset"

	"github.com/icomet/icomet/internal/auth"
)

// site answers for the address of a key set, without a network.
type site struct {
	mu     sync.Mutex
	status int
	body   string
	asked  int
	held   bool          // answers wait for gate
	gate   chan struct{} // belongs to the bubble of run
}

func (s *site) set(status int, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status, s.body = status, string(body)
}

func (s *site) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.held {
		select {
		case <-s.gate:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	return &http.Response{
		StatusCode: s.status, Status: fmt.Sprint(s.status), Body: io.NopCloser(strings.NewReader(s.body)), Request: r,
	}, nil
}

// run runs f beside a Checker that fetches from s every five minutes.
func (s *site) run(t *testing.T, f func(t *testing.T, c *auth.Checker)) {
	synctest.Test(t, func(t *testing.T) {
		s.gate = make(chan struct{})
		c := newChecker(t, auth.Options{
			JWKSURL: "https://id.example/keys", JWKSRefresh: 5 * time.Minute, Transport: s, Log: func(text string) { t.Log(text) },
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); c.Run(ctx) }()
		f(t, c)
		cancel()
		<-done
	})
}

// pass lets a little more than d pass in the bubble of the test, so that what was to happen then has.
func pass(d time.Duration) {
	<-time.After(d + 1)
	synctest.Wait()
}

func expectPending(t *testing.T, c *auth.Checker, token []byte) {
	t.Helper()
	if g, err := c.Verify(now, token); !errors.Is(err, auth.ErrKeyPending) {
		t.Errorf("got %v, %v, want a pending key", g, err)
	}
}

func expectGood(t *testing.T, c *auth.Checker, token []byte) {
	t.Helper()
	if _, err := c.Verify(now, token); err != nil {
		t.Error(err)
	}
}

func expectRefused(t *testing.T, c *auth.Checker, token []byte, want auth.Reason) {
	t.Helper()
	_, err := c.Verify(now, token)
	if reason, refused := reasonOf(err); !refused || reason != want {
		t.Errorf("got %v, want %v", err, want)
	}
}

func TestKeySetIsFetchedAndRotated(t *testing.T) {
	a, b := es(ecKey(), "a", `{}`), es(otherKey(), "b", `{}`)
	s := &site{held: true}
	s.set(200, keySet(setKey(ecKey().Public(), "a")))
	s.run(t, func(t *testing.T, c *auth.Checker) {
		synctest.Wait()
		expectPending(t, c, a) // the first fetch is under way
		close(s.gate)
		synctest.Wait()
		expectGood(t, c, a)
		expectRefused(t, c, b, auth.ReasonKey) // it has just been fetched: no reason to ask again

		s.set(200, keySet(setKey(ecKey().Public(), "a"), setKey(otherKey().Public(), "b")))
		pass(10 * time.Second)
		expectGood(t, c, a)
		if n := c.Counters.Hits.Load(); n != 1 {
			t.Errorf("%d hits: a verdict was lost", n)
		}
		expectRefused(t, c, b, auth.ReasonKey) // the refusal is remembered for the time of the tests stands still
		fresh := es(otherKey(), "b", `{"sub":"x"}`)
		expectPending(t, c, fresh) // it asks for an early refresh
		synctest.Wait()
		expectGood(t, c, fresh)
		expectGood(t, c, b) // with other keys the old verdict does not count

		s.set(200, keySet(setKey(otherKey().Public(), "b")))
		pass(5 * time.Minute)
		expectRefused(t, c, a, auth.ReasonKey) // a key that was taken out is good no more
		expectGood(t, c, b)
	})
	if s.asked != 3 {
		t.Errorf("fetched %d times", s.asked)
	}
}

func TestUnknownKeysCannotMakeUsAskOften(t *testing.T) {
	s := &site{}
	s.set(200, keySet(setKey(ecKey().Public(), "a")))
	s.run(t, func(t *testing.T, c *auth.Checker) {
		synctest.Wait()
		for i := range 60 { // one each second
			c.Verify(now, es(otherKey(), fmt.Sprint(i), `{}`))
			pass(time.Second)
		}
	})
	if s.asked > 7 {
		t.Errorf("fetched %d times in a minute", s.asked)
	}
}

func TestKeysStayWhenTheirSourceFails(t *testing.T) {
	good := keySet(setKey(ecKey().Public(), "a"))
	for name, answer := range map[string]struct {
		status int
		body   string
	}{
		"status":        {500, string(good)},
		"no JSON":       {200, "<html>"},
		"no keys":       {200, `{"keys":[]}`},
		"useless keys":  {200, `{"keys":[{"kty":"oct","k":"` + encode([]byte(secret)) + `"}]}`},
		"too many keys": {200, `{"keys":[{}` + strings.Repeat(`,{}`, 64) + `]}`},
		"endless":       {200, strings.Repeat(" ", 256<<10) + string(good)},
	} {
		t.Run(name, func(t *testing.T) {
			s := &site{}
			s.set(200, good)
			s.run(t, func(t *testing.T, c *auth.Checker) {
				synctest.Wait()
				s.set(answer.status, []byte(answer.body))
				pass(5 * time.Minute)
				expectGood(t, c, es(ecKey(), "a", `{}`))
				expectPending(t, c, es(otherKey(), "b", `{}`)) // who knows what the set has now
				if n := c.Counters.RefreshFailures.Load(); n != 1 {
					t.Errorf("%d failures", n)
				}
				s.set(200, keySet(setKey(otherKey().Public(), "b")))
				pass(10 * time.Second) // after a failure it is fetched sooner
				expectGood(t, c, es(otherKey(), "b", `{}`))
			})
		})
	}
}

func TestSourceThatHangsIsGivenUp(t *testing.T) {
	s := &site{held: true}
	s.run(t, func(t *testing.T, c *auth.Checker) {
		pass(10 * time.Second)
		if n := c.Counters.RefreshFailures.Load(); n != 1 {
			t.Errorf("%d failures", n)
		}
		for range 10 {
			pass(5 * time.Minute)
		}
		if n := c.Counters.RefreshFailures.Load(); n < 8 || n > 16 {
			t.Errorf("%d failures in 50 minutes", n)
		}
	})
}

func TestOnlyKeysForSignaturesAreTakenFromASet(t *testing.T) {
	small := must(rsaOf(1024))
	change := func(k jwkset.JWKMarshal, f func(*jwkset.JWKMarshal)) jwkset.JWKMarshal { f(&k); return k }
	ec := func(kid string) jwkset.JWKMarshal { return setKey(ecKey().Public(), kid) }
	s := &site{}
	s.set(200, keySet(
		change(ec("enc"), func(k *jwkset.JWKMarshal) { k.USE = jwkset.UseEnc }),
		change(ec("ops"), func(k *jwkset.JWKMarshal) { k.KEYOPS = []jwkset.KEYOPS{jwkset.KeyOpsEncrypt} }),
		change(ec("alg"), func(k *jwkset.JWKMarshal) { k.ALG = jwkset.AlgES512 }),
		change(ec("off"), func(k *jwkset.JWKMarshal) { k.X = k.Y }),
		change(ec("new"), func(k *jwkset.JWKMarshal) { k.KTY = "new" }),
		ec(strings.Repeat("k", 257)),
		setKey(small.Public(), "small"),
		change(ec("good"), func(k *jwkset.JWKMarshal) {
			k.USE, k.ALG, k.KEYOPS = jwkset.UseSig, jwkset.AlgES256, []jwkset.KEYOPS{jwkset.KeyOpsVerify}
			k.X5C, k.X5U, k.X5T = []string{"no certificate"}, "https://evil.example/", "x"
		}),
		setKey(rsaKey().Public(), "rsa"), setKey(edKey().Public(), "ed"),
	))
	var said string
	c := newChecker(t, auth.Options{JWKSURL: "https://id.example/", JWKSRefresh: time.Minute, Transport: s, Log: func(text string) { said = text }})
	if err := c.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said, "7 keys are not used; ") {
		t.Errorf("said %q", said)
	}
	expectGood(t, c, es(ecKey(), "good", `{}`))
	for _, kid := range []string{"enc", "ops", "alg", "off", "new", "small"} {
		expectRefused(t, c, es(ecKey(), kid, `{}`), auth.ReasonKey)
	}
}

// Over a real network: redirects, and a server that is gone.
func TestKeySetIsFetchedOverHTTP(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/keys", func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.Header.Get("Accept"), "application/jwk-set+json") {
			t.Errorf("Accept is %q", r.Header.Get("Accept"))
		}
		w.Write(keySet(setKey(ecKey().Public(), "a")))
	})
	mux.Handle("/moved", http.RedirectHandler("/keys", http.StatusFound))
	mux.Handle("/round", http.RedirectHandler("/round", http.StatusFound))
	server := httptest.NewServer(mux)
	defer server.Close()
	secure := httptest.NewTLSServer(http.RedirectHandler(server.URL+"/keys", http.StatusFound))
	defer secure.Close()

	fetch := func(url string, transport http.RoundTripper) error {
		c := newChecker(t, auth.Options{JWKSURL: url, JWKSRefresh: time.Minute, Transport: transport})
		err := c.Refresh(t.Context())
		if err == nil {
			expectGood(t, c, es(ecKey(), "a", `{}`))
		} else {
			expectPending(t, c, es(ecKey(), "a", `{}`))
		}
		return err
	}
	for _, path := range []string{"/keys", "/moved"} {
		if err := fetch(server.URL+path, nil); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	if err := fetch(server.URL+"/round", nil); err == nil || !strings.Contains(err.Error(), "more than 3 redirects") {
		t.Errorf("got %v", err)
	}
	if err := fetch(secure.URL, secure.Client().Transport); err == nil || !strings.Contains(err.Error(), "away from https") {
		t.Errorf("got %v", err)
	}
	server.Close()
	gone := strings.Replace(server.URL, "//", "//user:private@", 1)
	if err := fetch(gone+"/keys", nil); err == nil || strings.Contains(err.Error(), "private") {
		t.Errorf("got %v from a server that is gone", err)
	}
}

func TestRunWithoutKeySetOnlyWaits(t *testing.T) {
	c := newChecker(t, auth.Options{Keys: everyKey(t)})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c.Run(ctx)
	if err := c.Refresh(t.Context()); err != nil {
		t.Error(err)
	}
}

// Verify on loops while keys come and go.
func TestKeysMayChangeWhileTokensAreVerified(t *testing.T) {
	s := &site{}
	sets := [][]byte{keySet(setKey(ecKey().Public(), "a")), keySet(setKey(ecKey().Public(), "a"), setKey(otherKey().Public(), "b"))}
	s.set(200, sets[0])
	c := newChecker(t, auth.Options{JWKSURL: "https://id.example/", JWKSRefresh: time.Minute, Transport: s})
	if err := c.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	token := es(ecKey(), "a", `{}`)
	var loops sync.WaitGroup
	for range 2 {
		loops.Go(func() {
			for range 100 {
				if _, err := c.Verify(now, token); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range 50 {
		s.set(200, sets[i%2])
		if err := c.Refresh(t.Context()); err != nil {
			t.Error(err)
		}
	}
	loops.Wait()
}
