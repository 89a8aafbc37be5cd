package auth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/auth"
)

func TestWeakAndWrongKeysAreRefused(t *testing.T) {
	small := must(rsa.GenerateKey(rand.Reader, 1024))
	p384 := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	huge := &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 8192), E: 65537}
	even := &rsa.PublicKey{N: rsaKey().N, E: 65536}
	block := func(kind string, bytes []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes})
	}
	for _, c := range []struct {
		name string
		text []byte
		says string
	}{
		{"RSA of 1024 bits", publicPEM(small), "RSA key of 1024 bits, expected 2048 to 8192"},
		{"RSA beyond measure", block("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(huge)), "RSA key of 8193 bits"},
		{"RSA with an even exponent", block("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(even)), "exponent 65536"},
		{"P-384", publicPEM(p384), "EC key on P-384, expected P-256"},
		{"private key", privatePEM(ecKey()), "got a private key"},
		{"no PEM", []byte("ssh-rsa AAAA"), "no key in PEM was found"},
		{"nothing", nil, "no key in PEM was found"},
		{"damaged", block("PUBLIC KEY", []byte("x")), "asn1"},
		{"damaged certificate", block("CERTIFICATE", []byte("x")), "x509"},
		{"something else", block("X509 CRL", nil), `got "X509 CRL", expected PUBLIC KEY`},
		{"too many", []byte(strings.Repeat(string(publicPEM(ecKey())), 17)), "more than 16 keys"},
	} {
		if keys, err := auth.ParsePublicKeys(c.text, "k.pem"); err == nil || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), "k.pem: ") {
			t.Errorf("%s: got %v, %v", c.name, keys, err)
		}
	}
	for text, says := range map[string]string{
		secret[1:]:                  "secret of 31 bytes, expected at least 32",
		string(publicPEM(rsaKey())): "got a PEM file as a secret",
	} {
		if _, err := auth.NewSecret([]byte(text), "s"); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want %q", err, says)
		}
	}
}

func TestCertificatesAndSeveralKeysAreRead(t *testing.T) {
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "x"}, NotAfter: time.Now()}
	cert := must(x509.CreateCertificate(rand.Reader, template, template, ecKey().Public(), ecKey()))
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), publicPEM(edKey())...)
	keys, err := auth.ParsePublicKeys(text, "k.pem")
	if err != nil || len(keys) != 2 || keys[0].String() != "ES256 key of k.pem" || keys[1].WithID("n").String() != `EdDSA key "n" of k.pem` {
		t.Errorf("got %v, %v", keys, err)
	}
	if _, err := newChecker(t, auth.Options{Keys: keys}).Verify(now, es(ecKey(), "any", `{}`)); err != nil {
		t.Error(err)
	}
}

func TestCheckersThatCouldTakeNothingAreRefused(t *testing.T) {
	for _, o := range []auth.Options{{}, {JWKSURL: "https://a.example/"}, {Keys: make([]auth.Key, 1)}, {Keys: make([]auth.Key, 65)}} {
		if _, err := auth.New(o); err == nil {
			t.Errorf("no error for %+v", o)
		}
	}
}
