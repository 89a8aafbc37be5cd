package ws

import (
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// Kind says what an Event is.
type Kind uint8

// The kinds of events. None is no event: more bytes are needed.
const (
	None Kind = iota
	Text
	Binary
	Ping
	Pong
	Close
)

// Event is a message or a control frame, whole and checked.
type Event struct {
	Kind Kind
	// Code is that of a Close; CloseNone if the frame had none. CloseNone and each code that a peer may send can be
	// given to AppendClose.
	Code Code
	// Payload is that of the message or frame, unmasked and decompressed; for a Close it is the reason. It
	// points into the input or into the Reader, and is valid until the next call of Next or the next
	// change of the input.
	Payload []byte
}

// Options are what holds for all frames of a connection. The zero value admits empty messages only.
type Options struct {
	// MessageBytesMax bounds a message, however it is cut into frames, and once more when it is decompressed.
	MessageBytesMax int
	// Deflate tells that permessage-deflate was agreed on.
	Deflate bool
	// Client tells that the reader is a client, so that frames must not be masked.
	Client bool
}

// Reader is the state of one message under way: its first frame has begun, its last has not ended. The zero value has
// nothing under way. A connection for which Idle is true needs no Reader; any idle one, such as
// one for all connections of a loop, will do for its next bytes. So a loop keeps a spare Reader, and gives it away to a
// connection only when Next leaves it not idle.
//
// Its buffers grow with what has really come, and hold at most Options.MessageBytesMax and what append adds for
// growth; for a compressed message twice that. They are kept for the next message. It is not safe for
// concurrent use.
type Reader struct {
	op       ws.OpCode // of the message under way; 0 if there is none
	deflated bool      // the message is compressed
	text     utf8Check // of a message that is text and not compressed
	message  []byte    // payload of the message up to here, unmasked
	inflated []byte    // the last message that was decompressed

	// The frame under way.
	inFrame bool
	fin     bool
	masked  bool
	mask    [4]byte
	pos     int   // bytes of it that are in message
	left    int64 // bytes of it that are still to come

	failed *Error // the connection has been failed
	closed bool   // the peer has sent its close frame
}

// Idle tells that nothing is under way: no message, no close and no failure. It is true for nil.
func (r *Reader) Idle() bool {
	return r == nil || r.op == 0 && !r.closed && r.failed == nil
}

// Reset makes r idle, so that it can be used for another connection. Its buffers are kept.
func (r *Reader) Reset() {
	*r = Reader{message: r.message[:0], inflated: r.inflated[:0]}
}

// Next reads from the input of a connection until there is an event, and tells how many bytes it has used. The rest
// must be offered again, with more behind it if the event is None; call Next until it is. The rest is then
// shorter than a header with the payload of a control frame, since the payload of a message is taken as it comes, so no
// byte is looked at often. in may be changed where it was used.
//
// A whole message in one frame is unmasked where it lies: nothing is allocated or copied. After a Close everything that
// follows is used up without a look (RFC 6455 5.5.1), and after an error the same error comes again.
//
// Errors come as early as the bytes allow: a frame that is too large at its header, a text at its first bad byte. That
// of a compressed message is looked at when it is complete.
func (r *Reader) Next(in []byte, o Options) (used int, e Event, err *Error) {
	if r.closed || r.failed != nil {
		return len(in), Event{}, r.failed
	}
	for {
		n, e, err := r.next(in[used:], o)
		used += n
		if err != nil {
			*r = Reader{failed: err}
			return used, Event{}, err
		}
		if e.Kind != None || n == 0 {
			return used, e, nil
		}
	}
}

// next takes one step: a header, a control frame, a whole message, or payload.
func (r *Reader) next(in []byte, o Options) (used int, e Event, err *Error) {
	if r.inFrame {
		return r.payload(in, o)
	}
	h, size, err := parseHeader(in, r.state(in, o))
	if size == 0 || err != nil {
		return 0, Event{}, err
	}
	if h.OpCode.IsControl() {
		return r.control(h, in, size)
	}
	if err := r.begin(h, o); err != nil {
		return 0, Event{}, err
	}
	if whole := h.OpCode != ws.OpContinuation && h.Fin && int64(len(in)-size) >= h.Length; !whole {
		e, err = r.endFrame(o)
		return size, e, err
	}
	return r.whole(in, size, o)
}

// state is what ws.CheckHeader needs to know. RSV1 has a meaning in the first frame of a message only,
// RFC 7692 6; everywhere else it is as reserved as the others.
func (r *Reader) state(in []byte, o Options) ws.State {
	state := ws.StateServerSide
	if o.Client {
		state = ws.StateClientSide
	}
	if r.op != 0 {
		state = state.Set(ws.StateFragmented)
	}
	if o.Deflate && len(in) > 0 && (in[0]&^Fin == Rsv1|OpText || in[0]&^Fin == Rsv1|OpBinary) {
		state = state.Set(ws.StateExtended)
	}
	return state
}

// control reads a control frame if all of it is there. Until then it stays with the caller: it is short.
func (r *Reader) control(h ws.Header, in []byte, size int) (used int, e Event, err *Error) {
	used = size + int(h.Length)
	if len(in) < used {
		return 0, Event{}, nil
	}
	payload := in[size:used]
	if h.Masked {
		ws.Cipher(payload, h.Mask, 0)
	}
	switch h.OpCode {
	case ws.OpPing:
		e = Event{Kind: Ping, Payload: payload}
	case ws.OpPong:
		e = Event{Kind: Pong, Payload: payload}
	default:
		if e, err = parseClose(payload); err == nil {
			*r = Reader{closed: true}
		}
	}
	return used, e, err
}

// begin takes up a frame of data. The message must not become larger than it may.
func (r *Reader) begin(h ws.Header, o Options) *Error {
	if h.OpCode != ws.OpContinuation {
		r.op, r.deflated = h.OpCode, h.Rsv1()
		r.text, r.message = utf8Check{}, r.message[:0]
	}
	limit := o.MessageBytesMax
	if r.deflated {
		limit = deflatedBytesMax(limit)
	}
	if h.Length > int64(limit-len(r.message)) {
		return errTooLarge
	}
	r.inFrame, r.fin, r.masked, r.mask, r.pos, r.left = true, h.Fin, h.Masked, h.Mask, 0, h.Length
	return nil
}

// whole reads the message that is the one frame at in, of which begin has taken up the header.
func (r *Reader) whole(in []byte, size int, o Options) (used int, e Event, err *Error) {
	used = size + int(r.left)
	payload := in[size:used]
	if r.masked {
		ws.Cipher(payload, r.mask, 0)
	}
	if r.op == ws.OpText && !r.deflated && !utf8.Valid(payload) {
		return used, Event{}, errText
	}
	r.inFrame = false
	e, err = r.end(payload, o)
	return used, e, err
}

// payload takes what has come of the frame under way.
func (r *Reader) payload(in []byte, o Options) (used int, e Event, err *Error) {
	used = int(min(int64(len(in)), r.left))
	start := len(r.message)
	r.message = append(r.message, in[:used]...)
	if r.masked {
		ws.Cipher(r.message[start:], r.mask, r.pos)
	}
	r.pos, r.left = r.pos+used, r.left-int64(used)
	if r.op == ws.OpText && !r.deflated && !r.text.add(r.message[start:]) {
		return used, Event{}, errText
	}
	e, err = r.endFrame(o)
	return used, e, err
}

// endFrame ends the frame under way if all of it has come, and the message if it was its last frame.
func (r *Reader) endFrame(o Options) (Event, *Error) {
	if r.left > 0 {
		return Event{}, nil
	}
	r.inFrame = false
	if !r.fin {
		return Event{}, nil
	}
	if !r.text.done() {
		return Event{}, errText
	}
	return r.end(r.message, o)
}

// end makes the event of the message under way, which is complete. Text has been checked, unless it is compressed.
func (r *Reader) end(message []byte, o Options) (Event, *Error) {
	e := Event{Kind: Binary, Payload: message}
	if r.op == ws.OpText {
		e.Kind = Text
	}
	r.op = 0
	if !r.deflated {
		return e, nil
	}
	var err *Error
	if r.inflated, err = appendInflated(r.inflated[:0], message, o.MessageBytesMax); err != nil {
		return Event{}, err
	}
	if e.Kind == Text && !utf8.Valid(r.inflated) {
		return Event{}, errText
	}
	e.Payload = r.inflated
	return e, nil
}
