//go:build !linux || portable

package reactor

import (
	"net"
	"net/netip"
	"sync/atomic"
)

// boundAddr is a listening socket that all loops share: not every system spreads connections over
// sockets with the same port.
type boundAddr struct {
	addr   netip.AddrPort // with the port that was taken for port 0
	socket net.Listener
	users  atomic.Int32 // who has not released it yet
}

func bindAddr(a netip.AddrPort) (*boundAddr, error) {
	socket, err := net.Listen("tcp", a.String())
	if err != nil {
		return nil, err
	}
	port := addrPortOf(socket.Addr()).Port()
	b := &boundAddr{addr: netip.AddrPortFrom(a.Addr(), port), socket: socket}
	b.users.Store(1)
	return b, nil
}

// release closes the socket when all loops and the group have released it.
func (b *boundAddr) release() {
	if b.users.Add(-1) == 0 {
		b.socket.Close()
	}
}

func addrPortOf(a net.Addr) netip.AddrPort {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	addr := tcp.AddrPort()
	return netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())
}
