package front

// callbacks are the names that JSONP polls wait with.
type callbacks struct {
	names  []string
	unused []uint32
}

// keep returns the number of name + 1.
func (b *callbacks) keep(name []byte) uint32 {
	if len(name) == 0 {
		return 0
	}
	if last := len(b.unused) - 1; last >= 0 {
		n := b.unused[last]
		b.unused = b.unused[:last]
		b.names[n] = string(name)
		return n + 1
	}
	b.names = append(b.names, string(name))
	return uint32(len(b.names))
}

func (b *callbacks) free(number uint32) {
	if number == 0 {
		return
	}
	b.names[number-1] = ""
	b.unused = append(b.unused, number-1)
	if len(b.unused) == len(b.names) {
		b.names, b.unused = nil, nil
	}
}
