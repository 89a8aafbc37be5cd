package server

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"github.com/icomet/icomet/internal/config"
)

// listenersMax bounds the addresses of a door: each takes a descriptor in every loop.
const listenersMax = 1024

// resolve turns the addresses of a door as they are configured into those to listen on.
func resolve(door string, listens []config.Listen) ([]netip.AddrPort, error) {
	var addrs []netip.AddrPort
	for _, l := range listens {
		addr, err := resolveHost(l.Host)
		if err != nil {
			return nil, fmt.Errorf("%s.listen: %w", door, err)
		}
		for port := int(l.First); port <= int(l.Last); port++ {
			addrs = append(addrs, netip.AddrPortFrom(addr, uint16(port)))
		}
	}
	if len(addrs) > listenersMax {
		return nil, fmt.Errorf("%s.listen: %d addresses, at most %d are possible", door, len(addrs), listenersMax)
	}
	return addrs, nil
}

func resolveHost(host string) (netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr, nil
	}
	for _, network := range []string{"ip4", "ip6"} {
		if found, err := net.DefaultResolver.LookupNetIP(context.Background(), network, host); err == nil && len(found) > 0 {
			return found[0].Unmap(), nil
		}
	}
	return netip.Addr{}, fmt.Errorf("no address is known for %q", host)
}

func list(addrs []netip.AddrPort) string {
	if len(addrs) == 0 {
		return "none"
	}
	if len(addrs) > 1 {
		return fmt.Sprintf("%v..%v", addrs[0], addrs[len(addrs)-1])
	}
	return addrs[0].String()
}
