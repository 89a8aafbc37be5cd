//go:build unix && !race

package slab

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// newChunk maps zeroed memory for n records. It panics when the system has none left, as the Go
// runtime does for its own heap.
func newChunk[T any](n int) []T {
	var zero T
	mem, err := unix.Mmap(-1, 0, n*int(unsafe.Sizeof(zero)),
		unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		panic("slab: mmap: " + err.Error())
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(mem))), n)
}

// freeChunk unmaps what newChunk returned.
func freeChunk[T any](records []T) {
	var zero T
	mem := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(records))), len(records)*int(unsafe.Sizeof(zero)))
	if err := unix.Munmap(mem); err != nil {
		panic("slab: munmap: " + err.Error())
	}
}

// forgetTail lets the system take back the pages of a chunk behind its first used records. They read as
// zero afterwards.
func forgetTail[T any](records []T, used int) {
	var zero T
	page := os.Getpagesize()
	from := (used*int(unsafe.Sizeof(zero)) + page - 1) &^ (page - 1)
	mem := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(records))), len(records)*int(unsafe.Sizeof(zero)))
	if from < len(mem) {
		if err := unix.Madvise(mem[from:], unix.MADV_DONTNEED); err != nil {
			panic("slab: madvise: " + err.Error())
		}
	}
}
