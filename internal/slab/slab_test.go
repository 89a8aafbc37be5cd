package slab_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/icomet/icomet/internal/slab"
)

type record struct {
	key  uint32
	rest [7]uint32
}

func TestArrayOfPointersIsRefused(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Fatal("a record with a pointer was accepted")
		}
	}()
	slab.NewArray[struct{ s string }]()
}

func TestAppendedRecordIsZeroAfterReuse(t *testing.T) {
	a := slab.NewArray[record]()
	a.At(a.Append()).key = 7
	a.Remove(0)
	if got := a.At(a.Append()).key; got != 0 {
		t.Fatalf("key of a fresh record = %d, want 0", got)
	}
}

func TestMemoryBehindTheRecordsIsNotResident(t *testing.T) {
	a := slab.NewArray[record]()
	defer a.Free()
	for range 1000 {
		a.At(a.Append()).key = 7
	}
	for a.Len() > 10 {
		a.Remove(0)
	}
	a.Trim()
	for range 1000 {
		a.Append()
	}
	for i := range uint32(10) {
		if a.At(i).key != 7 {
			t.Fatalf("record %d was lost", i)
		}
	}
}

func TestRemoveGivesMemoryBack(t *testing.T) {
	a := slab.NewArray[record]()
	for range 100_000 {
		a.Append()
	}
	full := a.Bytes()
	for a.Len() > 1000 {
		a.Remove(uint32(a.Len() / 2))
	}
	if a.Bytes() > full/20 {
		t.Fatalf("%d of %d bytes are still mapped for 1%% of the records", a.Bytes(), full)
	}
	a.Free()
	if a.Bytes() != 0 {
		t.Fatalf("%d bytes are mapped after Free", a.Bytes())
	}
}

// TestArrayAndIndexAgainstMap runs random insertions and removals of keys with few distinct hashes
// against a plain map.
func TestArrayAndIndexAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := slab.NewArray[record]()
		defer a.Free()
		var x slab.Index
		defer x.Free()
		model := map[uint32]uint32{}
		spread := rapid.Uint32Range(1, 64).Draw(t, "spread")
		hash := func(key uint32) uint32 { return key % spread * 0x9E3779B9 >> 3 }
		hashOf := func(n uint32) uint32 { return hash(a.At(n).key) }
		find := func(key uint32) (uint32, bool) {
			return x.Find(hash(key), func(n uint32) bool { return a.At(n).key == key })
		}
		keys := rapid.Uint32Range(0, 400)
		insert := func(t *rapid.T) {
			key := keys.Draw(t, "key")
			if _, ok := model[key]; ok {
				return
			}
			n := a.Append()
			*a.At(n) = record{key: key, rest: [7]uint32{key}}
			x.Insert(hash(key), n, hashOf)
			model[key] = key
		}
		remove := func(t *rapid.T) {
			key := keys.Draw(t, "key")
			n, ok := find(key)
			if !ok {
				return
			}
			x.Delete(hash(key), n, hashOf)
			if a.Remove(n) {
				x.Replace(hashOf(n), uint32(a.Len()), n)
			}
			delete(model, key)
		}
		t.Repeat(map[string]func(*rapid.T){
			"insert": insert, "insert2": insert, "remove": remove,
			"": func(t *rapid.T) {
				if a.Len() != len(model) || x.Len() != len(model) {
					t.Fatalf("array %d, index %d, model %d", a.Len(), x.Len(), len(model))
				}
				for key, want := range model {
					n, ok := find(key)
					if !ok || a.At(n).rest[0] != want {
						t.Fatalf("key %d: found %v", key, ok)
					}
				}
			},
		})
	})
}

func BenchmarkIndexFind(b *testing.B) {
	a := slab.NewArray[record]()
	defer a.Free()
	var x slab.Index
	defer x.Free()
	const n = 100_000
	hash := func(k uint32) uint32 { return k * 0x9E3779B9 }
	for k := range uint32(n) {
		a.At(a.Append()).key = k
		x.Insert(hash(k), k, func(i uint32) uint32 { return hash(a.At(i).key) })
	}
	for i := 0; b.Loop(); i++ {
		k := uint32(i) % n
		if _, ok := x.Find(hash(k), func(i uint32) bool { return a.At(i).key == k }); !ok {
			b.Fatal("not found")
		}
	}
}
