package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseListen(t *testing.T) {
	for _, c := range []struct {
		text string
		want Listen
		rest string
	}{
		{"127.0.0.1:8000", Listen{"127.0.0.1", 8000, 8000}, ""},
		{"*:8000", Listen{"0.0.0.0", 8000, 8000}, ""},
		{"localhost:0", Listen{"localhost", 0, 0}, ""},
		{"my_host.example-1.com:65535", Listen{"my_host.example-1.com", 65535, 65535}, ""},
		{"[::1]:80", Listen{"::1", 80, 80}, ""},
		{"[0:0::0001]:80-81", Listen{"::1", 80, 81}, ""},
		{"[::ffff:10.0.0.1]:80", Listen{"10.0.0.1", 80, 80}, ""},
		{"0.0.0.0:8100-8199", Listen{"0.0.0.0", 8100, 8199}, ""},
		{"0.0.0.0:8100-8100", Listen{"0.0.0.0", 8100, 8100}, ""},
		{"1.2.3.4:64512-65535", Listen{"1.2.3.4", 64512, 65535}, ""},
		{"1.2.3.4:0080", Listen{"1.2.3.4", 80, 80}, ""},
		{"1.2.3.4:80 # web", Listen{"1.2.3.4", 80, 80}, " # web"},
		{"1.2.3.4:80-81x", Listen{"1.2.3.4", 80, 81}, "x"},
	} {
		got, rest, err := parseListen(c.text)
		if err != nil || got != c.want || rest != c.rest {
			t.Errorf("%s: got %v, %q, %v", c.text, got, rest, err)
		}
		if again, rest, err := parseListen(got.String()); err != nil || rest != "" || again != got {
			t.Errorf("%s: written as %s, read as %v, %q, %v", c.text, got, again, rest, err)
		}
	}
}

func TestParseListenRefuses(t *testing.T) {
	const (
		form  = "expected HOST:PORT, with * as host for all addresses"
		port  = "expected a port from 0 to 65535"
		host  = "expected an IP address or a host name"
		ports = "expected a range of ports as 8100-8199"
		six   = "expected [IPv6]:PORT"
	)
	for text, want := range map[string]string{
		"": form, "8000": form, ":8000": form, "localhost": form,
		"a:": port, "a:abc": port, "a:-1": port, "a:65536": port, "a:99999": port, "a: 80": port, "a:80-": port, "a:80-x": port,
		"a:80-79": ports, "a:0-80": ports, "a:0-0": ports,
		"a:1-1025": "expected a range of 1024 ports at most",
		"a b:80":   host, "a/b:80": host, "<a>:80": host,
		"1.2.3:80": "expected four numbers from 0 to 255 as IPv4 address", "1.2.3.256:80": "expected four numbers from 0 to 255 as IPv4 address",
		"::1:80": form, "fe80::1:80": "expected an IPv6 address in brackets",
		"[::1]": six, "[::1]80": six, "[1.2.3.4]:80": six, "[a]:80": six, "[]:80": six,
		"[fe80::1%eth0]:80": "expected an address without a zone",
	} {
		if got, rest, err := parseListen(text); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, %q, %v, want %s", text, got, rest, err, want)
		}
	}
}

func TestAddressesAreThoseOfTheRange(t *testing.T) {
	got := Listen{"::1", 65534, 65535}.Addresses()
	if diff := cmp.Diff([]string{"[::1]:65534", "[::1]:65535"}, got); diff != "" {
		t.Error(diff)
	}
	if got := (Listen{Host: "a"}).Addresses(); len(got) != 1 || got[0] != "a:0" {
		t.Errorf("got %q", got)
	}
}

func TestListenClashes(t *testing.T) {
	for _, c := range []struct {
		a, b Listen
		want bool
	}{
		{Listen{"1.2.3.4", 1, 5}, Listen{"1.2.3.4", 5, 9}, true},
		{Listen{"1.2.3.4", 1, 5}, Listen{"1.2.3.4", 6, 9}, false},
		{Listen{"1.2.3.4", 5, 5}, Listen{"1.2.3.5", 5, 5}, false},
		{Listen{"1.2.3.4", 5, 5}, Listen{"0.0.0.0", 5, 5}, true},
		{Listen{"::", 5, 5}, Listen{"1.2.3.4", 5, 5}, true},
		{Listen{"0.0.0.0", 0, 0}, Listen{"0.0.0.0", 0, 0}, false},
	} {
		if c.a.clashes(c.b) != c.want || c.b.clashes(c.a) != c.want {
			t.Errorf("%v and %v: want %v", c.a, c.b, c.want)
		}
	}
}
