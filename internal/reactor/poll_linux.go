package reactor

import (
	"net/netip"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// eventKind says what an event is about. It travels through the kernel in the event's data.
type eventKind int32

const (
	eventConn eventKind = iota
	eventListener
	eventWake
)

// event is what the poller reports: fd is the connection's descriptor, or the listener's index.
type event struct {
	kind                    eventKind
	fd                      int32
	readable, writable, eof bool
}

const (
	// Connections are edge-triggered for everything, so that one call registers them for life.
	connEvents = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET&0xffffffff
	eofEvents  = unix.EPOLLRDHUP | unix.EPOLLHUP | unix.EPOLLERR
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

func (p *poller) control(op int, fd int32, events uint32, kind eventKind, tag int32) error {
	e := unix.EpollEvent{Events: events, Fd: tag, Pad: int32(kind)}
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

func (p *poller) event(i int) event {
	e := &p.events[i]
	return event{
		kind:     eventKind(e.Pad),
		fd:       e.Fd,
		readable: e.Events&unix.EPOLLIN != 0,
		writable: e.Events&unix.EPOLLOUT != 0,
		eof:      e.Events&eofEvents != 0,
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

func (p *poller) listen(a netip.AddrPort, index int) (int32, error) {
	fd, err := listenSocket(a, true)
	if err != nil {
		return 0, err
	}
	if err := p.control(unix.EPOLL_CTL_ADD, int32(fd), unix.EPOLLIN, eventListener, int32(index)); err != nil {
		unix.Close(fd)
		return 0, err
	}
	return int32(fd), nil
}

// listening turns events of a listening socket on and off.
func (p *poller) listening(fd int32, index int, on bool) {
	var events uint32
	if on {
		events = unix.EPOLLIN
	}
	p.control(unix.EPOLL_CTL_MOD, fd, events, eventListener, int32(index))
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

func (p *poller) addConn(fd int32) error {
	return p.control(unix.EPOLL_CTL_ADD, fd, connEvents, eventConn, fd)
}

func (p *poller) read(fd int32, b []byte) (int, error) {
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	if errno != 0 {
		return 0, wouldBlock(errno)
	}
	return int(n), nil
}

func (p *poller) write(fd int32, b []byte) (int, error) {
	n, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	if errno != 0 {
		return 0, wouldBlock(errno)
	}
	return int(n), nil
}

func (p *poller) writev(fd int32, pieces [][]byte) (int, error) {
	count := min(len(pieces), iovecsMax)
	for i, b := range pieces[:count] {
		p.iovecs[i] = unix.Iovec{Base: unsafe.SliceData(b), Len: uint64(len(b))}
	}
	n, _, errno := unix.RawSyscall(unix.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(&p.iovecs)), uintptr(count))
	runtime.KeepAlive(pieces)
	clear(p.iovecs[:count])
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

func wouldBlock(errno unix.Errno) error {
	if errno == unix.EAGAIN || errno == unix.EINTR {
		return errAgain
	}
	return errno
}
