package ws

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// What docs/protocol.md tells clients.
func TestCloseCodesSayWhatClientsShouldDo(t *testing.T) {
	for _, c := range []struct {
		code         Code
		number       int
		text, advice string
	}{
		{CloseNormal, 1000, "1000: the client closed", "nothing"},
		{CloseGoingAway, 1001, "1001: the server stops or restarts", "come back, with back-off"},
		{CloseProtocol, 1002, "1002: broken frame", "not repeat it"},
		{CloseUnsupported, 1003, "1003: binary frame as a command", "not repeat it"},
		{CloseNone, 1005, "1005: no code", "come back, with back-off"},
		{CloseNotUTF8, 1007, "1007: text is not UTF-8", "not repeat it"},
		{CloseTooLarge, 1009, "1009: frame or message too large", "not repeat it"},
		{CloseInternal, 1011, "1011: internal error", "come back, with back-off"},
		{CloseBadCommands, 4400, "4400: too many bad commands", "not repeat it"},
		{CloseExpired, 4401, "4401: the token has expired and was not renewed", "get a new token, come back"},
		{Code(1013), 1013, "1013", "come back, with back-off"},
		{Code(4999), 4999, "4999", "come back, with back-off"},
	} {
		if int(c.code) != c.number || c.code.String() != c.text || c.code.Advice().String() != c.advice {
			t.Errorf("%d: %q, %q; want %d: %q, %q", c.code, c.code, c.code.Advice(), c.number, c.text, c.advice)
		}
	}
}

func TestCodesThatMayBeSent(t *testing.T) {
	for c := range 1 << 16 {
		want := 1000 <= c && c <= 1014 && (c < 1004 || c > 1006) || 3000 <= c && c < 5000
		if Code(c).mayBeSent() != want {
			t.Errorf("%d: %t", c, !want)
		}
	}
}

func TestCloseIsReadAsItWasWritten(t *testing.T) {
	long := strings.Repeat("ä", 100) // 200 bytes
	for _, c := range []struct {
		code         Code
		reason, want string
	}{
		{CloseNone, "is dropped", ""},
		{CloseNormal, "", ""},
		{CloseExpired, "token expired", "token expired"},
		{CloseGoingAway, strings.Repeat("x", 123), strings.Repeat("x", 123)},
		{CloseGoingAway, strings.Repeat("x", 124), strings.Repeat("x", 123)},
		{CloseInternal, long, long[:122]},
		{CloseInternal, "x" + long, ("x" + long)[:123]},
		{CloseInternal, strings.Repeat("𐀀", 40), strings.Repeat("𐀀", 30)},
	} {
		frame := AppendClose(nil, c.code, c.reason)
		var r Reader
		used, e, err := r.Next(frame, Options{Client: true})
		if err != nil || used != len(frame) || e.Kind != Close || e.Code != c.code || string(e.Payload) != c.want || !utf8.Valid(e.Payload) {
			t.Errorf("%d %q: used %d, %+v, %v", c.code, c.reason, used, e, err)
		}
	}
}
