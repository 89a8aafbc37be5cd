package config

import (
	"net/netip"
	"testing"
)

func checkAccess(t *testing.T, a Access, want map[string]bool) {
	t.Helper()
	for text, allowed := range want {
		if got := a.Allowed(netip.MustParseAddr(text)); got != allowed {
			t.Errorf("%s: got %v, want %v", text, got, allowed)
		}
	}
}

func TestAccess(t *testing.T) {
	type list = []string
	for _, c := range []struct {
		name        string
		allow, deny list
		want        map[string]bool
	}{
		{"no rule admits everybody", nil, nil, map[string]bool{"1.2.3.4": true, "::1": true}},
		{"exact address", list{"1.2.3.4"}, nil, map[string]bool{"1.2.3.4": true, "1.2.3.5": false, "1.2.3.40": false}},
		{"a deny alone refuses everybody", nil, list{"1.2.3.4"}, map[string]bool{"1.2.3.4": false, "5.6.7.8": false}},
		{"narrow allow before any deny", list{"10.1.1.1"}, list{"10", "all"}, map[string]bool{"10.1.1.1": true, "10.1.1.2": false, "8.8.8.8": false}},
		{"narrow deny before allow all", list{"all"}, list{"10."}, map[string]bool{"10.1.1.1": false, "100.1.1.1": true}},
		{"deny all before allow all", list{"*"}, list{"*"}, map[string]bool{"10.1.1.1": false}},
		{"allow all", list{"all"}, nil, map[string]bool{"10.1.1.1": true, "2001:db8::1": true}},
		{"a beginning is not bound to octets", list{"10.1"}, nil, map[string]bool{"10.1.0.1": true, "10.10.0.1": true, "10.2.0.1": false}},
		{"a beginning with its dot is", list{"10.1."}, nil, map[string]bool{"10.1.0.1": true, "10.10.0.1": false}},
		{"three dots at the end", list{"127.0.0."}, nil, map[string]bool{"127.0.0.1": true, "127.0.0.255": true, "127.0.1.1": false}},
		{"a narrower rule does not hide a wider one", list{"127.0", "127.0.0.5"}, nil, map[string]bool{"127.0.0.1": true, "127.0.0.5": true}},
		{"range", list{"10.20.0.0/14", "2001:db8::/32"}, nil, map[string]bool{"10.23.255.255": true, "10.24.0.0": false, "2001:db8:f::1": true, "2001:db9::": false}},
		{"range with bits behind the mask", list{"10.20.30.40/8"}, nil, map[string]bool{"10.9.9.9": true, "11.0.0.0": false}},
		{"IPv6 address in another form", list{"0:0:0:0:0:0:0:1"}, nil, map[string]bool{"::1": true, "::2": false}},
		{"IPv4 in IPv6 is IPv4", list{"10", "::ffff:1.2.3.4"}, list{"9.9.9.9"}, map[string]bool{"::ffff:10.0.0.1": true, "1.2.3.4": true, "::ffff:9.9.9.9": false}},
		{"range of IPv4 in IPv6", list{"::ffff:10.0.0.0/104"}, nil, map[string]bool{"10.9.9.9": true, "11.0.0.0": false}},
		{"a beginning is no IPv6 address", list{"2"}, nil, map[string]bool{"2001:db8::1": false, "20.0.0.1": true}},
		{"a zone is ignored", list{"fe80::/10"}, nil, map[string]bool{"fe80::1%eth0": true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := NewAccess(c.allow, c.deny)
			if err != nil {
				t.Fatal(err)
			}
			checkAccess(t, a, c.want)
			if open := len(c.allow)+len(c.deny) == 0; a.Open() != open {
				t.Errorf("Open is %v", a.Open())
			}
		})
	}
}

func TestAccessRefusesRulesThatCannotMatch(t *testing.T) {
	for _, text := range []string{
		"", " ", "localhost", "1.2.3.4,5.6.7.8", "1.2.3.4 ", "10.0.0.0/33", "256", "300.1", "1.2.3.256", "1.2.3.4.", "01", "1..2",
		".1", ".", "ALL", "10.*", "fe80:", "fe80::1%eth0", "10.0.0.1-10.0.0.9", "-1", "+1",
	} {
		if _, err := NewAccess([]string{text}, nil); err == nil {
			t.Errorf("allow %q passes", text)
		}
		if _, err := NewAccess(nil, []string{text}); err == nil {
			t.Errorf("deny %q passes", text)
		}
	}
}

func TestAddressOfNobodyIsRefusedByAnyRule(t *testing.T) {
	a, err := NewAccess([]string{"10"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if a.Allowed(netip.Addr{}) {
		t.Error("no address is allowed")
	}
}

func TestAllowedDoesNotAllocate(t *testing.T) {
	a, err := NewAccess([]string{"10.1", "2001:db8::/32"}, []string{"all"})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"10.1.2.3", "::ffff:10.1.2.3", "2001:db8::1", "8.8.8.8"} {
		addr := netip.MustParseAddr(text)
		if n := testing.AllocsPerRun(100, func() { a.Allowed(addr) }); n != 0 {
			t.Errorf("%s: %v allocations", text, n)
		}
	}
}
