package auth

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/MicahParks/jwkset"
)

// keySetKeysMax bounds the keys of a key set, usable or not.
const keySetKeysMax = 64

// parseKeySet reads a JSON Web Key Set, RFC 7517 §5. Keys that are not for checking signatures by one of our
// algorithms are passed over, as that section asks for, and so are weak ones; skipped says why, for each.
// The error is for what is no key set, and for one without any key that can be used.
func parseKeySet(text []byte, source string) (keys []Key, skipped []error, err error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, nil, fmt.Errorf("is no JSON Web Key Set: %w", err)
	}
	if len(set.Keys) > keySetKeysMax {
		return nil, nil, fmt.Errorf("has %d keys, at most %d are possible", len(set.Keys), keySetKeysMax)
	}
	for _, raw := range set.Keys {
		k, err := parseSetKey(raw, source)
		if err != nil {
			skipped = append(skipped, err)
			continue
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, nil, fmt.Errorf("none of its %d keys can be used, expected RSA, P-256 or Ed25519 for signatures%s",
			len(set.Keys), joined(skipped))
	}
	return keys, skipped, nil
}

// joined are errors in one line, each behind a semicolon.
func joined(errs []error) (text string) {
	for _, err := range errs {
		text += "; " + err.Error()
	}
	return text
}

// parseSetKey reads one key of a set, RFC 7517 §4. Certificates beside it do not count, and a symmetric key
// is not taken: what anybody can fetch is no secret.
func parseSetKey(raw json.RawMessage, source string) (Key, error) {
	var m jwkset.JWKMarshal
	if err := json.Unmarshal(raw, &m); err != nil {
		return Key{}, err
	}
	m.X5C, m.X5U, m.X5T, m.X5TS256 = nil, "", "", ""
	switch {
	case len(m.KID) > keyIDBytesMax:
		return Key{}, fmt.Errorf("kid has %d bytes", len(m.KID))
	case m.USE != "" && m.USE != jwkset.UseSig:
		return Key{}, fmt.Errorf("key %s is not for signatures", quote(m.KID))
	case len(m.KEYOPS) > 0 && !slices.Contains(m.KEYOPS, jwkset.KeyOpsVerify):
		return Key{}, fmt.Errorf("key %s is not for checking signatures", quote(m.KID))
	}
	parsed, err := jwkset.NewJWKFromMarshal(m, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
	if err != nil {
		return Key{}, fmt.Errorf("key %s: %w", quote(m.KID), err)
	}
	k, err := newPublicKey(parsed.Key(), source)
	if err != nil {
		return Key{}, err
	}
	if alg := m.ALG.String(); alg != "" && alg != k.method.Alg() {
		return Key{}, fmt.Errorf("key %s is for %s", quote(m.KID), quote(alg))
	}
	return k.WithID(m.KID), nil
}
