//go:build linux && !portable

package reactor

import (
	"net/netip"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// Connections are edge-triggered for everything, so that one call registers them for life.
	connEvents = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET&0xffffffff
	iovecsMax  = 64
	listenLen  = 65535 // the kernel cuts it to net.core.somaxconn
)

// poller is a loop's way to the kernel: an epoll instance, and raw system calls on the descriptors of
// the loop's thread. Calls that cannot block do not tell the Go scheduler, which would hand the
// loop's processor on.
type poller struct {
	epoll  int
	wakeFd int // an eventfd that has the same number in every table, since it is older than all of them
	events [eventsPerTurn]unix.EpollEvent
	iovecs [iovecsMax]unix.Iovec
}

// newPoller makes the part that other threads use. It must run before any loop takes a private table.
func newPoller() (*poller, error) {
	fd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	return &poller{epoll: -1, wakeFd: fd}, err
}

// open makes the rest on the loop's thread.
func (p *poller) open() (err error) {
	if p.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return err
	}
	return p.control(unix.EPOLL_CTL_ADD, int32(p.wakeFd), unix.EPOLLIN, eventWake, 0)
}

func (p *poller) close() {
	if p.epoll >= 0 {
		unix.Close(p.epoll)
	}
}

func (p *poller) closeWake() { unix.Close(p.wakeFd) }

// control registers descriptor fd for events that carry name and serial.
func (p *poller) control(op int, fd int32, events uint32, name int32, serial uint32) error {
	e := unix.EpollEvent{Events: events, Fd: name, Pad: int32(serial)}
	_, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(p.epoll), uintptr(op), uintptr(fd),
		uintptr(unsafe.Pointer(&e)), 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// wait waits for events at most ms milliseconds, for ever if ms is negative.
func (p *poller) wait(ms int) int {
	if ms == 0 {
		n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.epoll),
			uintptr(unsafe.Pointer(&p.events)), eventsPerTurn, 0, 0, 0)
		if errno != 0 {
			return 0
		}
		return int(n)
	}
	n, err := unix.EpollWait(p.epoll, p.events[:], ms)
	if err != nil { // EINTR: the next turn waits again
		return 0
	}
	return n
}

// event is event i of those that wait has returned.
func (p *poller) event(i int) event {
	e := &p.events[i]
	return event{
		fd:       e.Fd,
		serial:   uint32(e.Pad),
		readable: e.Events&unix.EPOLLIN != 0,
		writable: e.Events&unix.EPOLLOUT != 0,
		eof:      e.Events&unix.EPOLLRDHUP != 0,
		broken:   e.Events&(unix.EPOLLHUP|unix.EPOLLERR) != 0,
	}
}

// wake ends the wait of the loop. Any thread may call it.
func (p *poller) wake() {
	one := uint64(1)
	unix.RawSyscall(unix.SYS_WRITE, uintptr(p.wakeFd), uintptr(unsafe.Pointer(&one)), 8)
}

func (p *poller) drainWake() {
	var count uint64
	unix.RawSyscall(unix.SYS_READ, uintptr(p.wakeFd), uintptr(unsafe.Pointer(&count)), 8)
}

// listen opens a listening socket of the loop's own on a bound address.
func (p *poller) listen(a *boundAddr, index int32) (int32, error) {
	fd, err := listenSocket(a.addr)
	if err != nil {
		return 0, err
	}
	if err := p.control(unix.EPOLL_CTL_ADD, int32(fd), unix.EPOLLIN, eventListener(index), 0); err != nil {
		unix.Close(fd)
		return 0, err
	}
	return int32(fd), nil
}

// listening turns events of a listening socket on and off.
func (p *poller) listening(fd, index int32, on bool) {
	var events uint32
	if on {
		events = unix.EPOLLIN
	}
	p.control(unix.EPOLL_CTL_MOD, fd, events, eventListener(index), 0)
}

func (p *poller) closeListener(fd int32) { unix.Close(int(fd)) }

func (p *poller) accept(fd int32, wantPeer bool) (int32, netip.AddrPort, error) {
	var name unix.RawSockaddrAny
	length := uint32(unsafe.Sizeof(name))
	var namePtr, lengthPtr unsafe.Pointer
	if wantPeer {
		namePtr, lengthPtr = unsafe.Pointer(&name), unsafe.Pointer(&length)
	}
	n, _, errno := unix.RawSyscall6(unix.SYS_ACCEPT4, uintptr(fd), uintptr(namePtr), uintptr(lengthPtr),
		unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	if errno != 0 {
		return 0, netip.AddrPort{}, wouldBlock(errno)
	}
	return int32(n), addrOf(&name), nil
}

func kindOfAcceptError(err error) acceptErrorKind {
	switch err {
	case unix.ECONNABORTED, unix.EINTR, unix.EPROTO, unix.ENETDOWN, unix.ENOPROTOOPT, unix.EHOSTDOWN,
		unix.ENONET, unix.EHOSTUNREACH, unix.EOPNOTSUPP, unix.ENETUNREACH: // accept(2), "Error handling"
		return acceptAborted
	case unix.EMFILE, unix.ENFILE:
		return acceptNoDescriptor
	case unix.ENOMEM, unix.ENOBUFS, unix.ENOSPC:
		return acceptNoMemory
	}
	return acceptOther
}

// addConn registers a connection for life.
func (p *poller) addConn(fd int32, serial uint32) error {
	return p.control(unix.EPOLL_CTL_ADD, fd, connEvents, fd, serial)
}

func (p *poller) read(fd int32, b []byte) (int, error) {
	return result(unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))),
		uintptr(len(b)), 0, 0, 0))
}

// write and writev ask for EPIPE instead of a signal, which would cost far more.
func (p *poller) write(fd int32, b []byte) (int, error) {
	return result(unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))),
		uintptr(len(b)), unix.MSG_NOSIGNAL, 0, 0))
}

func (p *poller) writev(fd int32, pieces [][]byte) (int, error) {
	count := min(len(pieces), iovecsMax)
	for i, b := range pieces[:count] {
		p.iovecs[i].Base = unsafe.SliceData(b)
		p.iovecs[i].SetLen(len(b))
	}
	header := unix.Msghdr{Iov: &p.iovecs[0]}
	header.SetIovlen(count)
	n, err := result(unix.RawSyscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&header)), unix.MSG_NOSIGNAL))
	runtime.KeepAlive(pieces)
	clear(p.iovecs[:count])
	return n, err
}

func result(n, _ uintptr, errno unix.Errno) (int, error) {
	if errno != 0 {
		return 0, wouldBlock(errno)
	}
	return int(n), nil
}

func (p *poller) shutdown(fd int32) { unix.Shutdown(int(fd), unix.SHUT_WR) }

func (p *poller) closeConn(fd int32) { unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0) }

// dial starts to connect. Success or failure shows as an event.
func (p *poller) dial(local netip.Addr, remote netip.AddrPort) (int32, error) {
	fd, err := unix.Socket(family(remote.Addr()), unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	if local.IsValid() {
		// The port is chosen at connect, when the remote end is known, so that one port can serve
		// connections to several remote ends.
		unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
		err = unix.Bind(fd, sockaddr(netip.AddrPortFrom(local, 0)))
	}
	if err == nil {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
	if err == nil {
		err = unix.Connect(fd, sockaddr(remote))
	}
	if err != nil && err != unix.EINPROGRESS {
		unix.Close(fd)
		return 0, err
	}
	return int32(fd), nil
}

func (p *poller) connectError(fd int32) error {
	code, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		return err
	}
	if code != 0 {
		return syscall.Errno(code)
	}
	return nil
}

// peer is the address of the other end, the zero value if the connection has none any more.
func (p *poller) peer(fd int32) netip.AddrPort {
	name, err := unix.Getpeername(int(fd))
	if err != nil {
		return netip.AddrPort{}
	}
	return addrPortOf(name)
}

func wouldBlock(errno unix.Errno) error {
	if errno == unix.EAGAIN {
		return errAgain
	}
	return errno
}
