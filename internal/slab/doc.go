// Package slab keeps very many small records outside of the Go heap.
//
// A server with a million idle subscribers spends its memory on records of some dozens of bytes.
// On the Go heap each would be an object that the garbage collector marks, and the heap would grow
// to twice what is alive before anything is reclaimed. Here records live in memory that is mapped
// from the operating system in chunks, hold no pointers, refer to each other by number, and are
// packed without holes: removing one moves the last one into its place, so whatever leaves gives its
// memory back at once.
//
// [Array] is the packed array of records, [Index] a hash index from a 32-bit hash to such numbers.
// Neither is safe for concurrent use: each belongs to one loop or to one shard and its lock.
//
// Deliberately absent: what the records mean, stable handles (owners find a record again through an
// [Index] or a table of their own), and any locking.
package slab
