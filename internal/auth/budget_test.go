package auth_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/auth"
)

// What a known token, the questions to a grant and an origin cost in allocations: nothing.
const allocsPerKnownTokenMax = 0

func TestKnownTokensAllocNothing(t *testing.T) {
	c := newChecker(t, auth.Options{Keys: everyKey(t)})
	good, bad := hs(`{"channels":["news","chat:*"],"publish":["news"]}`), es(otherKey(), "ec", `{}`)
	origins, err := auth.NewOrigins([]string{"https://a.example", "https://*.b.example"})
	if err != nil {
		t.Fatal(err)
	}
	g, err := c.Verify(now, good)
	if err != nil {
		t.Fatal(err)
	}
	c.Verify(now, bad)
	channel, origin := []byte("chat:12"), []byte("https://x.b.example")
	for name, f := range map[string]func(){
		"good":      func() { c.Verify(now, good) },
		"bad":       func() { c.Verify(now, bad) },
		"subscribe": func() { g.MaySubscribe(channel) },
		"publish":   func() { g.MayPublish(channel) },
		"origin":    func() { origins.Allowed(origin) },
	} {
		if n := testing.AllocsPerRun(100, f); n > allocsPerKnownTokenMax {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// typical is what an application puts into a token.
func typical() string {
	return fmt.Sprintf(`{"sub":"user-4711","info":{"name":"Ann"},"channels":["news","chat:*","user:4711"],"publish":["chat:*"],"exp":%d,"iat":%d,"aud":"push","iss":"https://id.example/"}`,
		now.Add(time.Hour).Unix(), now.Unix())
}

func BenchmarkVerifyKnown(b *testing.B) {
	c := newChecker(b, auth.Options{Keys: everyKey(b)})
	token := es(ecKey(), "ec", typical())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Verify(now, token); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyES256(b *testing.B) {
	c := newChecker(b, auth.Options{Keys: everyKey(b), CacheMax: -1})
	token := es(ecKey(), "ec", typical())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Verify(now, token); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyHS256(b *testing.B) {
	c := newChecker(b, auth.Options{Keys: everyKey(b), CacheMax: -1})
	token := hs(typical())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Verify(now, token); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMaySubscribe256Patterns(b *testing.B) {
	var list []string
	for i := range auth.PatternsMax {
		list = append(list, fmt.Sprintf("room:%d:*", i))
	}
	p, err := auth.NewPatterns(list)
	if err != nil {
		b.Fatal(err)
	}
	channel := []byte("room:255:x")
	for b.Loop() {
		if !p.Match(channel) {
			b.Fatal("no match")
		}
	}
}
