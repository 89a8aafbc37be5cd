package bench

import "errors"

// ErrNotAvailable is returned where the system does not tell the figures of a process.
var ErrNotAvailable = errors.New("bench: figures of processes are not available on this system")

// ProcessFigures are what the system says about a process and its children. With children, memory that they share
// is counted once.
type ProcessFigures struct {
	VirtBytes, ResBytes int64
	CPUSeconds          float64 // since it began
}

// KernelFigures are what the system says about its own memory.
type KernelFigures struct {
	SlabBytes   int64 // of kernel objects
	SocketBytes int64 // of the buffers of TCP sockets
}
