// Package bare holds the smallest programs that do what the server does to the kernel and nothing else: the
// base that its speed is compared with.
//
// Each is meant for a process of its own, so that its processor time can be told apart. They accept any
// number of connections, have no limits and no time-outs, and must never face anybody but a benchmark.
package bare

import (
	"fmt"
	"net/netip"
	"runtime"
	"slices"

	"golang.org/x/sys/unix"
)

// Echo answers on so many loops, without looking at what it reads: for each requestBytes received it sends
// answer. It returns only with an error.
func Echo(listen netip.AddrPort, loops, requestBytes int, answer []byte) error {
	failed := make(chan error)
	for range loops {
		go func() {
			runtime.LockOSThread()
			failed <- echo(listen, requestBytes, answer)
		}()
	}
	return <-failed
}

func echo(listen netip.AddrPort, requestBytes int, answer []byte) error {
	l, err := newLoop(listen)
	if err != nil {
		return err
	}
	in := make([]byte, 64<<10)
	out := make([]byte, 0, 1<<20)
	return l.run(func(fd int) {
		n, err := unix.Read(fd, in)
		if n <= 0 {
			if err != unix.EAGAIN {
				unix.Close(fd)
			}
			return
		}
		out = out[:0]
		for range n / requestBytes {
			out = append(out, answer...)
		}
		unix.Write(fd, out)
	})
}

// Fanout keeps all connections to listen, and writes frame to each of them whenever a byte comes in on a
// connection to trigger. It returns only with an error.
func Fanout(listen, trigger netip.AddrPort, head, frame []byte) error {
	runtime.LockOSThread()
	l, err := newLoop(listen)
	if err != nil {
		return err
	}
	if l.trigger, err = listenOn(trigger); err != nil {
		return err
	}
	if err := l.watch(l.trigger); err != nil {
		return err
	}
	in := make([]byte, 4096)
	var members []int
	return l.run(func(fd int) {
		n, err := unix.Read(fd, in)
		switch {
		case err == unix.EAGAIN:
		case n <= 0:
			members = slices.DeleteFunc(members, func(m int) bool { return m == fd })
			unix.Close(fd)
		case l.triggers[fd]:
			for range n {
				for _, fd := range members {
					unix.Write(fd, frame)
				}
			}
		default:
			members = append(members, fd)
			unix.Write(fd, head)
		}
	})
}

// loop is one epoll loop.
type loop struct {
	epoll, listener, trigger int
	triggers                 map[int]bool // connections to the trigger
}

func newLoop(listen netip.AddrPort) (*loop, error) {
	epoll, err := unix.EpollCreate1(0)
	if err != nil {
		return nil, err
	}
	fd, err := listenOn(listen)
	if err != nil {
		return nil, err
	}
	l := &loop{epoll: epoll, listener: fd, trigger: -1, triggers: map[int]bool{}}
	return l, l.watch(fd)
}

func listenOn(a netip.AddrPort) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return -1, err
	}
	for _, option := range []int{unix.SO_REUSEADDR, unix.SO_REUSEPORT} {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, 1); err != nil {
			return -1, err
		}
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return -1, err
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}); err != nil {
		return -1, fmt.Errorf("bind %v: %w", a, err)
	}
	return fd, unix.Listen(fd, 65535)
}

func (l *loop) watch(fd int) error {
	return unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
}

func (l *loop) run(readable func(fd int)) error {
	events := make([]unix.EpollEvent, 512)
	for {
		n, err := unix.EpollWait(l.epoll, events, -1)
		if err != nil && err != unix.EINTR {
			return err
		}
		for _, e := range events[:max(0, n)] {
			fd := int(e.Fd)
			if fd != l.listener && fd != l.trigger {
				readable(fd)
				continue
			}
			if err := l.accept(fd); err != nil {
				return err
			}
		}
	}
}

func (l *loop) accept(listener int) error {
	fd, _, err := unix.Accept4(listener, unix.SOCK_NONBLOCK)
	if err != nil {
		return err
	}
	if listener == l.trigger {
		l.triggers[fd] = true
	}
	return l.watch(fd)
}
