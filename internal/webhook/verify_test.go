package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// verify tells whether a request with this body was signed with secret, not more than five minutes ago. The
// guide shows it.
func verify(header http.Header, body []byte, secret string, now time.Time) bool {
	var seconds int64
	var signature string
	for part := range strings.SplitSeq(header.Get("Icomet-Signature"), ",") {
		switch key, value, _ := strings.Cut(part, "="); key {
		case "t":
			fmt.Sscan(value, &seconds)
		case "v1":
			signature = value
		}
	}
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.%s", seconds, body)
	want := hex.EncodeToString(mac.Sum(nil))
	return hmac.Equal([]byte(signature), []byte(want)) && now.Sub(time.Unix(seconds, 0)).Abs() < 5*time.Minute
}

func TestSignature(t *testing.T) {
	at := time.Unix(1764000000, 5)
	body := []byte(`{"events":[]}`)
	const want = "t=1764000000,v1=09146102087e11983d8b78264dab1cb689cf37df54eb2cad00d9e19c316b03c4"
	got := sign("secret", at, body)
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	header := http.Header{"Icomet-Signature": {got}}
	for name, c := range map[string]struct {
		body, secret string
		now          time.Time
		good         bool
	}{
		"right":        {string(body), "secret", at.Add(time.Minute), true},
		"other body":   {string(body) + " ", "secret", at, false},
		"other secret": {string(body), "Secret", at, false},
		"old":          {string(body), "secret", at.Add(6 * time.Minute), false},
		"from later":   {string(body), "secret", at.Add(-6 * time.Minute), false},
	} {
		if verify(header, []byte(c.body), c.secret, c.now) != c.good {
			t.Errorf("%s: want %v", name, c.good)
		}
	}
	if verify(http.Header{}, body, "secret", at) {
		t.Error("a request without signature is good")
	}
}
