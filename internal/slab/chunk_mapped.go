//go:build unix && !race

package slab

import (
	"syscall"
	"unsafe"
)

// newChunk maps zeroed memory for n records. It panics when the system has none left, as the Go
// runtime does for its own heap.
func newChunk[T any](n int) []T {
	var zero T
	mem, err := syscall.Mmap(-1, 0, n*int(unsafe.Sizeof(zero)),
		syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		panic("slab: mmap: " + err.Error())
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(mem))), n)
}

// freeChunk unmaps what newChunk returned.
func freeChunk[T any](records []T) {
	var zero T
	mem := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(records))), len(records)*int(unsafe.Sizeof(zero)))
	if err := syscall.Munmap(mem); err != nil {
		panic("slab: munmap: " + err.Error())
	}
}
