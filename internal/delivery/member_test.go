package delivery

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/icomet/icomet/internal/hub"
)

func TestMembersAreChecked(t *testing.T) {
	long := `{"n":"` + strings.Repeat("x", hub.InfoBytesMax-8) + `"}`
	for _, c := range []struct {
		name, client, info string
		want               string
		err                error
	}{
		{"no info", "ann", "", "", nil},
		{"blanks go", "ann", " { \"name\" : \"A B\",\n\"n\":1 } ", `{"name":"A B","n":1}`, nil},
		{"longest", strings.Repeat("é", 64), long, long, nil},
		{"longest behind blanks", "ann", strings.Repeat(" ", 5000) + long, long, nil},
		{"no client", "", "{}", "", ErrClient},
		{"client too long", strings.Repeat("é", 64) + "x", "", "", ErrClient},
		{"client is not UTF-8", "a\xff", "", "", ErrClient},
		{"info too long", "ann", long + " ", long, nil},
		{"info longer by one", "ann", `{"n":"x` + long[6:], "", ErrInfo},
		{"info grows when it becomes UTF-8", "ann", `{"n":"` + strings.Repeat("\xffx", 400) + `"}`, "", ErrInfo},
		{"info is no object", "ann", `[1]`, "", ErrInfo},
		{"info is half", "ann", `{"n":1`, "", ErrInfo},
		{"info is two", "ann", `{}{}`, "", ErrInfo},
		{"info is blank", "ann", ` `, "", ErrInfo},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := NewMember(c.client, []byte(c.info))
			if !errors.Is(err, c.err) || err == nil && (m != hub.Member{Client: c.client, Info: c.want}) {
				t.Errorf("got %.50q, %v; want %.50q, %v", m, err, c.want, c.err)
			}
		})
	}
}

func TestMemberMessages(t *testing.T) {
	ann := hub.Member{Client: `a"<\`, Info: `{"name":"Ann"}`}
	join := hub.Message{Type: hub.Join, Channel: "c\n", Member: &ann}
	leave := hub.Message{Type: hub.Leave, Channel: "c", Member: &hub.Member{Client: "bob"}}
	for _, c := range []struct{ got, want string }{
		{string(AppendMemberEvent(nil, &join)), `{"type":"join","cname":"c\n","client":"a\"<\\","info":{"name":"Ann"}}`},
		{string(AppendMemberEvent(nil, &leave)), `{"type":"leave","cname":"c","client":"bob","info":{}}`},
		{string(AppendMemberList(nil, 5, "c", []hub.Member{ann, {Client: "bob"}}, 7)),
			`{"type":"members","id":5,"cname":"c","members":[{"client":"a\"<\\","info":{"name":"Ann"}},{"client":"bob","info":{}}],"count":7}`},
		{string(AppendMemberList(nil, NoID, "c", nil, 0)), `{"type":"members","cname":"c","members":[],"count":0}`},
	} {
		if c.got != c.want || !json.Valid([]byte(c.got)) {
			t.Errorf("got  %s\nwant %s", c.got, c.want)
		}
	}
}

// FuzzNewMember looks for members that break a message.
func FuzzNewMember(f *testing.F) {
	f.Add("ann", []byte(`{"name":"Ann"}`))
	f.Add("\u2028<", []byte("{\"\u2028\":\"\xff\"}"))
	f.Fuzz(func(t *testing.T, client string, info []byte) {
		m, err := NewMember(client, info)
		if err != nil {
			return
		}
		text := AppendMemberEvent(nil, &hub.Message{Type: hub.Join, Channel: "c", Member: &m})
		var back struct {
			Client string
			Info   map[string]any
		}
		if err := json.Unmarshal(text, &back); err != nil || back.Client != client || strings.ContainsAny(string(text), "\r\n") {
			t.Errorf("%v in %q", err, text)
		}
	})
}
