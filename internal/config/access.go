package config

import (
	"bytes"
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

// Access decides from an address who may use the private door. The zero value admits everybody. It is
// immutable and safe for concurrent use.
//
// The first of these that holds decides; the order of the rules does not matter:
//
//  1. an allow other than all matches: allowed
//  2. a deny other than all matches: refused
//  3. there is a deny of all: refused
//  4. there is an allow of all: allowed
//  5. there is no rule: allowed, else refused
type Access struct {
	allow, deny []rule
	// allowAll and denyAll stand for the rules "all" and "*".
	allowAll, denyAll bool
}

// rule is a range of addresses, or the beginning of an IPv4 address as text if prefix is not empty.
type rule struct {
	network netip.Prefix
	prefix  string
}

// NewAccess makes an Access of rules as they stand in the file: "all" or "*"; an address; a range such
// as 10.0.0.0/8; or the beginning of an IPv4 address. A beginning is compared as text and not bound to
// octets, as in iComet: 10.1 matches 10.1.0.1 and 10.10.0.1, and 10.1. only the former.
//
// It returns an error for a rule that is none of these and so could never match.
func NewAccess(allow, deny []string) (Access, error) {
	var a Access
	var err error
	if a.allow, a.allowAll, err = parseRules(allow); err != nil {
		return Access{}, err
	}
	if a.deny, a.denyAll, err = parseRules(deny); err != nil {
		return Access{}, err
	}
	return a, nil
}

// Allowed says whether addr may use the door. An IPv4 address in IPv6 form counts as IPv4, a zone is
// ignored. It does not allocate.
func (a *Access) Allowed(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	var buf [64]byte
	text := addr.AppendTo(buf[:0])
	switch {
	case matchesAny(a.allow, addr, text):
		return true
	case matchesAny(a.deny, addr, text), a.denyAll:
		return false
	}
	return a.allowAll || a.Open()
}

// Open says whether there is no rule, so that everybody is admitted.
func (a *Access) Open() bool {
	return len(a.allow)+len(a.deny) == 0 && !a.allowAll && !a.denyAll
}

func matchesAny(rules []rule, addr netip.Addr, text []byte) bool {
	for i := range rules {
		if rules[i].matches(addr, text) {
			return true
		}
	}
	return false
}

func (r *rule) matches(addr netip.Addr, text []byte) bool {
	if r.prefix == "" {
		return r.network.Contains(addr)
	}
	return addr.Is4() && bytes.HasPrefix(text, []byte(r.prefix))
}

func parseRules(texts []string) (rules []rule, all bool, err error) {
	for _, text := range texts {
		if isAll(text) {
			all = true
			continue
		}
		r, err := parseRule(text)
		if err != nil {
			return nil, false, err
		}
		rules = append(rules, r)
	}
	return rules, all, nil
}

func isAll(text string) bool { return text == "all" || text == "*" }

func parseRule(text string) (rule, error) {
	if network, err := netip.ParsePrefix(text); err == nil {
		return rule{network: unmapPrefix(network).Masked()}, nil
	}
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return rule{network: netip.PrefixFrom(addr, addr.BitLen())}, nil
	}
	if beginsIPv4(text) {
		return rule{prefix: text}, nil
	}
	return rule{}, errors.New("expected all, an IP address, the beginning of an IPv4 address, or a range such as 10.0.0.0/8")
}

// unmapPrefix turns ::ffff:10.0.0.0/104 into 10.0.0.0/8, since addresses are unmapped before they are
// compared.
func unmapPrefix(p netip.Prefix) netip.Prefix {
	const mappedBits = 96
	if p.Addr().Is4In6() && p.Bits() >= mappedBits {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mappedBits)
	}
	return p
}

// beginsIPv4 says whether some IPv4 address begins with text but is longer: "10", "127.0.0.", "192.168.1".
func beginsIPv4(text string) bool {
	octets := strings.Split(text, ".")
	last := len(octets) - 1
	if last > 3 || octets[0] == "" {
		return false
	}
	for i, octet := range octets {
		if octet == "" && i == last {
			continue
		}
		n, err := strconv.ParseUint(octet, 10, 8)
		if err != nil || strconv.FormatUint(n, 10) != octet {
			return false
		}
	}
	return true
}
