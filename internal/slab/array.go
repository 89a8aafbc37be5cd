package slab

import (
	"fmt"
	"reflect"
	"unsafe"
)

const (
	// chunkBytes is about how much address space one chunk takes: enough that a great array has few
	// mappings, of which a process may have only so many.
	chunkBytes = 64 << 10
	// slackBytes bounds the memory that stays resident beyond the records. An array that goes up and
	// down by less does not bother the kernel.
	slackBytes = 16 << 10
)

// Array is a packed array of records of type T, which must not contain pointers.
//
// Records are numbered from 0 to Len()-1. Chunks never move, so a pointer from At stays good until the
// record is removed or moved by Remove. The zero value is not usable; see [NewArray]. Not safe for
// concurrent use.
type Array[T any] struct {
	chunks  [][]T
	length  uint32
	touched uint32 // records up to here may be resident
	slack   uint32 // records in slackBytes
	mask    uint32
	shift   uint8
}

// NewArray returns an empty array. It panics if T contains pointers, since the garbage collector
// would not see them.
func NewArray[T any]() *Array[T] {
	t := reflect.TypeFor[T]()
	if holdsPointers(t) {
		panic(fmt.Sprintf("slab: %v contains pointers", t))
	}
	a := &Array[T]{}
	for t.Size()<<(a.shift+1) <= chunkBytes {
		a.shift++
	}
	a.mask = 1<<a.shift - 1
	a.slack = uint32(slackBytes / t.Size())
	return a
}

// Len is the number of records.
func (a *Array[T]) Len() int { return int(a.length) }

// At returns record i, which must be below Len. The pointer is good until the record is removed or
// becomes the one that Remove moves.
func (a *Array[T]) At(i uint32) *T {
	return &a.chunks[i>>a.shift][i&a.mask]
}

// Append adds a zeroed record at the end and returns its number.
func (a *Array[T]) Append() uint32 {
	i := a.length
	if int(i>>a.shift) == len(a.chunks) {
		a.chunks = append(a.chunks, newChunk[T](1<<a.shift))
	}
	a.length++
	a.touched = max(a.touched, a.length)
	var zero T
	*a.At(i) = zero
	return i
}

// Remove takes record i out. Unless it was the last one, the last record moves into its place, and
// the caller must set right whatever refers to the moved one by its old number, which is Len() after
// the call. It tells whether a record moved.
func (a *Array[T]) Remove(i uint32) (moved bool) {
	last := a.length - 1
	if i != last {
		*a.At(i) = *a.At(last)
		moved = true
	}
	a.length = last
	if a.touched-a.length > a.slack {
		a.Trim()
	}
	return moved
}

// Trim gives back at once what Remove gives back in larger pieces: all memory beyond the records, but for
// the rest of a page.
func (a *Array[T]) Trim() {
	used := int((a.length + a.mask) >> a.shift)
	for end := len(a.chunks) - 1; end >= used; end-- {
		freeChunk(a.chunks[end])
		a.chunks[end] = nil
		a.chunks = a.chunks[:end]
	}
	if rest := a.length & a.mask; rest != 0 && a.touched > a.length {
		forgetTail(a.chunks[used-1], int(rest))
	}
	if used == 0 {
		a.chunks = nil
	}
	a.touched = a.length
}

// Bytes is how much memory the array has mapped; of the last chunk not all may be resident.
func (a *Array[T]) Bytes() int {
	var zero T
	return len(a.chunks) << a.shift * int(unsafe.Sizeof(zero))
}

// Free gives all memory back; the array is empty and usable afterwards.
func (a *Array[T]) Free() {
	a.length = 0
	a.Trim()
}

func holdsPointers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64,
		reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return false
	case reflect.Array:
		return t.Len() > 0 && holdsPointers(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if holdsPointers(t.Field(i).Type) {
				return true
			}
		}
		return false
	}
	return true
}
