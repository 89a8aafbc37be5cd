package hub

import "sync/atomic"

// Fanout is a broadcast under way: one message to every channel, in steps, so that whatever else goes
// on gets its turn in between. Only one goroutine may use it at a time, but for what loops do by
// Message.Done.
//
//	f := h.Broadcast(content)
//	for f.Step(now(), 1000) {
//		<-f.Drained()
//	}
type Fanout struct {
	hub     *Hub
	content string

	shard int         // the next to be listed
	ids   []ChannelID // channels of the shard before, as they were when it was listed
	next  int         // position in ids

	pending atomic.Int64
	drained chan struct{}
}

// Broadcast begins to send content, the inside of a JSON string, to every channel. Nothing is sent
// before the first Step.
func (h *Hub) Broadcast(content string) *Fanout {
	return &Fanout{hub: h, content: content, drained: make(chan struct{}, 1)}
}

// Step publishes the message in up to so many channels, and tells whether there may be more. Every
// channel that exists all the time gets the message once; none is created.
//
// Sinks get it even if they are overloaded: a caller that waits for Drained between two steps leaves
// no more than one step's deliveries in any of them.
func (f *Fanout) Step(now int64, channels int) (more bool) {
	f.posting(1) // so that Drained does not fire in the middle of the step
	defer f.done()
	for channels > 0 && f.list() {
		part := f.ids[f.next:]
		part = part[:min(len(part), channels, holdMax)]
		f.publish(now, part)
		f.next += len(part)
		channels -= len(part)
	}
	return f.list()
}

// list makes ids the channels of the next shard that has any, unless some are left. It returns false
// at the end.
func (f *Fanout) list() bool {
	for f.next == len(f.ids) {
		if f.shard == shards {
			return false
		}
		f.ids, f.next = f.hub.shards[f.shard].appendIDs(f.ids[:0]), 0
		f.shard++
	}
	return true
}

func (s *shard) appendIDs(ids []ChannelID) []ChannelID {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := range uint32(s.channels.Len()) {
		ids = append(ids, s.channels.At(n).id())
	}
	return ids
}

// publish sends the message to those of the channels, all of one shard, that still exist.
func (f *Fanout) publish(now int64, ids []ChannelID) {
	s := f.hub.shardOf(ids[0].hash())
	now = s.lock(now)
	defer s.mu.Unlock()
	for _, id := range ids {
		if n, ok := s.findID(id); ok {
			s.publish(now, n, Broadcast, Publication{Payload: Payload{Content: f.content}}, f)
		}
	}
}

// Pending is how many deliveries loops have not yet called Done for. Safe for concurrent use.
func (f *Fanout) Pending() int { return int(f.pending.Load()) }

// Drained receives once after each Step, when all deliveries of that step and those before are Done.
// A signal that nobody has taken is not repeated.
func (f *Fanout) Drained() <-chan struct{} { return f.drained }

// posting counts deliveries that are about to be posted. A nil Fanout does not count.
func (f *Fanout) posting(deliveries int) {
	if f != nil {
		f.pending.Add(int64(deliveries))
	}
}

// done counts one delivery as handled.
func (f *Fanout) done() {
	if f.pending.Add(-1) > 0 {
		return
	}
	select {
	case f.drained <- struct{}{}:
	default:
	}
}
