package auth_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/icomet/icomet/internal/auth"
)

func TestOriginsAdmitWhatMatches(t *testing.T) {
	for _, c := range []struct {
		patterns string
		allowed  []string
		refused  []string
	}{
		{"", []string{"https://any.example", "null", "rubbish"}, nil},
		{"*", []string{"https://any.example", "null", ""}, nil},
		{"https://a.example", []string{"", "https://a.example"},
			[]string{"http://a.example", "https://a.example:8443", "https://a.example.evil", "https://x.a.example", "null", "https://a.example/", "*"}},
		{"HTTPS://A.Example:443 http://b.example:80 http://[::1]:80", []string{"https://a.example", "http://b.example", "http://[::1]"},
			[]string{"https://a.example:443", "http://b.example:443"}},
		{"http://localhost:8080 http://[::1]:8080", []string{"http://localhost:8080", "http://[::1]:8080"}, []string{"http://localhost", "http://[::1]"}},
		{"https://*.example.com", []string{"https://a.example.com", "https://a-1.b_2.example.com"},
			[]string{"https://example.com", "https://.example.com", "https://evilexample.com", "https://a.example.com:1", "http://a.example.com",
				"https://evil/.example.com", "https://u@a.example.com", "https://a.example.com.evil", "https://A.example.com"}},
		{"https://*.example.com:8443 null", []string{"https://a.example.com:8443", "null"}, []string{"https://a.example.com", "*"}},
	} {
		o, err := auth.NewOrigins(strings.Fields(c.patterns))
		if err != nil {
			t.Errorf("%s: %v", c.patterns, err)
			continue
		}
		for _, header := range slices.Concat(c.allowed, c.refused) {
			if got, want := o.Allowed([]byte(header)), slices.Contains(c.allowed, header); got != want {
				t.Errorf("%s: %q is allowed: %v, want %v", c.patterns, header, got, want)
			}
		}
	}
	if !(*auth.Origins)(nil).Allowed([]byte("https://any.example")) {
		t.Error("no origins at all refuse")
	}
}

func TestPatternsThatCouldNeverMatchAreRefused(t *testing.T) {
	for pattern, says := range map[string]string{
		"example.com":             "expected an origin without a path",
		"https://":                "expected an origin without a path",
		"https://a.example/":      "expected an origin without a path",
		"https://a.example?":      "expected an origin without a path",
		"https://u@a.example":     "expected an origin without a path",
		"https://a.*.example":     "a star may stand for the first part",
		"https://a*.example":      "a star may stand for the first part",
		"https://*.*.example":     "a star may stand for the first part",
		"https://*.":              "a star may stand for the first part",
		"https://*":               "a star may stand for the first part",
		"https://m\u00fcnchen.de": "expected the name in ASCII",
		"":                        "expected an origin without a path",
	} {
		if _, err := auth.NewOrigins([]string{pattern}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: got %v, want %s", pattern, err, says)
		}
	}
	if _, err := auth.NewOrigins(slices.Repeat([]string{"*"}, 257)); err == nil {
		t.Error("no error for too many")
	}
}
