package auth

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// originsMax bounds the patterns of an [Origins].
const originsMax = 256

// Origins are the web pages whose scripts may come, by origin (RFC 6454 §6.2). It is never changed once made,
// and safe for concurrent use. One that is nil or the zero value admits all.
type Origins struct {
	limited bool
	exact   []string // sorted
	below   []origin
}

// origin is a pattern for all hosts below one: scheme "https://", suffix ".example.com" with its port.
type origin struct{ scheme, suffix string }

// NewOrigins makes them of patterns: an exact origin such as https://example.com or http://localhost:8080;
// https://*.example.com for every host below example.com, but not for itself; null for pages that have no
// origin, such as files; and * for all. No pattern at all is also all.
//
// The error is for a pattern that no browser's header could match.
func NewOrigins(patterns []string) (*Origins, error) {
	o := &Origins{limited: len(patterns) > 0 && !slices.Contains(patterns, "*")}
	if len(patterns) > originsMax {
		return nil, fmt.Errorf("%d origins, at most %d are possible", len(patterns), originsMax)
	}
	for _, p := range patterns {
		if p == "*" || p == "null" {
			o.exact = append(o.exact, p)
			continue
		}
		scheme, host, err := parseOrigin(p)
		if err != nil {
			return nil, err
		}
		if suffix, ok := strings.CutPrefix(host, "*"); ok {
			o.below = append(o.below, origin{scheme, suffix})
		} else {
			o.exact = append(o.exact, scheme+host)
		}
	}
	slices.Sort(o.exact)
	return o, nil
}

// parseOrigin takes a pattern apart into "https://" and a host in the spelling of browsers: in small letters,
// and without the port that goes without saying.
func parseOrigin(pattern string) (scheme, host string, err error) {
	u, err := url.Parse(strings.ToLower(pattern))
	if err != nil || u.Host == "" || u.User != nil || u.Scheme+"://"+u.Host != strings.ToLower(pattern) {
		return "", "", fmt.Errorf("got %s, expected an origin without a path, such as https://example.com or https://*.example.com", quote(pattern))
	}
	name := u.Hostname()
	for _, r := range name {
		if r > 127 {
			return "", "", fmt.Errorf("got %s, expected the name in ASCII, as browsers send it (xn--...)", quote(pattern))
		}
	}
	if below, starred := strings.CutPrefix(name, "*."); strings.Contains(below, "*") || starred && below == "" {
		return "", "", fmt.Errorf("got %s, where a star may stand for the first part of the name only: https://*.example.com", quote(pattern))
	}
	host = u.Host
	if u.Port() == "" || u.Scheme == "https" && u.Port() == "443" || u.Scheme == "http" && u.Port() == "80" {
		host = strings.TrimSuffix(strings.TrimSuffix(host, u.Port()), ":")
	}
	return u.Scheme + "://", host, nil
}

// Allowed tells whether a page of an origin may come, by the header Origin. Who sends none is no browser, or
// a page of the same origin, and may. It allocates nothing.
func (o *Origins) Allowed(header []byte) bool {
	if o == nil || !o.limited || len(header) == 0 {
		return true
	}
	for _, b := range o.below {
		if b.holds(header) {
			return true
		}
	}
	_, found := slices.BinarySearchFunc(o.exact, header, compare)
	return found
}

// holds tells whether an origin is below b: scheme, one or more labels, suffix.
func (b origin) holds(header []byte) bool {
	labels := len(header) - len(b.scheme) - len(b.suffix)
	if labels < 1 || string(header[:len(b.scheme)]) != b.scheme || string(header[len(header)-len(b.suffix):]) != b.suffix {
		return false
	}
	for _, c := range header[len(b.scheme) : len(b.scheme)+labels] {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return true
}
