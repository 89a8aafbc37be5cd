package auth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/icomet/icomet/internal/auth"
)

// everyKey are one key of each kind, all named but the last.
func everyKey(t testing.TB) []auth.Key {
	return []auth.Key{
		publicKey(t, rsaKey()).WithID("rsa"), publicKey(t, ecKey()).WithID("ec"), publicKey(t, edKey()).WithID("ed"),
		secretKey(t, secret),
	}
}

func TestEveryAlgorithmIsTakenFromItsKey(t *testing.T) {
	c := newChecker(t, auth.Options{Keys: everyKey(t)})
	for name, token := range map[string][]byte{
		"HS256":                     hs(`{"sub":"ann"}`),
		"RS256":                     forge(jwt.SigningMethodRS256, rsaKey(), `{"alg":"RS256","kid":"rsa"}`, `{"sub":"ann"}`),
		"ES256":                     es(ecKey(), "ec", `{"sub":"ann"}`),
		"EdDSA":                     forge(jwt.SigningMethodEdDSA, edKey(), `{"alg":"EdDSA","kid":"ed"}`, `{"sub":"ann"}`),
		"no kid":                    forge(jwt.SigningMethodRS256, rsaKey(), `{"alg":"RS256"}`, `{"sub":"ann"}`),
		"kid for a key without one": forge(jwt.SigningMethodHS256, []byte(secret), `{"alg":"HS256","kid":"any"}`, `{"sub":"ann"}`),
		"access token":              forge(jwt.SigningMethodHS256, []byte(secret), `{"typ":"at+JWT","alg":"HS256"}`, `{"sub":"ann"}`),
		"unknown header":            forge(jwt.SigningMethodHS256, []byte(secret), `{"alg":"HS256","b64":false,"x":{}}`, `{"sub":"ann"}`),
	} {
		if g, err := c.Verify(now, token); err != nil || g.Client != "ann" {
			t.Errorf("%s: %v, %v", name, g, err)
		}
	}
}

func TestBadTokensAreRefused(t *testing.T) {
	p384 := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	der := must(x509.MarshalPKIXPublicKey(rsaKey().Public()))
	good := string(hs(`{"sub":"ann"}`))
	parts := strings.Split(good, ".")
	as := func(header string) []byte {
		return forge(jwt.SigningMethodHS256, []byte(secret), header, `{"sub":"ann"}`)
	}
	confused := func(key []byte) []byte {
		return forge(jwt.SigningMethodHS256, key, `{"alg":"HS256","kid":"rsa"}`, `{}`)
	}
	embedded := func(member string) []byte {
		return forge(jwt.SigningMethodES256, otherKey(), `{"alg":"ES256","kid":"ec",`+member+`}`, `{}`)
	}
	jwk := string(must(json.Marshal(setKey(otherKey().Public(), "ec"))))
	claim := func(text string) []byte { return hs(`{` + text + `}`) }
	at := func(name string, d time.Duration) []byte {
		return claim(fmt.Sprintf(`"aud":"push","iss":"me",%q:%d`, name, now.Add(d).Unix()))
	}

	for _, c := range []struct {
		name   string
		token  []byte
		reason auth.Reason
		says   string
	}{
		{"nothing", nil, auth.ReasonMissing, "no token"},
		{"too long", []byte(strings.Repeat("a", auth.TokenBytesMax+1)), auth.ReasonMalformed, "8193 bytes"},
		{"one part", []byte("5e1f0cc2a9d84b7f93a6de0b7c41f852"), auth.ReasonMalformed, "1 parts"},
		{"four parts", []byte(good + ".x"), auth.ReasonMalformed, "4 parts"},
		{"no base64url", []byte("+/." + parts[1] + "." + parts[2]), auth.ReasonMalformed, "header of the token is not base64url"},
		{"padding", []byte(good + "="), auth.ReasonMalformed, "signature of the token is not base64url"},
		{"bits that mean nothing", []byte(good[:len(good)-1] + string(good[len(good)-1]+1)), auth.ReasonMalformed, "signature of the token"},
		{"line end", []byte(parts[0] + "\n." + parts[1] + "." + parts[2]), auth.ReasonMalformed, "line end"},

		{"header is no object", as(`["alg"]`), auth.ReasonHeader, "not a JSON object"},
		{"header is cut", as(`{"alg":"HS256"`), auth.ReasonHeader, "header"},
		{"header twice", as(`{"alg":"HS256"}{}`), auth.ReasonHeader, "not valid JSON"},
		{"alg twice", as(`{"alg":"none","alg":"HS256"}`), auth.ReasonHeader, `has "alg" twice`},
		{"alg twice in disguise", as(`{"alg":"none","\u0061lg":"HS256"}`), auth.ReasonHeader, `has "alg" twice`},
		{"alg is a number", as(`{"alg":256}`), auth.ReasonHeader, "alg in the header is not a string"},
		{"kid is null", as(`{"alg":"HS256","kid":null}`), auth.ReasonHeader, "kid in the header is not a string"},
		{"kid is endless", as(`{"alg":"HS256","kid":"` + strings.Repeat("k", 257) + `"}`), auth.ReasonHeader, "257 bytes"},
		{"crit", as(`{"alg":"HS256","crit":["b64"],"b64":true}`), auth.ReasonHeader, "crit"},
		{"token for something else", as(`{"alg":"HS256","typ":"logout+jwt"}`), auth.ReasonHeader, `typ is "logout+jwt"`},
		{"header is not UTF-8", as("{\"alg\":\"HS256\",\"x\":\"\xff\"}"), auth.ReasonHeader, "UTF-8"},

		{"none", []byte(encode([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."), auth.ReasonAlgorithm, "not signed"},
		{"None", as(`{"alg":"NoNe"}`), auth.ReasonAlgorithm, "not signed"},
		{"no alg", as(`{"typ":"JWT"}`), auth.ReasonAlgorithm, "no algorithm"},
		{"alg in capitals", as(`{"alg":"hs256"}`), auth.ReasonAlgorithm, `alg is "hs256"`},
		{"alg nobody has", as(`{"alg":"\u001b[31m"}`), auth.ReasonAlgorithm, `alg is "\x1b[31m"`},
		{"HS512", forge(jwt.SigningMethodHS512, []byte(secret), `{"alg":"HS512"}`, `{}`), auth.ReasonAlgorithm, `alg is "HS512"`},
		{"ES384", forge(jwt.SigningMethodES384, p384, `{"alg":"ES384"}`, `{}`), auth.ReasonAlgorithm, `alg is "ES384"`},
		{"PS256", forge(jwt.SigningMethodPS256, rsaKey(), `{"alg":"PS256","kid":"rsa"}`, `{}`), auth.ReasonAlgorithm, `alg is "PS256"`},
		{"public key as secret, PEM", confused(publicPEM(rsaKey())), auth.ReasonAlgorithm, "signed by HS256, its key is for RS256"},
		{"public key as secret, DER", confused(der), auth.ReasonAlgorithm, "signed by HS256, its key is for RS256"},
		{"other key's name", as(`{"alg":"HS256","kid":"ec"}`), auth.ReasonAlgorithm, "its key is for ES256"},
		{"unknown name and algorithm", es(otherKey(), "other", `{}`), auth.ReasonAlgorithm, "its key is for HS256"},

		{"not signed", []byte(parts[0] + "." + parts[1] + "."), auth.ReasonSignature, "another key"},
		{"other secret", forge(jwt.SigningMethodHS256, []byte("other"), `{"alg":"HS256"}`, `{}`), auth.ReasonSignature, "another key"},
		{"other key under the name", es(otherKey(), "ec", `{}`), auth.ReasonSignature, `key "ec" of test.pem`},
		{"changed payload", []byte(parts[0] + "." + encode([]byte(`{"sub":"bob"}`)) + "." + parts[2]), auth.ReasonSignature, "changed"},
		{"changed header", []byte(encode([]byte(`{"alg":"HS256"}`)) + "." + parts[1] + "." + parts[2]), auth.ReasonSignature, "changed"},
		{"key in the token", embedded(`"jwk":` + jwk), auth.ReasonSignature, "another key"},
		{"address of a key in the token", embedded(`"jku":"https://evil.example/keys"`), auth.ReasonSignature, "another key"},
		{"address of a certificate in the token", embedded(`"x5u":"https://evil.example/cert"`), auth.ReasonSignature, "another key"},

		{"payload is no object", hs(`"ann"`), auth.ReasonClaims, "not a JSON object"},
		{"payload is empty", hs(``), auth.ReasonClaims, "not valid JSON"},
		{"sub twice", claim(`"sub":"ann","sub":"bob"`), auth.ReasonClaims, `has "sub" twice`},
		{"unknown claim twice", claim(`"x":1,"x":2`), auth.ReasonClaims, `has "x" twice`},
		{"too many claims", claim(`"x":1` + manyClaims(100)), auth.ReasonClaims, "more than 100 members"},
		{"sub is a number", claim(`"sub":7`), auth.ReasonClaims, "claim sub is not a string"},
		{"sub is long", claim(`"sub":"` + strings.Repeat("s", 257) + `"`), auth.ReasonClaims, "claim sub has 257 bytes"},
		{"info is a string", claim(`"info":"x"`), auth.ReasonClaims, "claim info is not a JSON object"},
		{"info is long", claim(`"info":{"x":"` + strings.Repeat("i", 1024) + `"}`), auth.ReasonClaims, "claim info has 1032 bytes"},
		{"channels is a string", claim(`"channels":"*"`), auth.ReasonClaims, "claim channels is not an array of strings"},
		{"channels is null", claim(`"channels":null`), auth.ReasonClaims, "claim channels is not an array of strings"},
		{"channel is a number", claim(`"channels":["a",7]`), auth.ReasonClaims, "claim channels is not an array of strings"},
		{"channel is null", claim(`"channels":[null]`), auth.ReasonClaims, "claim channels is not an array of strings"},
		{"channel is empty", claim(`"publish":[""]`), auth.ReasonClaims, "claim publish has an empty pattern"},
		{"star in the middle", claim(`"channels":["a*b"]`), auth.ReasonClaims, `has the pattern "a*b"`},
		{"two stars", claim(`"channels":["a**"]`), auth.ReasonClaims, `has the pattern "a**"`},
		{"many channels", claim(`"channels":["a"` + strings.Repeat(`,"a"`, 256) + `]`), auth.ReasonClaims, "has more than 256 entries"},
		{"exp is text", claim(`"exp":"tomorrow"`), auth.ReasonClaims, "claim exp is not a number"},
		{"exp is null", claim(`"exp":null`), auth.ReasonClaims, "claim exp is not a number"},
		{"exp in milliseconds", claim(`"exp":1767323045000`), auth.ReasonClaims, "expected seconds since 1970"},
		{"nbf is negative", claim(`"nbf":-1`), auth.ReasonClaims, "claim nbf is not a time"},
		{"iat is an object", claim(`"iat":{}`), auth.ReasonClaims, "claim iat is not a number"},
		{"aud is a number", claim(`"aud":1`), auth.ReasonClaims, "claim aud is not an array of strings, nor a string"},
		{"iss is an array", claim(`"iss":["me"]`), auth.ReasonClaims, "claim iss is not a string"},

		{"expired", at("exp", -31*time.Second), auth.ReasonExpired, "expired 31s ago, at 2026-01-02T03:03:34Z; clocks may differ by 30s"},
		{"expired now", at("exp", -30*time.Second), auth.ReasonExpired, "expired 30s ago"},
		{"too early", at("nbf", 31*time.Second), auth.ReasonEarly, "begins in 31s"},

		{"no audience", claim(`"iss":"me"`), auth.ReasonAudience, `no claim aud, expected "push"`},
		{"wrong audience", claim(`"aud":["mail","chat"],"iss":"me"`), auth.ReasonAudience, `aud is "mail chat", expected "push"`},
		{"no issuer", claim(`"aud":"push"`), auth.ReasonIssuer, `no claim iss, expected "me"`},
		{"wrong issuer", claim(`"aud":"push","iss":"Me"`), auth.ReasonIssuer, `iss is "Me", expected "me"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			checker := newChecker(t, auth.Options{Keys: everyKey(t), Audience: "push", Issuer: "me", Leeway: 30 * time.Second})
			for _, cached := range []bool{false, true} {
				g, err := checker.Verify(now, c.token)
				reason, refused := reasonOf(err)
				if !refused || reason != c.reason || g != nil || !strings.Contains(err.Error(), c.says) {
					t.Errorf("cached %v: got %v, %v, want %v with %q", cached, g, err, c.reason, c.says)
				}
			}
			if n := checker.Counters.Refused[c.reason].Load(); n != 2 {
				t.Errorf("%d refusals are counted", n)
			}
		})
	}
}

func manyClaims(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"x%d":0`, i)
	}
	return b.String()
}

func TestTokensWithinTheLeewayAreTaken(t *testing.T) {
	c := newChecker(t, auth.Options{Keys: everyKey(t), Audience: "push", Issuer: "me", Leeway: 30 * time.Second})
	for _, text := range []string{
		fmt.Sprintf(`"exp":%d`, now.Unix()-29), fmt.Sprintf(`"nbf":%d`, now.Unix()+30), fmt.Sprintf(`"iat":%d`, now.Unix()+3600),
		fmt.Sprintf(`"exp":%d.5`, now.Unix()-30), `"exp":253402300799`, `"exp":2e9`,
	} {
		if _, err := c.Verify(now, hs(`{"aud":["x","push"],"iss":"me",`+text+`}`)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestClientsAreToldLittle(t *testing.T) {
	for reason := range auth.Reasons {
		want := map[auth.Reason]string{auth.ReasonMissing: "token missing", auth.ReasonExpired: "token expired"}[reason]
		if want == "" {
			want = "token not accepted"
		}
		if got := (&auth.Refusal{Reason: reason, Detail: "private"}).ForClient(); got != want {
			t.Errorf("%v: got %q, want %q", reason, got, want)
		}
	}
}

func TestTokensWithoutNameTryFewKeys(t *testing.T) {
	var keys []auth.Key
	for i := range 9 {
		keys = append(keys, secretKey(t, fmt.Sprintf("%032d", i)).WithID(fmt.Sprint(i)))
	}
	c := newChecker(t, auth.Options{Keys: keys})
	token := forge(jwt.SigningMethodHS256, []byte(fmt.Sprintf("%032d", 0)), `{"alg":"HS256"}`, `{}`)
	if reason, refused := reasonOf(errOf(c.Verify(now, token))); !refused || reason != auth.ReasonKey {
		t.Errorf("got %v, %v", reason, refused)
	}
	named := forge(jwt.SigningMethodHS256, []byte(fmt.Sprintf("%032d", 8)), `{"alg":"HS256","kid":"8"}`, `{}`)
	if _, err := c.Verify(now, named); err != nil {
		t.Error(err)
	}
	unknown := forge(jwt.SigningMethodHS256, []byte(fmt.Sprintf("%032d", 8)), `{"alg":"HS256","kid":"nobody"}`, `{}`)
	if reason, refused := reasonOf(errOf(c.Verify(now, unknown))); !refused || reason != auth.ReasonKey {
		t.Errorf("got %v, %v", reason, refused)
	}
}

func errOf(_ *auth.Grant, err error) error { return err }
