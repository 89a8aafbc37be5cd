package auth

import (
	"fmt"
	"slices"
	"strings"
)

// keyIDBytesMax bounds the name of a key.
const keyIDBytesMax = 256

// header is what counts of a JOSE header, RFC 7515 §4.1. Keys and addresses of keys that a token brings
// along (jwk, jku, x5c, x5u) are not among it: whoever signs could put in his own.
type header struct {
	alg string
	kid string // "" for none
}

// types are the values of typ that are tokens for access, in small letters; others, such as logout+jwt, are
// tokens of the same signer for something else, RFC 8725 §3.11.
var types = []string{"", "jwt", "application/jwt", "at+jwt", "application/at+jwt"}

func parseHeader(raw []byte) (h header, err error) {
	list, err := members(raw)
	if err != nil {
		return h, refuse(ReasonHeader, "the header %v", err)
	}
	var typ string
	for _, m := range list {
		ok := true
		switch string(m.name) {
		case "alg":
			h.alg, ok = text(m.value)
		case "kid":
			h.kid, ok = text(m.value)
		case "typ":
			typ, ok = text(m.value)
		case "crit":
			return h, refuse(ReasonHeader, "the header demands extensions (crit), of which none is known here")
		}
		if !ok {
			return h, refuse(ReasonHeader, "%s in the header is not a string", m.name)
		}
	}
	return h, h.check(typ)
}

func (h header) check(typ string) error {
	switch {
	case len(h.kid) > keyIDBytesMax:
		return refuse(ReasonHeader, "kid has %d bytes, at most %d are possible", len(h.kid), keyIDBytesMax)
	case !slices.Contains(types, strings.ToLower(typ)):
		return refuse(ReasonHeader, "typ is %s, expected JWT", quote(typ))
	case h.alg == "":
		return refuse(ReasonAlgorithm, "the header names no algorithm (alg)")
	case strings.EqualFold(h.alg, "none"):
		return refuse(ReasonAlgorithm, "the token is not signed (alg is none)")
	case methods[h.alg] == nil:
		return refuse(ReasonAlgorithm, "alg is %s, expected one of HS256, RS256, ES256, EdDSA", quote(h.alg))
	}
	return nil
}

func (h header) String() string {
	if h.kid == "" {
		return fmt.Sprintf("alg %s, no kid", h.alg)
	}
	return fmt.Sprintf("alg %s, kid %s", h.alg, quote(h.kid))
}
