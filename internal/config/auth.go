package config

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"
)

// SecretBytesMin is the least length of a secret: as many bytes as HS256 has output, RFC 7518 §3.2.
const SecretBytesMin = 32

// Auth is what a subscription needs.
type Auth uint8

const (
	// AuthNone lets everybody subscribe.
	AuthNone Auth = iota
	// AuthToken demands the token of the channel, from /sign.
	AuthToken
	// AuthJWT demands a token that was signed with one of the keys of [JWT].
	AuthJWT
)

var authNames = [...]string{AuthNone: "none", AuthToken: "token", AuthJWT: "jwt"}

// String is the word for a in the file.
func (a Auth) String() string { return authNames[a] }

// JWT says which signed tokens are good. It counts only with [AuthJWT].
type JWT struct {
	Secrets []Secret
	// PublicKeys are absolute paths of PEM files.
	PublicKeys []string
	// JWKSURL is where a key set is fetched from; "" for nowhere.
	JWKSURL     string
	JWKSRefresh time.Duration
	// Audience and Issuer have to be in the token; "" leaves that open.
	Audience, Issuer string
	// Leeway is how far clocks may be apart.
	Leeway time.Duration
}

// Secret is a shared key, or where it is. It prints without the key.
type Secret struct {
	text string
	// File is the absolute path of the file that holds it; "" if the secret stands in the configuration.
	File string
}

// ParseSecret reads a secret as it stands in the file: the text itself, or file:PATH, where a relative path
// starts at the folder dir. The error says what is wrong without the text.
func ParseSecret(text, dir string) (Secret, error) {
	path, isFile := strings.CutPrefix(text, "file:")
	switch {
	case isFile && path == "":
		return Secret{}, fmt.Errorf("got file: without a path, expected file:PATH")
	case isFile && !filepath.IsAbs(path):
		return Secret{File: filepath.Join(dir, path)}, nil
	case isFile:
		return Secret{File: path}, nil
	case len(text) < SecretBytesMin:
		return Secret{}, fmt.Errorf("got a secret of %d bytes, expected at least %d, or file:PATH", len(text), SecretBytesMin)
	}
	return Secret{text: text}, nil
}

// Reveal is the secret itself; "" if it is in a file.
func (s Secret) Reveal() string { return s.text }

// String tells what can be told of a secret.
func (s Secret) String() string {
	if s.File != "" {
		return "file:" + s.File
	}
	return fmt.Sprintf("secret of %d bytes", len(s.text))
}

// GoString keeps the secret out of %#v.
func (s Secret) GoString() string { return s.String() }

// Hook says how the application is asked about subscriptions.
type Hook struct {
	// SubscribeURL is "" if it is not asked.
	SubscribeURL string
	Timeout      time.Duration
	// Cache is how many answers are kept.
	Cache int
	// FailOpen allows a subscription about which the application cannot be asked.
	FailOpen bool
}

// auth reads one of the names. Whatever iComet does not know is none to it; but a jwt in capitals cannot
// have meant that.
func (v *value) auth() Auth {
	for a, name := range authNames {
		if v.text == name {
			return Auth(a)
		}
	}
	switch {
	case strings.EqualFold(v.text, "jwt"):
		v.fail("expected jwt in small letters")
	case v.text != "":
		v.warn("got " + quote(v.text) + ", which counts as none; only token and jwt turn tokens on")
	}
	return AuthNone
}

// failure reads what happens when the application cannot be asked.
func (v *value) failure() (open bool) {
	if v.text != "refuse" && v.text != "allow" {
		v.fail("expected refuse or allow")
	}
	return v.text == "allow"
}

// secret adds a secret, of which no message shows anything.
func (v *value) secret(list []Secret) []Secret {
	s, err := ParseSecret(v.text, v.r.dir)
	if err != nil {
		v.r.fail(v.line, v.key.Name, err.Error())
		return list
	}
	return append(list, s)
}

// anySecret reads a secret of a key that has one at most.
func (v *value) anySecret() Secret {
	list := v.secret(nil)
	if len(list) == 0 {
		return Secret{}
	}
	return list[0]
}

// several adds a value to those of the same key.
func (v *value) several(list []string) []string {
	if v.text == "" {
		v.fail("expected " + v.key.Unit)
		return list
	}
	return append(list, v.text)
}

// pattern adds the beginning of names with a star behind to those of the same key.
func (v *value) pattern(list []string) []string {
	if n := len(v.text); n == 0 || strings.Index(v.text, "*") != n-1 {
		v.fail("expected the beginning of names with a * behind, such as news:*")
		return list
	}
	return append(list, v.text)
}

// file adds a path to those of the same key.
func (v *value) file(list []string) []string {
	if v.text == "" {
		v.fail("expected a path")
		return list
	}
	return append(list, v.path())
}

// url reads the address of something on the web; "" stays "".
func (v *value) url() string {
	if v.text == "" {
		return ""
	}
	u, err := url.Parse(v.text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.Fragment != "" {
		v.fail("expected a URL such as https://example.com/path")
		return ""
	}
	return v.text
}

// relateAuth looks at what belongs to front.auth.
func (r *reader) relateAuth() {
	const key = "front.auth"
	jwt := &r.config.JWT
	keyed := len(jwt.Secrets) > 0 || len(jwt.PublicKeys) > 0 || jwt.JWKSURL != ""
	switch auth := r.config.Front.Auth; {
	case auth == AuthJWT && !keyed:
		r.fail(r.lines[key], key, "got jwt, expected also jwt.secret, jwt.public_key or jwt.jwks_url")
	case auth != AuthJWT && keyed:
		r.warn(r.lines[key], key, fmt.Sprintf("is %v, so the keys below jwt are not used", auth))
	}
	if u, err := url.Parse(jwt.JWKSURL); err == nil && u.Scheme == "http" && !isLoopback(u.Hostname()) {
		r.warn(r.lines["jwt.jwks_url"], "jwt.jwks_url", "is not https, whoever is on the way can put in a key of its own")
	}
}
