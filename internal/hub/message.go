package hub

import "sync"

// Type is the kind of a message. The hub itself makes Data, Broadcast, Close, Join and Leave, and Gap in a replay; the
// others are the answers that the delivery side makes for a single subscriber.
type Type uint8

const (
	Data Type = iota
	Broadcast
	NextSeq
	Noop
	Close
	TokenError
	TooManySubscribers
	TooManyChannels
	Gap
	// Join and Leave are about a member. They have no number and are in no history.
	Join
	Leave
)

var typeNames = [...]string{"data", "broadcast", "next_seq", "noop", "close", "401", "429", "429", "gap", "join", "leave"}

// String is the type's name in the envelope that clients read.
func (t Type) String() string { return typeNames[t] }

// Form is how the content of a message is to be read.
type Form uint8

const (
	// Text is the inside of a JSON string.
	Text Form = iota
	// JSON is a JSON text.
	JSON
	// Binary is bytes in base64 (RFC 4648 section 4, with padding).
	Binary
)

// Payload is what a message carries. Whoever makes one has checked or escaped it.
type Payload struct {
	Content string
	Form    Form
	Event   string // name of the event, the inside of a JSON string in one line; empty for none
}

// FrameSlotsMax is how many encodings of one message there can be.
const FrameSlotsMax = 32

// Message is what travels to the loops: made for one publish, shared by all sinks, and forgotten
// when the last has delivered it. Its exported fields must not be changed once it is shared.
type Message struct {
	Type    Type
	Channel string
	Seq     int64 // wide; see WireSeq
	Epoch   Epoch
	Payload
	Member *Member // of Join and Leave

	fanout *Fanout // the broadcast that it belongs to, if any

	mu     sync.Mutex
	frames []frame // guarded by mu; at most FrameSlotsMax
}

// frame is an encoding of a message.
type frame struct {
	slot  int
	bytes []byte
}

// Frame returns the encoding of the message for slot, a small number below FrameSlotsMax that the
// caller gives to each of its kinds. The first call for a slot makes it with encode; later ones, also
// of other loops, get the same bytes, which nobody may change. encode runs with the message locked and
// must not call Frame on it. Safe for concurrent use.
func (m *Message) Frame(slot int, encode func(*Message) []byte) []byte {
	if uint(slot) >= FrameSlotsMax {
		panic("hub: frame slot out of range")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.frames {
		if m.frames[i].slot == slot {
			return m.frames[i].bytes
		}
	}
	bytes := encode(m)
	m.frames = append(m.frames, frame{slot, bytes})
	return bytes
}

// Done tells that a loop has handled this message: written or queued it for the subscribers that it
// has by then, perhaps none. A sink calls it exactly once for each Deliver, whatever the message; it
// paces broadcasts. Safe for concurrent use, and also from within Deliver.
func (m *Message) Done() {
	if m.fanout != nil {
		m.fanout.done()
	}
}
