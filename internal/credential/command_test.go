package credential_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/MicahParks/jwkset"

	"github.com/icomet/icomet/internal/credential"
)

const secret = "0123456789abcdef0123456789abcdef"

// icomet runs a command and returns its exit code, and what it has printed where.
func icomet(t *testing.T, input string, args ...string) (code int, out, complaint string) {
	t.Helper()
	var o, e bytes.Buffer
	code = credential.Main(t.Context(), args, credential.Streams{In: strings.NewReader(input), Out: &o, Err: &e})
	return code, o.String(), e.String()
}

// token makes a token, which has to work.
func token(t *testing.T, args ...string) string {
	t.Helper()
	code, out, complaint := icomet(t, "", append([]string{"token"}, args...)...)
	if code != 0 || complaint != "" || strings.Count(out, ".") != 2 || strings.Count(out, "\n") != 1 {
		t.Fatalf("token %q: exit code %d, %q, %q", args, code, out, complaint)
	}
	return strings.TrimSpace(out)
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// pair writes a key in two files, and returns it as a key set as well.
func pair(t *testing.T) (private, public string, set []byte) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	priv, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	pub, err := x509.MarshalPKIXPublicKey(k.Public())
	if err != nil {
		t.Fatal(err)
	}
	jwk, err := jwkset.NewJWKFromKey(k.Public(), jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{KID: "k1"}})
	if err != nil {
		t.Fatal(err)
	}
	set, err = json.Marshal(jwkset.JWKSMarshal{Keys: []jwkset.JWKMarshal{jwk.Marshal()}})
	if err != nil {
		t.Fatal(err)
	}
	file := func(name, kind string, der []byte) string {
		return write(t, name, string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})))
	}
	return file("private.pem", "PRIVATE KEY", priv), file("public.pem", "PUBLIC KEY", pub), set
}

func TestATokenThatWasMadeIsExplained(t *testing.T) {
	private, public, set := pair(t)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(set) }))
	defer site.Close()
	conf := write(t, "icomet.conf", "admin:\n\tlisten: 127.0.0.1:8000\nfront:\n\tlisten: 127.0.0.1:8100\n\tpolling_timeout: 30\n\tauth: jwt\n"+
		"jwt:\n\tsecret: file:secret\n\tpublic_key: "+public+"\n\taudience: push\n\tissuer: me\n")
	if err := os.WriteFile(filepath.Join(filepath.Dir(conf), "secret"), []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	common := []string{"--client", "ann", "--channel", "news:*", "--channel", "a,b", "--publish", "chat:*", "--info", `{"name":"Ann"}`}
	with := func(args ...string) []string { return append(args, common...) }
	short, es256 := with("--secret", secret), with("--key", private)
	for _, c := range []struct {
		name    string
		token   string
		explain []string
		code    int
		says    string
	}{
		{"secret", token(t, short...), []string{"--secret", secret, "--channel", "news:1"}, 0, `allowed by "news:*" in channels`},
		{"name with a comma", token(t, short...), []string{"--secret", secret, "--channel", "a,b"}, 0, `allowed by "a,b" in channels`},
		{"publish", token(t, short...), []string{"--secret", secret, "--channel", "chat:1", "--publish"}, 0, `allowed by "chat:*" in publish`},
		{"other channel", token(t, short...), []string{"--secret", secret, "--channel", "new"}, 1, `NO  subscribe "new": no pattern in channels matches; the nearest of 2 is "news:*"`},
		{"other secret", token(t, short...), []string{"--secret", strings.ToUpper(secret), "--channel", "news:1"}, 1, "NO  signature"},
		{"for ever", token(t, with("--secret", secret, "--expires", "0")...), []string{"--secret", secret, "--channel", "news:1"}, 0, "it never expires"},
		{"public key", token(t, es256...), []string{"--public-key", public, "--channel", "news:1"}, 0, "ES256 key of " + public},
		{"public key for a secret", token(t, short...), []string{"--public-key", public, "--channel", "news:1"}, 1, "signed by HS256, its key is for ES256"},
		{"key set", token(t, with("--key", private, "--kid", "k1")...), []string{"--jwks-url", site.URL, "--channel", "news:1"}, 0, `ES256 key "k1" of ` + site.URL},
		{"key that is not in the set", token(t, with("--key", private, "--kid", "k2")...), []string{"--jwks-url", site.URL, "--channel", "news:1"}, 1, `no key is called "k2"`},
		{"configuration", token(t, with("--config", conf)...), []string{"--config", conf, "--channel", "news:1"}, 0, `ok  audience: "push"`},
		{"key beside a configuration", token(t, with("--config", conf, "--key", private)...), []string{"--config", conf, "--channel", "news:1"}, 0, "by the ES256 key of jwt.public_key, " + public},
		{"for another service", token(t, with("--config", conf, "--audience", "mail")...), []string{"--config", conf, "--channel", "news:1"}, 1, `NO  audience: aud is "mail", expected "push"`},
		{"by somebody else", token(t, short...), []string{"--secret", secret, "--issuer", "me", "--leeway", "0s", "--channel", "news:1"}, 1, `NO  issuer: the token has no claim iss, expected "me"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, how := range []string{c.token, "-"} {
				code, out, complaint := icomet(t, c.token+"\n", append([]string{"explain", "--token", how}, c.explain...)...)
				if code != c.code || complaint != "" || !strings.Contains(out, c.says) {
					t.Errorf("exit code %d, want %d with %s:\n%s%s", code, c.code, c.says, out, complaint)
				}
				if last := map[int]string{0: "\naccess\n", 1: "\nno access\n"}[c.code]; !strings.HasSuffix(out, last) {
					t.Errorf("it ends with %q, want %q", out, last)
				}
			}
		})
	}
}

func TestCommandsSayWhatTheyLack(t *testing.T) {
	private, public, _ := pair(t)
	plain := write(t, "plain.conf", "admin:\n\tlisten: 127.0.0.1:8000\nfront:\n\tlisten: 127.0.0.1:8100\n\tpolling_timeout: 30\n")
	bad := write(t, "bad.conf", "front\n")
	gone := filepath.Join(t.TempDir(), "gone")
	for _, c := range []struct{ args, says string }{
		{"token", "expected --secret, --key, or --config with a jwt.secret"},
		{"token --secret short", "--secret: got a secret of 5 bytes"},
		{"token --secret file:" + gone, "no such file"},
		{"token --secret " + secret + " --key " + private, "can't be used together"},
		{"token --key " + gone, "no such file"},
		{"token --key " + public, `got "PUBLIC KEY", expected PRIVATE KEY`},
		{"token --config " + plain, "is none, so a server with it does not look at signed tokens"},
		{"token --config " + bad, "cannot use " + bad},
		{"token --secret " + secret + " --channel a*b", "a star may stand at the end only"},
		{"token --secret " + secret + " --info [1]", "claim info is not a JSON object"},
		{"token --secret " + secret + " --expires=-1h", "expected --expires of 0 or more"},
		{"token --secret " + secret + " --wings", "unknown flag"},
		{"explain --channel a", "missing flags: --token=TOKEN"},
		{"explain --token a.b.c --channel a", "expected a key to check with"},
		{"explain --token a.b.c --channel a --secret short", "--secret: got a secret of 5 bytes"},
		{"explain --token a.b.c --channel a --public-key " + gone, "no such file"},
		{"explain --token a.b.c --channel a --public-key " + private, "got a private key"},
		{"explain --token a.b.c --channel a --config " + gone, "is not a file"},
		{"explain --token a.b.c --channel a --secret " + secret + " --jwks-url http://127.0.0.1:1/", "key set of http://127.0.0.1:1/"},
	} {
		code, _, complaint := icomet(t, "", strings.Fields(c.args)...)
		if code != 1 || !strings.Contains(complaint, c.says) {
			t.Errorf("%s: exit code %d, want 1 with %s:\n%s", c.args, code, c.says, complaint)
		}
		if strings.Contains(complaint, secret) {
			t.Errorf("%s: the complaint shows the secret", c.args)
		}
	}
}

func TestHelpIsNoFailure(t *testing.T) {
	for _, word := range []string{"token", "explain"} {
		if code, out, _ := icomet(t, "", word, "--help"); code != 0 || !strings.Contains(out, "Usage: icomet "+word) {
			t.Errorf("%s: exit code %d:\n%s", word, code, out)
		}
	}
}

// failing is an output that is gone, such as a closed pipe.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestTokensThatCannotBePrintedAreFailures(t *testing.T) {
	s := credential.Streams{In: strings.NewReader(""), Out: failing{}, Err: io.Discard}
	for _, args := range [][]string{
		{"token", "--secret", secret},
		{"explain", "--secret", secret, "--channel", "a", "--token", token(t, "--secret", secret, "--channel", "a")},
	} {
		if code := credential.Main(context.Background(), args, s); code != 1 {
			t.Errorf("%s: exit code %d", args[0], code)
		}
	}
}
