package auth_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/auth"
)

// told is an explanation as lines such as "+ header: alg HS256, no kid", with - ahead of what is not OK.
func told(steps []auth.Step) string {
	var b strings.Builder
	for _, s := range steps {
		fmt.Fprintf(&b, "%s %s: %s\n", map[bool]string{true: "+", false: "-"}[s.OK], s.What, s.Detail)
	}
	return b.String()
}

func TestExplanationGoesThroughAllChecks(t *testing.T) {
	c := newChecker(t, auth.Options{Keys: everyKey(t), Audience: "push", Issuer: "me", Leeway: 30 * time.Second})
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	good := fmt.Sprintf(`"aud":"push","iss":"me","sub":"ann","channels":["news","chat:*","chap"],"exp":%d`, at(time.Hour))
	for _, x := range []struct {
		name, channel string
		action        auth.Action
		token         []byte
		want          string
	}{
		{"all well", "chat:1", auth.Subscribe, hs(`{` + good + fmt.Sprintf(`,"iat":%d}`, at(-time.Minute))), `
+ three parts: 224 bytes: header of 27, payload of 107, signature of 32
+ header: alg HS256, no kid
+ key: RS256 key "rsa" of test.pem, ES256 key "ec" of test.pem, EdDSA key "ed" of test.pem, HS256 key of test secret
+ algorithm: HS256
+ signature: by the HS256 key of test secret
+ claims: client "ann", 0 bytes of info, patterns: 3 to subscribe, 0 to publish
+ times: it expires in 1h0m0s, at 2026-01-02T04:04:05Z; it was issued 1m0s ago
+ audience: "push"
+ issuer: "me"
+ subscribe "chat:1": allowed by "chat:*" in channels
`},
		{"clock of the signer is ahead", "nest", auth.Subscribe, es(ecKey(), "ec", `{`+good+fmt.Sprintf(`,"iat":%d,"nbf":%d}`, at(time.Minute), at(20*time.Second))), `
+ header: alg ES256, kid "ec"
+ key: ES256 key "ec" of test.pem
+ times: it expires in 1h0m0s, at 2026-01-02T04:04:05Z; it begins in 20s, which the leeway makes good; it was issued 1m0s in the future: the clock of the signer is ahead of the one here by that at least
- subscribe "nest": no pattern in channels matches; the nearest of 3 is "news"
`},
		{"late by less than the leeway", "news", auth.Subscribe, hs(fmt.Sprintf(`{"aud":"push","iss":"me","channels":["news"],"exp":%d}`, at(-20*time.Second))), `
+ claims: no client (sub), 0 bytes of info, patterns: 1 to subscribe, 0 to publish
+ times: it expired 20s ago, at 2026-01-02T03:03:45Z, which the leeway makes good
`},
		{"publish without the claim", "news", auth.Publish, hs(`{` + good + `}`), `
- publish "news": the claim publish is missing or empty, so there is nothing to publish
`},
		{"wrong key, and more besides", "news", auth.Subscribe, es(otherKey(), "ec", fmt.Sprintf(`{"channels":["*"],"exp":%d}`, at(-time.Hour))), `
+ algorithm: ES256
- signature: the signature is not by the ES256 key "ec" of test.pem: another key, or the token was changed
+ claims: no client (sub), 0 bytes of info, patterns: 1 to subscribe, 0 to publish
- times: it expired 1h0m0s ago, at 2026-01-02T02:04:05Z; clocks may differ by 30s
- audience: the token has no claim aud, expected "push"
- issuer: the token has no claim iss, expected "me"
+ subscribe "news": allowed by "*" in channels
`},
		{"no token of this kind", "news", auth.Subscribe, []byte("5e1f0cc2a9d84b7f93a6de0b7c41f852"), `
- three parts: the token has 1 parts between dots, expected 3
`},
		{"bad claims", "news", auth.Subscribe, hs(`{"sub":1}`), `
+ signature: by the HS256 key of test secret
- claims: the claim sub is not a string
`},
	} {
		t.Run(x.name, func(t *testing.T) {
			steps := c.Explain(now, x.token, x.channel, x.action)
			got := told(steps)
			for line := range strings.Lines(strings.TrimPrefix(x.want, "\n")) {
				if !strings.Contains(got, line) {
					t.Errorf("no line %sin\n%s", line, got)
				}
			}
			expectSameVerdict(t, c, x.token, steps)
		})
	}
}

// expectSameVerdict holds Explain against Verify: the first step that is not OK is why Verify refuses.
func expectSameVerdict(t *testing.T, c *auth.Checker, token []byte, steps []auth.Step) {
	t.Helper()
	_, err := c.Verify(now, token)
	for _, s := range steps {
		aboutChannel := strings.HasPrefix(s.What, "subscribe ") || strings.HasPrefix(s.What, "publish ")
		if s.OK || aboutChannel {
			continue
		}
		if err == nil || !strings.HasSuffix(err.Error(), s.Detail) {
			t.Errorf("explained by %q, refused by %v", s.Detail, err)
		}
		return
	}
	if err != nil {
		t.Errorf("explained as good, refused by %v", err)
	}
}

func TestExplanationSaysThatAKeyMayCome(t *testing.T) {
	c := newChecker(t, auth.Options{JWKSURL: "https://id.example/", JWKSRefresh: time.Minute})
	got := told(c.Explain(now, es(ecKey(), "a", `{}`), "news", auth.Subscribe))
	if !strings.Contains(got, "- key: it is not known yet: the key set is being fetched, or could not be\n") {
		t.Errorf("got\n%s", got)
	}
}
