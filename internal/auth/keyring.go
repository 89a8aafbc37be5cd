package auth

import "slices"

// keysTriedMax bounds the signatures that are computed for one token, since each costs up to 100 µs of a loop.
const keysTriedMax = 8

// keyring are all keys at a time. It is never changed once made.
type keyring struct {
	keys []Key
	// generation counts the changes; a verdict of another generation does not count.
	generation uint64
}

// find returns the keys that may have signed a token that names kid. guessed says that none of them is called
// so: then they are those without a name, or all if the token names none.
func (r *keyring) find(kid string) (found []Key, guessed bool) {
	if kid == "" {
		return r.keys, true
	}
	if found = r.called(kid); len(found) > 0 {
		return found, false
	}
	return r.called(""), true
}

func (r *keyring) called(id string) (found []Key) {
	for _, k := range r.keys {
		if k.id == id {
			found = append(found, k)
		}
	}
	return found
}

// fitting are those of keys that are for an algorithm.
func fitting(keys []Key, alg string) (fit []Key) {
	for _, k := range keys {
		if k.method.Alg() == alg {
			fit = append(fit, k)
		}
	}
	return fit
}

// algorithms are what keys are for, each once.
func algorithms(keys []Key) (names []string) {
	for _, k := range keys {
		if name := k.method.Alg(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
