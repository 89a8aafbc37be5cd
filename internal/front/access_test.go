package front_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/icomet/icomet/internal/config"
	"github.com/icomet/icomet/internal/server"
	"github.com/icomet/icomet/internal/ws"
)

const secret = "a secret of at least thirty-two bytes, for tests"

// signed makes a token.
func signed(t *testing.T, claims jwt.MapClaims) string {
	t.Helper()
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// withTokens makes a server ask for signed tokens.
func withTokens(t *testing.T) func(o *server.Options) {
	t.Helper()
	key, err := config.ParseSecret(secret, "")
	if err != nil {
		t.Fatal(err)
	}
	return func(o *server.Options) {
		o.Config.Front.Auth = config.AuthJWT
		o.Config.JWT.Secrets = []config.Secret{key}
		o.Config.JWT.Leeway = 0
	}
}

func TestSignedTokensOpenTheirChannels(t *testing.T) {
	v := converse(t, withTokens(t))
	token := signed(t, jwt.MapClaims{"sub": "ann", "channels": []string{"news:*", "a"}})
	const missing = `{"type":"error","code":401,"cname":"a","text":"token missing"}`
	const forbidden = `{"type":"error","code":403,"cname":"b","text":"not permitted"}`
	v.poll("v=1&token="+token+"&cname=a&cname=news:1&cname=b", subscribed("a", 1, "E1"), subscribed("news:1", 1, "E2"), forbidden)
	v.poll("v=1&cname=a", missing)
	v.poll("v=1&cname=a&token=x.y.z", strings.Replace(missing, "missing", "not accepted", 1))
	v.poll("v=1&cname=a&token="+token+"&cname=news:1", subscribed("a", 1, "E1"), `{"type":"error","code":401,"cname":"news:1","text":"token missing"}`)
	c := v.s.DialFront(t)
	c.Get("/sub?v=1&cname=a", "Authorization: Bearer "+token)
	v.same("answer", v.show(c.Answer().Body), "["+subscribed("a", 1, "E1")+"]\n")
	c.Get("/sub?cname=a&token=" + token)
	v.same("answer of the original", c.Answer().Body, `{"type":"next_seq","cname":"a","seq":1,"content":""}`+"\n")
	for _, query := range []string{"cname=b&token=" + token, "cname=a"} {
		c.Get("/sub?" + query)
		if got := c.Answer().Body; !strings.HasPrefix(got, `{"type":"401",`) {
			t.Errorf("%s: %s", query, got)
		}
	}
	none, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{"channels": []string{"*"}}).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	v.poll("v=1&cname=a&token="+none, strings.Replace(missing, "missing", "not accepted", 1))
}

func TestWebSocketOfASignedToken(t *testing.T) {
	v := converse(t, withTokens(t))
	token := signed(t, jwt.MapClaims{"sub": "ann", "channels": []string{"a", "b"}, "publish": []string{"a"}, "exp": time.Now().Add(time.Hour).Unix()})
	w := v.webSocket("/ws?token=" + token)
	v.says(w, `{"cmd":"subscribe","channels":[{"cname":"b"},{"cname":"c"}]}`, subscribed("b", 1, "E1"),
		`{"type":"error","code":403,"cname":"c","text":"not permitted"}`)
	v.says(w, `{"id":1,"cmd":"publish","cname":"a","content":"x"}`, `{"type":"published","id":1,"cname":"a","seq":1,"epoch":"E2"}`)
	v.says(w, `{"id":2,"cmd":"publish","cname":"b","content":"x"}`, `{"type":"error","id":2,"code":403,"cname":"b","text":"publishing to this channel is not permitted"}`)
	// A fresh token takes the place of the old one, for the same client only.
	other := signed(t, jwt.MapClaims{"sub": "bob", "channels": []string{"*"}})
	v.says(w, `{"id":3,"cmd":"auth","token":"`+other+`"}`, `{"type":"error","id":3,"code":403,"text":"the token is of another client"}`)
	v.says(w, `{"id":4,"cmd":"auth","token":"x"}`, `{"type":"error","id":4,"code":401,"text":"token not accepted"}`)
	fresh := signed(t, jwt.MapClaims{"sub": "ann", "channels": []string{"c"}})
	v.says(w, `{"id":5,"cmd":"auth","token":"`+fresh+`"}`, `{"type":"authorized","id":5}`, `{"type":"error","code":403,"cname":"b","text":"not permitted"}`)
	v.says(w, `{"cmd":"subscribe","channels":[{"cname":"b"},{"cname":"c"}]}`,
		`{"type":"error","code":403,"cname":"b","text":"not permitted"}`, subscribed("c", 1, "E3"))
	// A connection needs no token of its own, but one that it brings is looked at.
	w = v.webSocket("/ws?token=x")
	v.hears(w, `{"type":"error","code":401,"text":"token not accepted"}`)
	w = v.webSocket("/ws")
	v.says(w, `{"cmd":"subscribe","cname":"a"}`, `{"type":"error","code":401,"cname":"a","text":"token missing"}`)
	v.says(w, `{"cmd":"subscribe","cname":"a","token":"`+token+`"}`, subscribed("a", 2, "E2"))
}

func TestExpiryEndsWhatATokenHasOpened(t *testing.T) {
	v := converse(t, withTokens(t))
	soon := signed(t, jwt.MapClaims{"sub": "ann", "channels": []string{"*"}, "exp": time.Now().Unix() + 2})
	later := signed(t, jwt.MapClaims{"sub": "ann", "channels": []string{"*"}, "exp": time.Now().Add(time.Hour).Unix()})
	renewed, ending := v.webSocket("/ws?token="+soon+"&cname=a"), v.webSocket("/ws?token="+soon+"&cname=a")
	v.hears(renewed, subscribed("a", 1, "E1"))
	v.hears(ending, subscribed("a", 1, "E1"))
	renewed.Say(`{"cmd":"auth","token":"` + later + `"}`)
	if got := renewed.Message(); !strings.HasPrefix(got, `{"type":"authorized","expires":`) {
		t.Fatal(got)
	}
	stream := v.open("/stream?v=1&cname=a&token=" + soon)
	v.chunks(stream, hello+"\n", subscribed("a", 1, "E1")+"\n")
	old, poll := v.open("/stream?cname=a&seq=1&token="+soon), v.s.DialFront(t)
	poll.Get("/sub?v=1&cname=a&seq=1&token=" + soon)
	const expired = `{"type":"error","code":401,"text":"token expired"}`
	v.chunks(stream, expired+"\n", "")
	v.chunks(old, `{"type":"401","cname":"a","seq":0,"content":"Token error"}`+"\n", "")
	v.same("poll", poll.Answer().Body, "["+expired+"]\n")
	if code := ending.AwaitCode(); code != ws.CloseExpired {
		t.Errorf("closed with %v", code)
	}
	v.says(renewed, `{"cmd":"ping"}`, `{"type":"pong"}`)
	v.poll("v=1&cname=a&token="+soon, `{"type":"error","code":401,"cname":"a","text":"token expired"}`)
}

func TestPagesOfOtherOriginsMayNotSubscribe(t *testing.T) {
	v := converse(t, func(o *server.Options) { o.Config.Front.Origins = []string{"https://*.example.com"} })
	for origin, want := range map[string]int{"": 200, "Origin: https://a.example.com": 200, "Origin: https://example.org": 403, "Origin: null": 403} {
		for _, target := range []string{"/sub?cname=a", "/sub?v=1&cname=a", "/sse?cname=a&seq=1", "/ws"} {
			c := v.s.DialFront(t)
			headers := []string{origin}
			if origin == "" {
				headers = nil
			}
			status := want
			if target == "/ws" {
				headers = append(headers, "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
				if want == 200 {
					status = 101
				}
			}
			c.Get(target, headers...)
			if a := c.Head(); a.Status != status {
				t.Errorf("%s of %q: %d, want %d", target, origin, a.Status, status)
			}
			c.Close()
		}
	}
}

// withHook makes a server ask an application.
func withHook(a *application) func(o *server.Options) {
	return func(o *server.Options) {
		o.Config.Hook = config.Hook{SubscribeURL: a.URL, Timeout: patience, Cache: 100}
	}
}

// application is a backend that is asked about subscriptions, and answers when it is let.
type application struct {
	*httptest.Server
	asked atomic.Int64
	let   chan struct{}
}

func newApplication(t *testing.T) *application {
	a := &application{let: make(chan struct{})}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q struct{ Channel, Client, Kind, Origin string }
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			t.Error(err)
		}
		a.asked.Add(1)
		select {
		case <-a.let:
		case <-r.Context().Done():
		}
		switch q.Channel {
		case "no":
			w.Write([]byte(`{"allow":false,"reason":"members only","ttl":60}`))
		case "broken":
			w.Write([]byte(`?`))
		default:
			w.Write([]byte(`{"allow":true,"ttl":60}`))
		}
	}))
	t.Cleanup(a.Close)
	return a
}

func TestTheApplicationIsAskedAboutSubscriptions(t *testing.T) {
	app := newApplication(t)
	v := converse(t, withHook(app))
	v.push("yes", "1")
	poll, old, stream := v.s.DialFront(t), v.s.DialFront(t), v.s.DialFront(t)
	poll.Get("/sub?cname=yes&seq=1&cname=no&cname=broken")
	old.Get("/sub?cname=no")
	stream.Get("/stream?v=1&cname=yes")
	gone := v.s.DialFront(t)
	gone.Get("/stream?v=1&cname=never")
	w := v.webSocket("/ws?cname=yes")
	v.says(w, `{"cmd":"ping"}`, `{"type":"pong"}`) // goes on meanwhile
	gone.Close()
	close(app.let)
	const no = `{"type":"error","code":403,"cname":"no","text":"members only"}`
	v.same("poll", v.show(poll.Answer().Body), "["+data("yes", 1, "E1", "1")+","+no+","+
		`{"type":"error","code":503,"cname":"broken","text":"the application cannot be asked at the moment; try again"}`+"]\n")
	v.same("original", old.Answer().Body, `{"type":"401","cname":"no","seq":0,"content":"Token error"}`+"\n")
	stream.Head()
	v.chunks(stream, hello+"\n", subscribed("yes", 2, "E1")+"\n")
	v.hears(w, subscribed("yes", 2, "E1"))
	v.says(w, `{"id":1,"cmd":"subscribe","cname":"no"}`, `{"type":"error","id":1,"code":403,"cname":"no","text":"members only"}`)
	v.says(w, `{"id":2,"cmd":"subscribe","cname":"later"}`, `{"type":"subscribed","id":2,"cname":"later","seq":1,"epoch":"E2"}`)
	// The next request at the same connection is answered as ever, and what is known is not asked again.
	asked := app.asked.Load()
	poll.Get("/sub?v=1&cname=yes")
	v.same("next answer", v.show(poll.Answer().Body), "["+subscribed("yes", 2, "E1")+"]\n")
	v.push("yes", "2")
	v.chunks(stream, data("yes", 2, "E1", "2")+"\n")
	v.hears(w, data("yes", 2, "E1", "2"))
	if now := app.asked.Load(); now > asked+1 {
		t.Errorf("asked %d times, and again %d", asked, now-asked)
	}
}

func TestServerThatStopsAnswersThoseWhoWaitForTheApplication(t *testing.T) {
	app := newApplication(t)
	v := converse(t, withHook(app))
	c := v.s.DialFront(t)
	c.Get("/stream?v=1&cname=a")
	v.s.AwaitSubscribers(t, 1)
	if err := v.s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if a := c.Answer(); a.Status != 503 {
		t.Errorf("%s", a.Head)
	}
}
