package auth_test

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/auth"
)

func TestWhatIsSignedIsGood(t *testing.T) {
	block := func(kind string, bytes []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}))
	}
	signers := map[string]*auth.Signer{"secret": must(auth.NewSecretSigner([]byte(secret), "s"))}
	for name, text := range map[string]string{
		"RSA": string(privatePEM(rsaKey())), "EC": string(privatePEM(ecKey())), "Ed25519": string(privatePEM(edKey())),
		"PKCS 1": block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey())),
		"SEC 1":  block("EC PARAMETERS", []byte("x")) + block("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(ecKey()))),
	} {
		signers[name] = must(auth.ParseSigner([]byte(text), name))
	}
	claims := auth.Claims{
		Client: "ann", Info: json.RawMessage(`{"name": "Ann"}`), Channels: []string{"news:*"}, Publish: []string{"chat"},
		Audience: "push", Issuer: "me", Issued: now.Unix(), Expires: now.Unix() + 60,
	}
	for name, s := range signers {
		s = s.WithID("k")
		c := newChecker(t, auth.Options{Keys: []auth.Key{s.Key()}, Audience: "push", Issuer: "me"})
		token, err := s.Sign(claims)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		g, err := c.Verify(now, []byte(token))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if g.Client != "ann" || string(g.Info) != `{"name":"Ann"}` || !g.Expires.Equal(now.Add(time.Minute)) ||
			!g.MaySubscribe([]byte("news:1")) || !g.MayPublish([]byte("chat")) {
			t.Errorf("%s: %+v", name, g)
		}
	}
}

func TestSignersRefuseWhatNobodyWouldTake(t *testing.T) {
	s := must(auth.NewSecretSigner([]byte(secret), "s"))
	for says, c := range map[string]auth.Claims{
		`the pattern "a*b"`:           {Channels: []string{"a*b"}},
		"claim info is not":           {Info: json.RawMessage(`[]`)},
		"claims: json":                {Info: json.RawMessage(`{`)},
		"claim exp is not a time":     {Expires: -1},
		"token has 10980 bytes, at m": {Channels: strings.Split(strings.Repeat(strings.Repeat("c", 99)+" ", 80), " ")[:80]},
	} {
		if token, err := s.Sign(c); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %s, %v, want %s", token, err, says)
		}
	}
}

func TestKeysThatCannotSignAreRefused(t *testing.T) {
	for says, text := range map[string][]byte{
		"no private key in PEM":     []byte("x"),
		`got "PUBLIC KEY"`:          publicPEM(ecKey()),
		"RSA key of 1024 bits":      privatePEM(must(rsaOf(1024))),
		"k.pem: asn1: ":             pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte{0x30, 0}}),
		"x509: failed to parse EC ": pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: []byte{0x30, 0}}),
	} {
		if _, err := auth.ParseSigner(text, "k.pem"); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want %s", err, says)
		}
	}
	if _, err := auth.NewSecretSigner([]byte("short"), "s"); err == nil {
		t.Error("no error for a short secret")
	}
}
