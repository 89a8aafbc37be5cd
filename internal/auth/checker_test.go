package auth_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/auth"
)

func TestGoodTokensAreKnownUntilTheyExpire(t *testing.T) {
	c := newChecker(t, auth.Options{Keys: everyKey(t), Leeway: 10 * time.Second})
	token := hs(fmt.Sprintf(`{"exp":%d}`, now.Unix()+60))
	first, err := c.Verify(now, token)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := c.Verify(now.Add(70*time.Second-1), token); err != nil || again != first {
		t.Errorf("got %v, %v", again, err)
	}
	for range 2 {
		if reason, refused := reasonOf(errOf(c.Verify(now.Add(70*time.Second), token))); !refused || reason != auth.ReasonExpired {
			t.Errorf("got %v, %v", reason, refused)
		}
	}
	if n := &c.Counters; n.Hits.Load() != 2 || n.Misses.Load() != 2 || n.Accepted.Load() != 2 || n.Refused[auth.ReasonExpired].Load() != 2 {
		t.Errorf("counted %d hits, %d misses, %d accepted", n.Hits.Load(), n.Misses.Load(), n.Accepted.Load())
	}
}

func TestRefusalsAreForgottenSoon(t *testing.T) {
	c := newChecker(t, auth.Options{Keys: everyKey(t)})
	bad := es(otherKey(), "ec", `{}`)
	for i, step := range []struct {
		after  time.Duration
		misses uint64
	}{{0, 1}, {9 * time.Second, 1}, {10 * time.Second, 2}} {
		if _, err := c.Verify(now.Add(step.after), bad); err == nil {
			t.Fatal("no error")
		}
		if n := c.Counters.Misses.Load(); n != step.misses {
			t.Errorf("step %d: looked at %d times, want %d", i, n, step.misses)
		}
	}
	early := hs(fmt.Sprintf(`{"nbf":%d}`, now.Unix()+3))
	if _, err := c.Verify(now, early); err == nil {
		t.Error("no error ahead of its time")
	}
	if _, err := c.Verify(now.Add(3*time.Second), early); err != nil {
		t.Errorf("in time: %v", err)
	}
}

// Whoever sends many bad tokens must not push good ones out.
func TestBadTokensTakeNoRoomOfGoodOnes(t *testing.T) {
	c := newChecker(t, auth.Options{Keys: everyKey(t), CacheMax: 4})
	good := hs(`{}`)
	if _, err := c.Verify(now, good); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		c.Verify(now, fmt.Appendf(nil, "bad.%d", i))
	}
	if _, err := c.Verify(now, good); err != nil || c.Counters.Hits.Load() != 1 {
		t.Errorf("%d hits, %v", c.Counters.Hits.Load(), err)
	}
}

func TestCheckerWithoutCacheLooksEachTime(t *testing.T) {
	c := newChecker(t, auth.Options{Keys: everyKey(t), CacheMax: -1})
	for range 3 {
		if _, err := c.Verify(now, hs(`{}`)); err != nil {
			t.Fatal(err)
		}
	}
	if c.Counters.Hits.Load() != 0 || c.Counters.Misses.Load() != 3 {
		t.Errorf("%d hits", c.Counters.Hits.Load())
	}
}

// The token's bytes belong to the caller, who writes over them.
func TestVerifyKeepsNothingOfTheToken(t *testing.T) {
	c := newChecker(t, auth.Options{Keys: everyKey(t)})
	token := hs(`{"sub":"ann","info":{"a":1},"channels":["news"]}`)
	g, err := c.Verify(now, token)
	if err != nil {
		t.Fatal(err)
	}
	clear(token)
	if g.Client != "ann" || string(g.Info) != `{"a":1}` || !g.MaySubscribe([]byte("news")) {
		t.Errorf("got %+v", g)
	}
}

func TestManyLoopsMayVerifyAtOnce(t *testing.T) {
	c := newChecker(t, auth.Options{Keys: everyKey(t), CacheMax: 2})
	tokens := make([][]byte, 8)
	for i := range tokens {
		tokens[i] = hs(fmt.Sprintf(`{"sub":"c%d"}`, i))
	}
	var loops sync.WaitGroup
	for n := range 4 {
		loops.Go(func() {
			for i := range 200 {
				want := (i*7 + n) % len(tokens)
				if g, err := c.Verify(now, tokens[want]); err != nil || g.Client != fmt.Sprintf("c%d", want) {
					t.Errorf("got %v, %v", g, err)
				}
			}
		})
	}
	loops.Wait()
}
