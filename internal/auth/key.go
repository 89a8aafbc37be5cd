package auth

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// SecretBytesMin is the least length of a secret: the output of HS256, RFC 7518 §3.2.
	SecretBytesMin = 32
	// rsaBitsMin is the least size of an RSA key, RFC 7518 §3.3. rsaBitsMax bounds the work of one check.
	rsaBitsMin, rsaBitsMax = 2048, 8192
	// pemKeysMax bounds the keys of one PEM file.
	pemKeysMax = 16
)

// methods are the algorithms that are taken, RFC 7518 §3.1 and RFC 8037 §3.1.
var methods = map[string]jwt.SigningMethod{
	"HS256": jwt.SigningMethodHS256,
	"RS256": jwt.SigningMethodRS256,
	"ES256": jwt.SigningMethodES256,
	"EdDSA": jwt.SigningMethodEdDSA,
}

// Key is a key that tokens may be signed with, and the one algorithm it is for. Keys are made by [NewSecret]
// and [ParsePublicKeys], which refuse weak ones. It is never changed once made.
type Key struct {
	id     string // "" for none
	method jwt.SigningMethod
	key    any    // as method wants it
	source string // where it comes from, for the operator
}

// WithID returns the key under a name. A token that names another key (kid) is then not held against it.
func (k Key) WithID(id string) Key { k.id = id; return k }

// String says which key it is, without the key.
func (k Key) String() string {
	if k.id == "" {
		return fmt.Sprintf("%s key of %s", k.method.Alg(), k.source)
	}
	return fmt.Sprintf("%s key %s of %s", k.method.Alg(), quote(k.id), k.source)
}

// NewSecret makes a key for HS256. It keeps a copy of secret. source says where it comes from. The error is
// for a secret that is too short, or that is a key of another kind: one that is public is no secret.
func NewSecret(secret []byte, source string) (Key, error) {
	switch {
	case len(secret) < SecretBytesMin:
		return Key{}, fmt.Errorf("%s: got a secret of %d bytes, expected at least %d", source, len(secret), SecretBytesMin)
	case bytes.Contains(secret, []byte("-----BEGIN ")):
		return Key{}, fmt.Errorf("%s: got a PEM file as a secret; a public key is one for RS256, ES256 or EdDSA", source)
	}
	return Key{method: jwt.SigningMethodHS256, key: bytes.Clone(secret), source: source}, nil
}

// ParsePublicKeys makes keys of a PEM file with public keys (RFC 7468 §13, PKCS #1) or certificates. source
// says where it comes from. The error is for a file without any, with anything else, or with a weak key.
func ParsePublicKeys(text []byte, source string) ([]Key, error) {
	var keys []Key
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		public, err := parseBlock(block)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", source, err)
		}
		k, err := newPublicKey(public, source)
		if err != nil {
			return nil, err
		}
		if keys = append(keys, k); len(keys) > pemKeysMax {
			return nil, fmt.Errorf("%s: more than %d keys", source, pemKeysMax)
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s: no key in PEM was found, expected -----BEGIN PUBLIC KEY-----", source)
	}
	return keys, nil
}

func parseBlock(block *pem.Block) (crypto.PublicKey, error) {
	switch block.Type {
	case "PUBLIC KEY":
		return x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		return x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		return c.PublicKey, nil
	case "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY":
		return nil, errors.New("got a private key, which only the signer should have; expected the public one")
	}
	return nil, fmt.Errorf("got %s, expected PUBLIC KEY", quote(block.Type))
}

// newPublicKey finds the algorithm of a key, and refuses those that have none here or are weak.
func newPublicKey(public crypto.PublicKey, source string) (Key, error) {
	k := Key{key: public, source: source}
	switch p := public.(type) {
	case *rsa.PublicKey:
		if bits := p.N.BitLen(); bits < rsaBitsMin || bits > rsaBitsMax {
			return k, fmt.Errorf("%s: got an RSA key of %d bits, expected %d to %d", source, bits, rsaBitsMin, rsaBitsMax)
		}
		if p.E < 3 || p.E%2 == 0 {
			return k, fmt.Errorf("%s: got an RSA key with the exponent %d, expected an odd one from 3 on", source, p.E)
		}
		k.method = jwt.SigningMethodRS256
	case *ecdsa.PublicKey:
		if p.Curve != elliptic.P256() {
			return k, fmt.Errorf("%s: got an EC key on %s, expected P-256, which ES256 is for", source, p.Curve.Params().Name)
		}
		k.method = jwt.SigningMethodES256
	case ed25519.PublicKey:
		k.method = jwt.SigningMethodEdDSA
	default:
		return k, fmt.Errorf("%s: got a %T, expected an RSA, EC or Ed25519 key", source, public)
	}
	return k, nil
}
