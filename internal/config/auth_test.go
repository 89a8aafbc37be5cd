package config

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const long = "0123456789abcdef0123456789abcdef" // the shortest secret

func TestKeysForTokensAreRead(t *testing.T) {
	c, warnings := mustLoad(t, minimal+"\tauth: jwt\n\torigin: https://a.example\n\torigin: *\n"+
		"jwt:\n\tsecret: "+long+"\n\tsecret: file:s/k\n\tsecret: file:/k\n\tpublic_key: a.pem\n\tpublic_key: /b.pem\n"+
		"\tjwks_url: https://id.example/keys\n\tjwks_refresh: 60\n\taudience: push\n\tissuer: https://id.example/\n\tleeway: 0\n"+
		"hook:\n\tsubscribe: http://app.example/may\n\ttimeout: 3\n\tcache: 0\n\tfailure: allow\n")
	if len(warnings) > 0 {
		t.Errorf("warnings %q", warnings)
	}
	if c.Front.Auth != AuthJWT || !cmp.Equal(c.Front.Origins, []string{"https://a.example", "*"}) {
		t.Errorf("got %v and %q", c.Front.Auth, c.Front.Origins)
	}
	want := JWT{
		Secrets:    []Secret{{text: long}, {File: "/etc/icomet/s/k"}, {File: "/k"}},
		PublicKeys: []string{"/etc/icomet/a.pem", "/b.pem"},
		JWKSURL:    "https://id.example/keys", JWKSRefresh: time.Minute,
		Audience: "push", Issuer: "https://id.example/",
	}
	if diff := cmp.Diff(want, c.JWT, cmp.AllowUnexported(Secret{})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(Hook{SubscribeURL: "http://app.example/may", Timeout: 3 * time.Second, FailOpen: true}, c.Hook); diff != "" {
		t.Error(diff)
	}
	if got := c.JWT.Secrets[0].Reveal(); got != long {
		t.Errorf("got the secret %q", got)
	}
}

func TestBadKeysForTokensAreRefused(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"no key at all", minimal + "\tauth: jwt", "f:9: front.auth: got jwt, expected also jwt.secret, jwt.public_key or jwt.jwks_url"},
		{"capitals", minimal + "\tauth: JWT", `f:9: front.auth: got "JWT", expected jwt in small letters`},
		{"short secret", minimal + "jwt:\n\tsecret: " + long[1:], "f:10: jwt.secret: got a secret of 31 bytes, expected at least 32, or file:PATH"},
		{"no secret", minimal + "jwt:\n\tsecret:", "f:10: jwt.secret: got a secret of 0 bytes, expected at least 32, or file:PATH"},
		{"file without path", minimal + "jwt:\n\tsecret: file:", "f:10: jwt.secret: got file: without a path, expected file:PATH"},
		{"no public key", minimal + "jwt:\n\tpublic_key:", "f:10: jwt.public_key: got nothing, expected a path"},
		{"word for a URL", minimal + "jwt:\n\tjwks_url: keys", `f:10: jwt.jwks_url: got "keys", expected a URL such as https://example.com/path`},
		{"URL without host", minimal + "hook:\n\tsubscribe: https:///x", `f:10: hook.subscribe: got "https:///x", expected a URL such as https://example.com/path`},
		{"file as URL", minimal + "jwt:\n\tjwks_url: file://h/keys", `f:10: jwt.jwks_url: got "file://h/keys", expected a URL such as https://example.com/path`},
		{"refresh too often", minimal + "jwt:\n\tjwks_refresh: 1", `f:10: jwt.jwks_refresh: got "1", expected a whole number from 10 to 86400`},
		{"no origin", minimal + "\torigin:", "f:9: front.origin: got nothing, expected origin"},
		{"other failure", minimal + "hook:\n\tfailure: open", `f:10: hook.failure: got "open", expected refuse or allow`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := load(t, c.text)
			if err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestOddKeysForTokensAreWarnedOf(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"keys without use", minimal + "\tauth: token\njwt:\n\tsecret: " + long, "f:9: front.auth: is token, so the keys below jwt are not used"},
		{"key set without TLS", minimal + "\tauth: jwt\njwt:\n\tjwks_url: http://id.example/keys",
			"f:11: jwt.jwks_url: is not https, whoever is on the way can put in a key of its own"},
		{"key set of this machine", minimal + "\tauth: jwt\njwt:\n\tjwks_url: http://127.0.0.1:1/keys", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, warnings := mustLoad(t, c.text); strings.Join(warnings, "\n") != c.want {
				t.Errorf("got %q, want %q", warnings, c.want)
			}
		})
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	c, _ := mustLoad(t, minimal+"\tauth: jwt\njwt:\n\tsecret: "+long+"\n")
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, c.JWT); strings.Contains(text, long) {
			t.Errorf("%s shows %s", format, text)
		}
	}
	_, _, err := load(t, minimal+"jwt:\n\tsecret: short-and-private\n")
	if err == nil || strings.Contains(err.Error(), "private") {
		t.Errorf("got %v", err)
	}
}
