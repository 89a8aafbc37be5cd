package hub

const (
	// KeyBytesMax is the longest idempotency key.
	KeyBytesMax = 128
	// KeySeconds is for how long an idempotency key is known.
	KeySeconds = 300
	// keysMax is how many keys a shard knows. When there are more, the oldest are forgotten early, and
	// counted: see Hub.KeysForgotten.
	keysMax = 4096
)

// keys are the idempotency keys that were used in the channels of a shard, in the order of their use.
type keys struct {
	results   map[keyName]keyResult
	order     []keyName // a queue: those before gone are used up
	gone      int
	forgotten uint64 // keys that had to go before their time
}

type keyName struct{ channel, key string }

type keyResult struct {
	done Published
	at   int64
}

// find returns the result that a key has had before.
func (k *keys) find(now int64, channel []byte, key string) (Published, bool) {
	if key == "" || k.results == nil {
		return Published{}, false
	}
	r, ok := k.results[keyName{string(channel), key}]
	if !ok || now-r.at > KeySeconds {
		return Published{}, false
	}
	r.done.Repeated = true
	return r.done, true
}

// keep notes the result of a key that find did not know.
func (k *keys) keep(now int64, channel []byte, key string, done Published) {
	if key == "" {
		return
	}
	k.expire(now)
	if k.results == nil {
		k.results = map[keyName]keyResult{}
	}
	if len(k.order)-k.gone == keysMax {
		k.drop()
		k.forgotten++
	}
	name := keyName{string(channel), key}
	k.results[name] = keyResult{done, now}
	k.order = append(k.order, name)
}

// expire forgets the keys whose time is over. A key that is used again has no older place in the order.
func (k *keys) expire(now int64) {
	for k.gone < len(k.order) && now-k.results[k.order[k.gone]].at > KeySeconds {
		k.drop()
	}
	if k.gone == len(k.order) {
		*k = keys{forgotten: k.forgotten}
	}
}

// drop forgets the oldest key.
func (k *keys) drop() {
	delete(k.results, k.order[k.gone])
	k.order[k.gone] = keyName{}
	if k.gone++; 2*k.gone >= len(k.order) {
		k.order = append(k.order[:0:0], k.order[k.gone:]...)
		k.gone = 0
	}
}

// KeysForgotten counts the idempotency keys that were forgotten before their time, since too many were used.
func (h *Hub) KeysForgotten() (n uint64) {
	for i := range h.shards {
		s := &h.shards[i]
		s.mu.Lock()
		n += s.keys.forgotten
		s.mu.Unlock()
	}
	return n
}
