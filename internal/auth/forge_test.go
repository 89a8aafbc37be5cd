package auth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"

	"github.com/icomet/icomet/internal/auth"
)

// now is the time of all tests that have no clock of their own.
var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

const secret = "0123456789abcdef0123456789abcdef"

// Keys are made once, since RSA takes its time.
var (
	rsaKey   = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	ecKey    = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })
	otherKey = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })
	edKey    = sync.OnceValue(func() ed25519.PrivateKey { _, k, err := ed25519.GenerateKey(rand.Reader); return must(k, err) })
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// publicPEM is the public part of a key as a file.
func publicPEM(k crypto.Signer) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(k.Public()))})
}

func privatePEM(k crypto.Signer) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(k))})
}

func publicKey(t testing.TB, k crypto.Signer) auth.Key {
	t.Helper()
	keys, err := auth.ParsePublicKeys(publicPEM(k), "test.pem")
	if err != nil {
		t.Fatal(err)
	}
	return keys[0]
}

func secretKey(t testing.TB, text string) auth.Key {
	t.Helper()
	k, err := auth.NewSecret([]byte(text), "test secret")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newChecker(t testing.TB, o auth.Options) *auth.Checker {
	t.Helper()
	c, err := auth.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func encode(text []byte) string { return base64.RawURLEncoding.EncodeToString(text) }

// forge signs whatever header and payload say.
func forge(method jwt.SigningMethod, key any, header, payload string) []byte {
	signed := encode([]byte(header)) + "." + encode([]byte(payload))
	return []byte(signed + "." + encode(must(method.Sign(signed, key))))
}

// hs is a token with the secret of the tests and an ordinary header.
func hs(payload string) []byte {
	return forge(jwt.SigningMethodHS256, []byte(secret), `{"alg":"HS256","typ":"JWT"}`, payload)
}

// es is a token with a key and its name.
func es(key *ecdsa.PrivateKey, kid, payload string) []byte {
	return forge(jwt.SigningMethodES256, key, `{"alg":"ES256","kid":"`+kid+`"}`, payload)
}

// keySet is a JSON Web Key Set with keys by name.
func keySet(keys ...jwkset.JWKMarshal) []byte {
	return must(json.Marshal(jwkset.JWKSMarshal{Keys: keys}))
}

func setKey(key crypto.PublicKey, kid string) jwkset.JWKMarshal {
	k := must(jwkset.NewJWKFromKey(key, jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{KID: kid}}))
	return k.Marshal()
}

// reasonOf is why a token was refused, and whether it was.
func reasonOf(err error) (auth.Reason, bool) {
	var r *auth.Refusal
	if errors.As(err, &r) {
		return r.Reason, true
	}
	return 0, false
}

func rsaOf(bits int) (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, bits) }
