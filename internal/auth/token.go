package auth

import (
	"bytes"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// TokenBytesMax is the longest token that is looked at.
const TokenBytesMax = 8 << 10

// token is a JWS in the compact form taken apart, RFC 7515 §7.1.
type token struct {
	signed                     string // header and payload as they were signed
	header, payload, signature []byte
}

// strict decodes base64url without padding and without bits that mean nothing, so that one token has one
// spelling.
var strict = jwt.NewParser(jwt.WithStrictDecoding())

// split takes a token apart. It keeps nothing of raw.
func split(raw []byte) (t token, err error) {
	switch {
	case len(raw) == 0:
		return t, refuse(ReasonMissing, "there is no token")
	case len(raw) > TokenBytesMax:
		return t, refuse(ReasonMalformed, "the token has %d bytes, at most %d are possible", len(raw), TokenBytesMax)
	case bytes.Count(raw, []byte{'.'}) != 2:
		return t, refuse(ReasonMalformed, "the token has %d parts between dots, expected 3", bytes.Count(raw, []byte{'.'})+1)
	case bytes.ContainsAny(raw, "\r\n"):
		return t, refuse(ReasonMalformed, "the token has a line end in it")
	}
	all := string(raw)
	last := strings.LastIndexByte(all, '.')
	t.signed = all[:last]
	head, payload, _ := strings.Cut(t.signed, ".")
	for _, part := range []struct {
		name, text string
		to         *[]byte
	}{{"header", head, &t.header}, {"payload", payload, &t.payload}, {"signature", all[last+1:], &t.signature}} {
		if *part.to, err = strict.DecodeSegment(part.text); err != nil {
			return t, refuse(ReasonMalformed, "the %s of the token is not base64url without padding", part.name)
		}
	}
	return t, nil
}
