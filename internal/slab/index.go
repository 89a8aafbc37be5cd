package slab

// indexSlotsMin is the smallest table in slots: one page of memory, which an index that has been used
// keeps even when it is empty, since mapping it anew at every first entry would cost a system call.
const indexSlotsMin = 1024

// Index is a hash table of record numbers: from a 32-bit hash to the numbers of the records with that
// hash. It stores the numbers alone, four bytes in a slot, and asks its owner for the rest; open
// addressing with linear probing, between a quarter and three quarters full.
//
// The zero value is an empty index. Not safe for concurrent use.
type Index struct {
	slots []uint32 // record number + 1; 0 is an empty slot
	count int
}

// Len is how many numbers the index holds.
func (x *Index) Len() int { return x.count }

// Bytes is how much memory the index has mapped.
func (x *Index) Bytes() int { return 4 * len(x.slots) }

// Find returns the first number filed under hash for which is answers true. is may be called with
// numbers of other hashes, and must not change the index.
func (x *Index) Find(hash uint32, is func(number uint32) bool) (number uint32, ok bool) {
	if x.count == 0 {
		return 0, false
	}
	mask := uint32(len(x.slots) - 1)
	for i := hash & mask; x.slots[i] != 0; i = (i + 1) & mask {
		if n := x.slots[i] - 1; is(n) {
			return n, true
		}
	}
	return 0, false
}

// Insert files number under hash. hashOf gives the hash of any number already filed; it is called
// when the table has to grow.
func (x *Index) Insert(hash, number uint32, hashOf func(number uint32) uint32) {
	if 4*(x.count+1) > 3*len(x.slots) {
		x.resize(max(indexSlotsMin, 2*len(x.slots)), hashOf)
	}
	x.put(hash, number)
	x.count++
}

func (x *Index) put(hash, number uint32) {
	mask := uint32(len(x.slots) - 1)
	i := hash & mask
	for x.slots[i] != 0 {
		i = (i + 1) & mask
	}
	x.slots[i] = number + 1
}

// Replace puts number in the place of old, which is filed under hash: the record has moved.
func (x *Index) Replace(hash, old, number uint32) {
	x.slots[x.slotOf(hash, old)] = number + 1
}

// Delete takes number, which is filed under hash, out of the index. hashOf gives the hash of any
// other number that is filed.
func (x *Index) Delete(hash, number uint32, hashOf func(number uint32) uint32) {
	x.close(x.slotOf(hash, number), hashOf)
	x.count--
	if len(x.slots) > indexSlotsMin && 4*x.count < len(x.slots) {
		x.resize(len(x.slots)/2, hashOf)
	}
}

// slotOf finds the slot that holds number; that it is there is the caller's promise.
func (x *Index) slotOf(hash, number uint32) uint32 {
	mask := uint32(len(x.slots) - 1)
	i := hash & mask
	for x.slots[i] != number+1 {
		if x.slots[i] == 0 {
			panic("slab: number is not in the index")
		}
		i = (i + 1) & mask
	}
	return i
}

// close empties slot hole by moving back later entries of the same run, so that no tombstone is left.
func (x *Index) close(hole uint32, hashOf func(number uint32) uint32) {
	mask := uint32(len(x.slots) - 1)
	for i := (hole + 1) & mask; x.slots[i] != 0; i = (i + 1) & mask {
		home := hashOf(x.slots[i]-1) & mask
		if (i-home)&mask >= (i-hole)&mask {
			x.slots[hole] = x.slots[i]
			hole = i
		}
	}
	x.slots[hole] = 0
}

func (x *Index) resize(slots int, hashOf func(number uint32) uint32) {
	old := x.slots
	x.slots = newChunk[uint32](slots)
	for _, s := range old {
		if s != 0 {
			x.put(hashOf(s-1), s-1)
		}
	}
	if old != nil {
		freeChunk(old)
	}
}

// Free gives all memory back; the index is empty and usable afterwards.
func (x *Index) Free() {
	if x.slots != nil {
		freeChunk(x.slots)
	}
	x.slots, x.count = nil, 0
}
