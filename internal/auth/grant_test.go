package auth_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/icomet/icomet/internal/auth"
)

func TestGrantIsWhatTheTokenSays(t *testing.T) {
	c := newChecker(t, auth.Options{Keys: everyKey(t), Leeway: 10 * time.Second})
	g, err := c.Verify(now, hs(fmt.Sprintf(`{ "sub" : "ann\u00e9", "exp":%d, "info": { "name" : "A b", "n": [ 1 ] },
		"channels": ["news", "chat:*", "a"], "publish": ["*"] }`, now.Unix()+60)))
	if err != nil {
		t.Fatal(err)
	}
	if g.Client != "anné" || string(g.Info) != `{"name":"A b","n":[1]}` || !g.Expires.Equal(now.Add(70*time.Second)) {
		t.Errorf("got %+v", g)
	}
	if g.Expired(now.Add(69*time.Second)) || !g.Expired(now.Add(70*time.Second)) {
		t.Error("it expires at another time")
	}
	if diff := cmp.Diff([]string{"a", "news", "chat:*"}, g.Subscribe.Strings()); diff != "" {
		t.Error(diff)
	}
	for channel, want := range map[string]bool{
		"news": true, "new": false, "news2": false, "chat:": true, "chat:1": true, "chat": false, "a": true, "": false, "NEWS": false,
	} {
		if got := g.MaySubscribe([]byte(channel)); got != want {
			t.Errorf("%q: got %v", channel, got)
		}
		if !g.MayPublish([]byte(channel)) {
			t.Errorf("%q may not be published to", channel)
		}
	}
}

func TestTokenWithoutClaimsAllowsNothing(t *testing.T) {
	g, err := newChecker(t, auth.Options{Keys: everyKey(t)}).Verify(now, hs(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	if g.Client != "" || g.Info != nil || !g.Expires.IsZero() || g.Expired(now) || g.MaySubscribe([]byte("a")) || g.MayPublish(nil) {
		t.Errorf("got %+v", g)
	}
}

func TestListsUpToTheBoundAreTaken(t *testing.T) {
	var list []string
	for i := range auth.PatternsMax {
		list = append(list, fmt.Sprintf("c%03d", i)+strings.Repeat("*", i%2))
	}
	p, err := auth.NewPatterns(list)
	if err != nil || p.Len() != auth.PatternsMax || !p.Match([]byte("c255x")) || p.Match([]byte("c254x")) || !p.Match([]byte("c254")) {
		t.Errorf("got %v, %v", p, err)
	}
	if _, err := auth.NewPatterns(append(list, "x")); err == nil {
		t.Error("no error for one more")
	}
}
