package reactor

import (
	"encoding/binary"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// probeAddr finds out whether a can be listened on, and which port stands for port 0. The socket
// that it opens does not share its port, so another process that listens there is noticed.
func probeAddr(a netip.AddrPort) (netip.AddrPort, error) {
	fd, err := listenSocket(a, false)
	if err != nil {
		return a, err
	}
	defer unix.Close(fd)
	name, err := unix.Getsockname(fd)
	if err != nil {
		return a, err
	}
	switch s := name.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(a.Addr(), uint16(s.Port)), nil
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(a.Addr(), uint16(s.Port)), nil
	}
	return a, nil
}

// listenSocket returns a listening socket. What is set on it is inherited by what it accepts.
func listenSocket(a netip.AddrPort, share bool) (int, error) {
	fd, err := unix.Socket(family(a.Addr()), unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	if err := setUpListener(fd, a, share); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func setUpListener(fd int, a netip.AddrPort, share bool) error {
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
	if err := unix.Bind(fd, sockaddr(a)); err != nil {
		return err
	}
	return unix.Listen(fd, listenLen)
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
