package server_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/config"
	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/server"
)

// keySet has the example key of RFC 7517, appendix A.1.
const keySet = `{"keys":[{"kty":"EC","crv":"P-256","kid":"1","use":"sig",
"x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}`

const secretText = "0123456789abcdef0123456789abcdef"

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func secretOf(t *testing.T, text string) config.Secret {
	t.Helper()
	s, err := config.ParseSecret(text, "/")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStartNamesTheKeyThatIsBad(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	jwt := func(f func(j *config.JWT)) func(c *config.Config) {
		return func(c *config.Config) { c.Front.Auth = config.AuthJWT; f(&c.JWT) }
	}
	secretFile := func(path string) func(c *config.Config) {
		return jwt(func(j *config.JWT) { j.Secrets = []config.Secret{secretOf(t, "file:"+path)} })
	}
	public := func(path string) func(c *config.Config) {
		return jwt(func(j *config.JWT) { j.PublicKeys = []string{path} })
	}
	for _, c := range []struct {
		name   string
		change func(c *config.Config)
		says   string
	}{
		{"no key", jwt(func(*config.JWT) {}), "there is no key"},
		{"no secret file", secretFile(none), "jwt.secret: open " + none},
		{"short secret in a file", secretFile(write(t, "s", secretText[1:]+"\n")), "s: got a secret of 31 bytes, expected at least 32"},
		{"endless secret", secretFile(write(t, "big", strings.Repeat("x", 1<<17))), "big is longer than 65536 bytes"},
		{"no key file", public(none), "jwt.public_key: open " + none},
		{"no PEM", public(write(t, "k.pem", "hello")), "k.pem: no key in PEM was found"},
		{"bad origin", func(c *config.Config) { c.Front.Origins = []string{"example.com"} }, `front.origin: got "example.com", expected an origin`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := server.Start(options(c.change))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
			if err != nil && strings.Contains(err.Error(), secretText[1:]) {
				t.Errorf("the error shows the secret: %v", err)
			}
		})
	}
}

func TestKeysMayStandInFiles(t *testing.T) {
	for _, end := range []string{"", "\n", "\r\n"} {
		text, err := server.SecretText(secretOf(t, "file:"+write(t, "s", secretText+end)))
		if err != nil || string(text) != secretText {
			t.Errorf("%q: got %q, %v", end, text, err)
		}
	}
	o, err := server.AuthOptions(&config.JWT{
		Secrets: []config.Secret{secretOf(t, secretText), secretOf(t, "file:"+write(t, "s", secretText))},
		Issuer:  "me", Audience: "push", Leeway: time.Second, JWKSURL: "https://id.example/", JWKSRefresh: time.Minute,
	})
	if err != nil || len(o.Keys) != 2 || o.Issuer != "me" || o.Audience != "push" || o.Leeway != time.Second || o.JWKSURL == "" || o.JWKSRefresh != time.Minute {
		t.Errorf("got %+v, %v", o, err)
	}
}

func TestKeySetIsFetchedWhileTheServerRuns(t *testing.T) {
	asked := make(chan struct{}, 1)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, keySet)
		asked <- struct{}{}
	}))
	defer site.Close()
	s := icomettest.Start(t, func(o *server.Options) {
		o.Config.Front.Auth = config.AuthJWT
		o.Config.JWT.JWKSURL = site.URL
		o.Config.Hook.SubscribeURL = site.URL
	})
	<-asked
	const fetched = `icomet_key_set_fetches_total{result="ok"} 1`
	if !icomettest.Within(time.Minute, func() bool { return strings.Contains(metricsOf(t, s), fetched) }) {
		t.Errorf("no %s in\n%s", fetched, metricsOf(t, s))
	}
}

func metricsOf(t *testing.T, s *icomettest.Server) string {
	t.Helper()
	answer, err := http.Get(s.AdminURL("/metrics"))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The door itself knows tokens of /sign only: with jwt it must not be open.
func TestDoorIsClosedWithJWT(t *testing.T) {
	s := icomettest.Start(t, func(o *server.Options) {
		o.Config.Front.Auth = config.AuthJWT
		o.Config.JWT.Secrets = []config.Secret{secretOf(t, secretText)}
	})
	answer, err := http.Get(s.FrontURL("/poll", "cname", "a"))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || !strings.Contains(string(text), `"type":"401"`) {
		t.Errorf("got %s, %v", text, err)
	}
}
