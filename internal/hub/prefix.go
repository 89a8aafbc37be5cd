package hub

import (
	"iter"
	"slices"
)

// Prefixes maps beginnings of names to values. To find those that a name begins with takes a look-up for
// each length that there is, however many prefixes there are. The zero value is empty. It is not safe for
// concurrent use.
type Prefixes[V any] struct {
	values  map[string]V
	lengths []prefixLength // ascending
}

// prefixLength is how many prefixes there are of a length.
type prefixLength struct{ bytes, count int }

// Get returns the value of a prefix, and whether it is there.
func (p *Prefixes[V]) Get(prefix string) (V, bool) {
	v, ok := p.values[prefix]
	return v, ok
}

// Set gives a prefix a value.
func (p *Prefixes[V]) Set(prefix string, v V) {
	if _, ok := p.values[prefix]; !ok {
		p.count(len(prefix), 1)
	}
	if p.values == nil {
		p.values = map[string]V{}
	}
	p.values[prefix] = v
}

// Delete takes a prefix out, if it is there.
func (p *Prefixes[V]) Delete(prefix string) {
	if _, ok := p.values[prefix]; ok {
		p.count(len(prefix), -1)
		delete(p.values, prefix)
	}
}

// count notes that there are so many more prefixes of a length.
func (p *Prefixes[V]) count(length, more int) {
	at, ok := slices.BinarySearchFunc(p.lengths, length, func(l prefixLength, length int) int { return l.bytes - length })
	if !ok {
		p.lengths = slices.Insert(p.lengths, at, prefixLength{bytes: length})
	}
	if p.lengths[at].count += more; p.lengths[at].count == 0 {
		p.lengths = slices.Delete(p.lengths, at, at+1)
	}
}

// Len is the number of prefixes.
func (p *Prefixes[V]) Len() int { return len(p.values) }

// Of are the values of all prefixes of a name, the shortest first. The prefixes must not be changed
// meanwhile.
func (p *Prefixes[V]) Of(name []byte) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for _, l := range p.lengths {
			if l.bytes > len(name) {
				return
			}
			v, ok := p.values[string(name[:l.bytes])]
			if ok && !yield(string(name[:l.bytes]), v) {
				return
			}
		}
	}
}

// Match tells whether there is any prefix of a name. It allocates nothing.
func (p *Prefixes[V]) Match(name []byte) bool {
	for _, l := range p.lengths {
		if l.bytes > len(name) {
			return false
		}
		if _, ok := p.values[string(name[:l.bytes])]; ok {
			return true
		}
	}
	return false
}
