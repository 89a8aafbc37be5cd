package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

const (
	// addressesMax bounds how many ports one door may listen on.
	addressesMax = 1024
	nameBytesMax = 253 // of a host name, RFC 1035 section 2.3.4
)

// Listen is one host with one port or a range of ports. It is comparable.
type Listen struct {
	// Host is an IPv4 or IPv6 address without brackets, or a name that is not resolved yet.
	Host string
	// First and Last are the ports, both included. Both are 0 when the system is to choose one.
	First, Last uint16
}

// Addresses returns each host:port of l, in a form that package net accepts.
func (l Listen) Addresses() []string {
	list := make([]string, 0, l.ports())
	for port := int(l.First); port <= int(l.Last); port++ {
		list = append(list, net.JoinHostPort(l.Host, strconv.Itoa(port)))
	}
	return list
}

// String is l as it stands in a configuration file.
func (l Listen) String() string {
	s := net.JoinHostPort(l.Host, strconv.Itoa(int(l.First)))
	if l.Last > l.First {
		s += "-" + strconv.Itoa(int(l.Last))
	}
	return s
}

func (l Listen) ports() int { return int(l.Last) - int(l.First) + 1 }

// overlaps says whether l and m share a port that is bound by number.
func (l Listen) overlaps(m Listen) bool {
	return l.First > 0 && m.First > 0 && l.First <= m.Last && m.First <= l.Last
}

// wildcard says whether l is bound on all addresses of the machine.
func (l Listen) wildcard() bool { return l.Host == "0.0.0.0" || l.Host == "::" }

// clashes says whether a connection could belong to l as well as to m.
func (l Listen) clashes(m Listen) bool {
	return l.overlaps(m) && (l.Host == m.Host || l.wildcard() || m.wildcard())
}

// allLoopback says whether no other machine can reach any of list.
func allLoopback(list []Listen) bool {
	return !slices.ContainsFunc(list, func(l Listen) bool { return !isLoopback(l.Host) })
}

// isLoopback says whether host is this machine and cannot be another.
func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// parseListen reads HOST:PORT or HOST:PORT-PORT. rest is what stood behind the port and was not read:
// iComet reads `8000 # main` as 8000.
func parseListen(text string) (l Listen, rest string, err error) {
	host, ports, err := splitHost(text)
	if err != nil {
		return l, "", err
	}
	if l.Host, err = canonicalHost(host); err != nil {
		return l, "", err
	}
	rest, err = l.parsePorts(ports)
	return l, rest, err
}

func splitHost(text string) (host, ports string, err error) {
	if inner, ok := strings.CutPrefix(text, "["); ok {
		host, ports, ok = strings.Cut(inner, "]:")
		if addr, bad := netip.ParseAddr(host); !ok || bad != nil || !addr.Is6() {
			return "", "", errors.New("expected [IPv6]:PORT")
		}
		return host, ports, nil
	}
	host, ports, ok := strings.Cut(text, ":")
	switch {
	case !ok || host == "":
		return "", "", errors.New("expected HOST:PORT, with * as host for all addresses")
	case strings.Count(ports, ":") > 0 && strings.Trim(text, "0123456789abcdefABCDEF:.") == "":
		return "", "", errors.New("expected an IPv6 address in brackets")
	}
	return host, ports, nil
}

func canonicalHost(host string) (string, error) {
	if host == "*" {
		return "0.0.0.0", nil
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		if addr.Zone() != "" {
			return "", errors.New("expected an address without a zone")
		}
		return addr.Unmap().String(), nil
	}
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	if len(host) > nameBytesMax || strings.Trim(host, letters+"0123456789.-_") != "" {
		return "", errors.New("expected an IP address or a host name")
	}
	if strings.Trim(host, "0123456789.") == "" {
		return "", errors.New("expected four numbers from 0 to 255 as IPv4 address")
	}
	return host, nil
}

func (l *Listen) parsePorts(text string) (rest string, err error) {
	if l.First, rest, err = parsePort(text); err != nil {
		return "", err
	}
	l.Last = l.First
	second, isRange := strings.CutPrefix(rest, "-")
	if !isRange {
		return rest, nil
	}
	if l.Last, rest, err = parsePort(second); err != nil {
		return "", err
	}
	if l.First == 0 || l.Last < l.First {
		return "", errors.New("expected a range of ports as 8100-8199")
	}
	if l.ports() > addressesMax {
		return "", fmt.Errorf("expected a range of %d ports at most", addressesMax)
	}
	return rest, nil
}

// parsePort reads the digits that text begins with.
func parsePort(text string) (port uint16, rest string, err error) {
	rest = strings.TrimLeft(text, "0123456789")
	n, err := strconv.ParseUint(text[:len(text)-len(rest)], 10, 16)
	if err != nil {
		return 0, "", errors.New("expected a port from 0 to 65535")
	}
	return uint16(n), rest, nil
}
