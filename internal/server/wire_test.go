package server_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/icomet/icomet/internal/http1"
	"github.com/icomet/icomet/internal/http1/wiretest"
	"github.com/icomet/icomet/internal/icomettest"
)

// TestWire sends every case of the table to both ports of one server.
func TestWire(t *testing.T) {
	s := icomettest.Start(t)
	doors := map[string]struct {
		addr netip.AddrPort
		path string
	}{
		"front": {s.Front, "/ping"},
		"admin": {s.Admin, "/info"},
	}
	t.Run("doors", func(t *testing.T) {
		for name, door := range doors {
			for _, c := range wiretest.All() {
				if c.SizeBound {
					continue // other limits than those of the table are in force here
				}
				t.Run(name+"/"+c.Name, func(t *testing.T) {
					t.Parallel()
					converse(t, icomettest.Dial(t, door.addr), c, door.path)
				})
			}
		}
	})
}

// converse sends a case and checks each answer, and that there is no other.
func converse(t *testing.T, client *icomettest.Client, c wiretest.Case, path string) {
	client.Send(string(c.Input(path)))
	if !c.Closes {
		client.Half() // the server answers what is complete, then closes too
	}
	method := "GET"
	if head, _, _ := strings.Cut(string(c.Input(path)), " "); head == "HEAD" {
		method = head
	}
	closes := false
	for i, want := range c.Answers {
		if closes {
			t.Fatalf("%s\nanswer %d of %v said that it was the last", c.Section, i, c.Answers)
		}
		a := answer(client, method)
		for c.Continue && a.Status == 100 {
			a = answer(client, method)
		}
		if want != wiretest.Door && a.Status != want {
			t.Fatalf("%s\n%q\nanswer %d is\n%s\nwant %d", c.Section, c.Input(path), i, a.Head, want)
		}
		closes = strings.EqualFold(a.Header("Connection"), "close")
		if want == wiretest.Door && closes {
			client.AwaitEnd()
			return // the door may refuse what it does not serve, and close
		}
	}
	if closes != c.Closes {
		t.Fatalf("%s\n%q\nthe connection closes: %t, want %t", c.Section, c.Input(path), closes, c.Closes)
	}
	rest := client.Rest()
	if c.Continue {
		rest = strings.TrimPrefix(rest, http1.Continue)
	}
	if rest != "" {
		t.Fatalf("%s\n%q\nis followed by %q", c.Section, c.Input(path), rest)
	}
}

func answer(client *icomettest.Client, method string) icomettest.Answer {
	if method == "HEAD" {
		return client.Head()
	}
	return client.Answer()
}
