package auth

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
)

// Signer makes tokens, for tests by hand: those of users are made by the application.
type Signer struct {
	key     Key // that checks what is signed
	private any // as the method wants it
}

// NewSecretSigner signs with a secret. The errors are those of [NewSecret].
func NewSecretSigner(secret []byte, source string) (*Signer, error) {
	k, err := NewSecret(secret, source)
	return &Signer{key: k, private: k.key}, err
}

// ParseSigner signs with the private key of a PEM file: PKCS #8, PKCS #1 or SEC 1, not encrypted. The error
// is also for a key with which nothing could be checked.
func ParseSigner(text []byte, source string) (*Signer, error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "EC PARAMETERS" { // which openssl puts ahead of the key
			continue
		}
		private, err := parsePrivateBlock(block)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", source, err)
		}
		k, err := newPublicKey(private.Public(), source)
		return &Signer{key: k, private: private}, err
	}
	return nil, fmt.Errorf("%s: no private key in PEM was found, expected -----BEGIN PRIVATE KEY-----", source)
}

func parsePrivateBlock(block *pem.Block) (private crypto.Signer, err error) {
	var parsed any
	switch block.Type {
	case "PRIVATE KEY":
		parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		parsed, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		return nil, fmt.Errorf("got %s, expected PRIVATE KEY", quote(block.Type))
	}
	if err != nil {
		return nil, err
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("got a %T, expected an RSA, EC or Ed25519 key", parsed)
	}
	return private, nil
}

// WithID returns a signer that names its key in what it signs.
func (s *Signer) WithID(id string) *Signer { return &Signer{key: s.key.WithID(id), private: s.private} }

// Key is the key that checks what s signs.
func (s *Signer) Key() Key { return s.key }

// Claims are what a token says. Fields that are empty are left out.
type Claims struct {
	Client   string          `json:"sub,omitempty"`
	Info     json.RawMessage `json:"info,omitempty"`
	Channels []string        `json:"channels,omitempty"`
	Publish  []string        `json:"publish,omitempty"`
	Audience string          `json:"aud,omitempty"`
	Issuer   string          `json:"iss,omitempty"`
	// In seconds since 1970.
	Issued  int64 `json:"iat,omitempty"`
	Expires int64 `json:"exp,omitempty"`
}

// Sign makes a token. The error is for claims that no Checker would take.
func (s *Signer) Sign(c Claims) (string, error) {
	payload, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("auth: claims: %w", err)
	}
	if _, err := parseClaims(payload); err != nil {
		return "", err
	}
	var claims jwt.MapClaims
	if err := json.Unmarshal(payload, &claims); err != nil {
		return "", fmt.Errorf("auth: claims: %w", err)
	}
	t := jwt.NewWithClaims(s.key.method, claims)
	if s.key.id != "" {
		t.Header["kid"] = s.key.id
	}
	signed, err := t.SignedString(s.private)
	if err != nil {
		return "", fmt.Errorf("auth: sign: %w", err)
	}
	if len(signed) > TokenBytesMax {
		return "", refuse(ReasonMalformed, "the token has %d bytes, at most %d are possible", len(signed), TokenBytesMax)
	}
	return signed, nil
}
