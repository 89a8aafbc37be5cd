package auth_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/icomet/icomet/internal/auth"
)

// FuzzVerify looks for tokens that break the checker, or that it takes without a signature of ours.
func FuzzVerify(f *testing.F) {
	c := newChecker(f, auth.Options{Keys: everyKey(f)[3:], CacheMax: -1})
	f.Add(hs(typical()))
	f.Add([]byte(encode([]byte(`{"alg":"none"}`)) + "." + encode([]byte(`{}`)) + "."))
	f.Add([]byte(".."))
	f.Add([]byte(encode([]byte(`{"alg":"HS256","kid":"\ud800","x":[{}]}`)) + ".e30.AA"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		g, err := c.Verify(now, raw)
		expectVerdict(t, g, err)
		if err != nil {
			return
		}
		known := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithTimeFunc(func() time.Time { return now }))
		if _, err := known.Parse(string(raw), func(*jwt.Token) (any, error) { return []byte(secret), nil }); err != nil {
			t.Errorf("taken, and refused by the library: %v", err)
		}
	})
}

// FuzzClaims looks for claims, rightly signed, that break the checker or come out as something else.
func FuzzClaims(f *testing.F) {
	c := newChecker(f, auth.Options{Keys: everyKey(f)[3:], CacheMax: -1})
	f.Add(typical())
	f.Add(`{"sub":"\ud83d\ude00\\\"","info":{"a":[1,{"b":"}"}]},"channels":["\u0061*",""],"exp":1e9}`)
	f.Add(`{"a":1,"\u0061":2}`)
	f.Add(` { "channels" : [ "a" , "b*" ] , "info" : { } } `)
	f.Add(`{"exp":-1.5e-300,"nbf":null,"iat":true,"aud":["x"],"iss":[]}`)
	f.Fuzz(func(t *testing.T, payload string) {
		g, err := c.Verify(now, hs(payload))
		expectVerdict(t, g, err)
		if err != nil {
			return
		}
		var want struct {
			Sub      string          `json:"sub"`
			Info     json.RawMessage `json:"info"`
			Channels []string        `json:"channels"`
		}
		var names map[string]json.RawMessage
		if err := json.Unmarshal([]byte(payload), &names); err != nil {
			t.Fatalf("taken, and no JSON: %v", err)
		}
		exact, err := json.Marshal(names) // which has no name in other letters
		if err != nil || json.Unmarshal(only(exact, "sub", "info", "channels"), &want) != nil {
			t.Fatalf("taken, and of other types: %s", payload)
		}
		if g.Client != want.Sub || g.Subscribe.Len() != len(want.Channels) || (g.Info == nil) != (want.Info == nil) {
			t.Errorf("%s came out as %+v", payload, g)
		}
		if g.Info != nil && (!json.Valid(g.Info) || g.Info[0] != '{' || len(g.Info) > auth.InfoBytesMax) {
			t.Errorf("info is %s", g.Info)
		}
	})
}

// only leaves some members of an object.
func only(object []byte, names ...string) []byte {
	var all, some map[string]json.RawMessage
	must(0, json.Unmarshal(object, &all))
	some = map[string]json.RawMessage{}
	for _, n := range names {
		if v, ok := all[n]; ok {
			some[n] = v
		}
	}
	return must(json.Marshal(some))
}

func expectVerdict(t *testing.T, g *auth.Grant, err error) {
	t.Helper()
	var refusal *auth.Refusal
	if (g == nil) == (err == nil) || err != nil && !errors.As(err, &refusal) {
		t.Errorf("got %v, %v", g, err)
	}
	if refusal == nil {
		return
	}
	for _, r := range refusal.Detail {
		if r < ' ' {
			t.Errorf("control characters in %q", refusal.Detail)
		}
	}
}
