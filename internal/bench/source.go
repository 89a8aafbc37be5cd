package bench

import (
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// sourcesMax bounds the source addresses: 127.32.0.1 and those behind it.
const sourcesMax = 1 << 16

// connsPerSource is how many connections share a source address, and portsShare how many of its ports to one
// remote address stay free for each one in use. The more connections an address has, the longer the
// kernel looks for a port at each connect: with 300,000 from one address instead of 64 the rate was a
// quarter lower.
const (
	connsPerSource = 4000
	portsShare     = 2
)

// localPorts is how many ports the system gives to outgoing connections of one address.
func localPorts() int {
	const usual = 28232 // of 32768 to 60999
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return usual
	}
	from, to, _ := strings.Cut(strings.TrimSpace(string(text)), "\t")
	first, err1 := strconv.Atoi(strings.TrimSpace(from))
	last, err2 := strconv.Atoi(strings.TrimSpace(to))
	if err1 != nil || err2 != nil || last < first {
		return usual
	}
	return last - first + 1
}

// sourcesFor is how many source addresses n connections to remotes addresses need.
func sourcesFor(n, remotes, ports int) int {
	perSource := max(1, min(connsPerSource, remotes*ports/portsShare))
	return min((n+perSource-1)/perSource, sourcesMax)
}

// sourceAddr is source address i on the loopback network, where all of 127.0.0.0/8 is this machine.
func sourceAddr(i int) netip.Addr {
	const base = 127<<24 | 32<<16
	// The last octet is 1 to 254, as of an ordinary address.
	n := uint32(base + i/254<<8 + 1 + i%254)
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

// sources are the source addresses for n connections to t: wanted many, or as many as it takes when
// wanted is 0. There are none for a target elsewhere: the system chooses.
func sources(t *Target, wanted, n int) []netip.Addr {
	if !t.Local() || !t.subscribe.remotes[0].Addr().Is4() {
		return nil
	}
	if wanted == 0 {
		wanted = sourcesFor(n, t.Remotes(), localPorts())
	}
	list := make([]netip.Addr, 0, wanted)
	for i := 0; len(list) < min(wanted, sourcesMax); i++ {
		if a := sourceAddr(i); a != t.subscribe.remotes[0].Addr() {
			list = append(list, a)
		}
	}
	return list
}
