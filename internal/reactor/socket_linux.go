//go:build linux && !portable

package reactor

import (
	"encoding/binary"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// boundAddr is an address that is taken for the loops, which then share its port (SO_REUSEPORT).
//
// The socket that takes it does not share while it binds, so an address on which another process
// listens is refused, even if that one would share. It never listens itself, so it gets no connections.
type boundAddr struct {
	addr netip.AddrPort // with the port that was taken for port 0
	fd   int
}

func bindAddr(a netip.AddrPort) (*boundAddr, error) {
	fd, err := boundSocket(a, false)
	if err != nil {
		return nil, err
	}
	b := &boundAddr{addr: a, fd: fd}
	if err := b.share(); err != nil {
		b.release()
		return nil, err
	}
	return b, nil
}

// share finds out the port, and admits the sockets of the loops to it.
func (b *boundAddr) share() error {
	name, err := unix.Getsockname(b.fd)
	if err != nil {
		return err
	}
	b.addr = netip.AddrPortFrom(b.addr.Addr(), addrPortOf(name).Port())
	return unix.SetsockoptInt(b.fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
}

// release closes the socket; those of the loops hold the address from now on.
func (b *boundAddr) release() { unix.Close(b.fd) }

// listenSocket returns a listening socket. What is set on it is inherited by what it accepts.
func listenSocket(a netip.AddrPort) (int, error) {
	fd, err := boundSocket(a, true)
	if err != nil {
		return -1, err
	}
	if err := unix.Listen(fd, listenLen); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func boundSocket(a netip.AddrPort, share bool) (int, error) {
	fd, err := unix.Socket(family(a.Addr()), unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	if err := setUpSocket(fd, a, share); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func setUpSocket(fd int, a netip.AddrPort, share bool) error {
	options := []struct{ level, name, value int }{
		{unix.SOL_SOCKET, unix.SO_REUSEADDR, 1},
		{unix.IPPROTO_TCP, unix.TCP_NODELAY, 1},
		{unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
	}
	if share {
		options = append(options, struct{ level, name, value int }{unix.SOL_SOCKET, unix.SO_REUSEPORT, 1})
	}
	for _, o := range options {
		if err := unix.SetsockoptInt(fd, o.level, o.name, o.value); err != nil {
			return err
		}
	}
	return unix.Bind(fd, sockaddr(a))
}

func family(a netip.Addr) int {
	if a.Is4() || a.Is4In6() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

func sockaddr(a netip.AddrPort) unix.Sockaddr {
	if family(a.Addr()) == unix.AF_INET {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
}

func addrPortOf(name unix.Sockaddr) netip.AddrPort {
	switch s := name.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(s.Addr), uint16(s.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(s.Addr).Unmap(), uint16(s.Port))
	}
	return netip.AddrPort{}
}

// addrOf reads the address that accept filled in; the zero value if it did not.
func addrOf(name *unix.RawSockaddrAny) netip.AddrPort {
	switch name.Addr.Family {
	case unix.AF_INET:
		in := (*unix.RawSockaddrInet4)(unsafe.Pointer(name))
		return netip.AddrPortFrom(netip.AddrFrom4(in.Addr), networkOrder(in.Port))
	case unix.AF_INET6:
		in := (*unix.RawSockaddrInet6)(unsafe.Pointer(name))
		return netip.AddrPortFrom(netip.AddrFrom16(in.Addr).Unmap(), networkOrder(in.Port))
	}
	return netip.AddrPort{}
}

func networkOrder(port uint16) uint16 {
	var b [2]byte
	binary.NativeEndian.PutUint16(b[:], port)
	return binary.BigEndian.Uint16(b[:])
}
