package admin_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/server"
)

// join makes clients members of a channel, and returns when they are.
func join(t testing.TB, s *icomettest.Server, channel string, clients ...string) {
	t.Helper()
	for _, client := range clients {
		c := s.DialFront(t)
		c.Get("/stream?v=1&cname=" + url.QueryEscape(channel) + "&client=" + url.QueryEscape(client) + `&info={"n":1}`)
		c.Head()
		c.Chunk()
		if got := c.Chunk(); !strings.Contains(got, `"type":"subscribed"`) {
			t.Fatalf("%s got %q", client, got)
		}
	}
}

func members(o *server.Options) {
	o.Config.Front.Presence, o.Config.Front.ClientIDs = []string{"*"}, true
}

func TestPresenceIsShownInPages(t *testing.T) {
	s := icomettest.Start(t, members, func(o *server.Options) { o.Config.Front.MaxMembersPerChannel = 3 })
	join(t, s, `a"`, "cy", "ann", `b"o`, "dave")
	c := s.DialAdmin(t)
	for _, step := range []struct{ query, want string }{
		{"channel=a%22", `{"channel":"a\"","count":4,"members":[{"client":"ann","info":{"n":1}},{"client":"b\"o","info":{"n":1}},{"client":"cy","info":{"n":1}}]}`},
		{"channel=a%22&limit=1", `{"channel":"a\"","count":4,"members":[{"client":"ann","info":{"n":1}}],"next":"ann"}`},
		{"channel=a%22&limit=1&after=ann", `{"channel":"a\"","count":4,"members":[{"client":"b\"o","info":{"n":1}}],"next":"b\"o"}`},
		{"channel=a%22&limit=1&after=b%22o", `{"channel":"a\"","count":4,"members":[{"client":"cy","info":{"n":1}}]}`},
		{"channel=a%22&after=zoe", `{"channel":"a\"","count":4,"members":[]}`},
		{"channel=nobody", `{"channel":"nobody","count":0,"members":[]}`},
		{"channel=", `{"channel":"","count":0,"members":[]}`},
		{"channel=a%22&channel=b&counts=1", `{"channels":[{"channel":"a\"","count":4,"subscribers":4},{"channel":"b","count":0,"subscribers":0}]}`},
	} {
		c.Get("/v1/presence?" + step.query)
		if got := c.Answer(); got.Status != 200 || got.Body != step.want+"\n" {
			t.Errorf("%s:\ngot  %d %s\nwant %s", step.query, got.Status, got.Body, step.want)
		}
		c.Request("POST", "/v1/presence", step.query)
		if got := c.Answer(); got.Status != 200 || got.Body != step.want+"\n" {
			t.Errorf("%s as a form:\ngot  %d %s\nwant %s", step.query, got.Status, got.Body, step.want)
		}
	}
	c.Request("HEAD", "/v1/presence?channel=a", "")
	if c.Head().Status != 200 {
		t.Error("HEAD is not served")
	}
}

func TestPresenceTakesJSON(t *testing.T) {
	s := icomettest.Start(t, members)
	join(t, s, "a", "ann", "bob")
	c := s.DialAdmin(t)
	for body, want := range map[string]string{
		`{"channel":"a","limit":1}`:            `{"channel":"a","count":2,"members":[{"client":"ann","info":{"n":1}}],"next":"ann"}`,
		`{"channels":["a"],"after":"ann"}`:     `{"channel":"a","count":2,"members":[{"client":"bob","info":{"n":1}}]}`,
		`{"channels":["b","a"],"counts":true}`: `{"channels":[{"channel":"b","count":0,"subscribers":0},{"channel":"a","count":2,"subscribers":2}]}`,
		`{"channel":"a","counts":true}`:        `{"channels":[{"channel":"a","count":2,"subscribers":2}]}`,
		`{"channel":"a","page":2}`:             `{"error":{"code":400,"text":"the body is not right: json: unknown field \"page\""}}`,
		`{"channel":"a"}{}`:                    `{"error":{"code":400,"text":"the body has more than one JSON value"}}`,
		`{"channels":["a","b"]}`:               `{"error":{"code":400,"text":"members of one channel only can be asked for; counts=1 counts those of many"}}`,
		`{"channel":"a","limit":0}`:            `{"error":{"code":400,"text":"limit must be from 1 to 1000"}}`,
		`{"channel":"a","limit":1001}`:         `{"error":{"code":400,"text":"limit must be from 1 to 1000"}}`,
		`{}`:                                   `{"error":{"code":400,"text":"channel is missing"}}`,
		many(10_001):                           `{"error":{"code":400,"text":"too many channels; at most 10000 can be counted at once"}}`,
	} {
		c.Request("POST", "/v1/presence", body, "Content-Type: application/json")
		if got := c.Answer(); got.Body != want+"\n" || (got.Status == 200) == strings.Contains(want, "error") {
			t.Errorf("%.100s:\ngot  %d %s\nwant %s", body, got.Status, got.Body, want)
		}
	}
	c.Request("POST", "/v1/presence", many(10_000), "Content-Type: application/json")
	if got := c.Answer(); strings.Count(got.Body, `"count":0`) != 10_000 {
		t.Errorf("%d channels of 10000 were counted", strings.Count(got.Body, `"count":0`))
	}
	c.Get("/v1/presence?channel=a&limit=x")
	if got := c.Answer(); got.Status != 400 {
		t.Errorf("a limit that is no number: %d", got.Status)
	}
	c.Request("DELETE", "/v1/presence?channel=a", "")
	if got := c.Answer(); got.Status != 405 {
		t.Errorf("DELETE: %d", got.Status)
	}
}

func many(channels int) string {
	var b strings.Builder
	for i := range channels {
		fmt.Fprintf(&b, `,"%d"`, i)
	}
	return `{"counts":true,"channels":[` + b.String()[1:] + `]}`
}
