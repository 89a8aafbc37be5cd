package front

import (
	"encoding/base64"

	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/http1"
	"github.com/icomet/icomet/internal/hub"
	"github.com/icomet/icomet/internal/ws"
)

const lastChunk = http1.LastChunk

// idOverflow is the id of events of a stream with more channels than idChannelsMax, or with a pattern: too many
// to name where each stands with each event. A browser that comes back with it is told a gap for every channel.
const (
	idOverflow    = "*"
	idChannelsMax = 64
)

// noopSeconds is the time between heartbeats as clients are told.
func (d *Door) noopSeconds() int { return int(d.options.PollingTimeout.Seconds()) }

// appendText appends a JSON text as it goes out to s.
func (d *Door) appendText(dst []byte, s *subscriber, json []byte) []byte {
	return appendForm(dst, s.kind, s.flags, delivery.Of(s.kind).AppendText(nil, json))
}

// appendForm appends a piece of an answer, or a message of a WebSocket.
func appendForm(dst []byte, kind delivery.Kind, f flags, piece []byte) []byte {
	if kind != delivery.WebSocket {
		return appendPiece(dst, f&flagChunked != 0, piece)
	}
	if f&flagDeflated != 0 {
		return ws.AppendTextDeflated(dst, piece)
	}
	return ws.AppendText(dst, piece)
}

// appendPositioned appends a JSON text that says where s stands in a channel by now: of an event stream,
// with an id.
func (d *Door) appendPositioned(dst []byte, s *subscriber, u *subscription, json []byte) []byte {
	if s.kind != delivery.SSE {
		return d.appendText(dst, s, json)
	}
	return appendPiece(dst, s.is(flagChunked), delivery.Of(s.kind).AppendText(d.eventID(s), json))
}

// appendGap appends a gap as it goes out to s, whose id is there already if it has several channels.
func (d *Door) appendGap(dst []byte, s *subscriber, u *subscription, name string, e *hub.Entry) []byte {
	text := delivery.AppendGap(nil, name, d.options.Hub.Epoch(u.channel), e)
	if s.is(flagMany) {
		return d.appendText(dst, s, text)
	}
	return d.appendPositioned(dst, s, u, text)
}

// eventID is the line with the id of an event: where s stands in each of its channels, in the order of the
// request.
func (d *Door) eventID(s *subscriber) []byte {
	if d.follows(s) {
		return delivery.AppendEventID(nil, []byte(idOverflow))
	}
	var id []byte
	place := 0
	overflow := d.coming.first+len(d.coming.wants) > idChannelsMax
	if !overflow {
		d.each(s, func(_ uint32, u *subscription) bool {
			if overflow = u.place >= idChannelsMax; overflow {
				return false
			}
			for ; place < int(u.place); place++ {
				id = append(id, "-,"...)
			}
			id = append(appendPosition(id, d.options.Hub.Epoch(u.channel), u.seq), ',')
			place++
			return true
		})
	}
	if overflow {
		return delivery.AppendEventID(nil, []byte(idOverflow))
	}
	id = d.coming.appendPositions(id, place)
	if n := len(id); n > 0 && id[n-1] == ',' {
		id = id[:n-1]
	}
	return delivery.AppendEventID(nil, id)
}

// coming are the channels of an event stream under way to its beginning that are not subscribed yet. Where they
// are to begin stands in the ids too: a browser whose connection ends before they are keeps that for them, and not
// what its address says, which is where it began long ago.
type coming struct {
	first int // the place in the request of wants[0]
	wants []want
}

// appendPositions appends the positions of the channels to an id that has come to a place.
func (c *coming) appendPositions(id []byte, place int) []byte {
	if len(c.wants) == 0 {
		return id
	}
	for ; place < c.first; place++ {
		id = append(id, "-,"...)
	}
	for i := range c.wants {
		if t := &c.wants[i].start; t.Kind == hub.FromSeq && t.Epoch != 0 {
			id = append(appendPosition(id, t.Epoch, t.Seq), ',')
		} else {
			id = append(id, "-,"...)
		}
	}
	return id
}

// appendLiveV1 appends a message as it goes out to endless subscribers of v1 of a form. It is the same for all
// of them; what is not, the id of an event stream with several channels, stands ahead of it.
func appendLiveV1(dst []byte, kind delivery.Kind, f flags, m *hub.Message) []byte {
	if f&flagBinary != 0 && m.Form == hub.Binary {
		return appendBytes(dst, m)
	}
	var piece []byte
	if kind == delivery.SSE {
		if m.Event != "" {
			piece = delivery.AppendEventName(piece, m.Event)
		}
		if f&flagMany == 0 {
			piece = delivery.AppendEventID(piece, appendPosition(nil, m.Epoch, m.Seq+1))
		}
	}
	return appendForm(dst, kind, f, delivery.Of(kind).AppendText(piece, delivery.AppendLive(nil, m)))
}

// appendBytes appends a message of a WebSocket with its payload as bytes: the envelope, a line feed, and what
// base64 stands for.
func appendBytes(dst []byte, m *hub.Message) []byte {
	frame := append(delivery.AppendLiveHead(nil, m), '\n')
	frame, err := base64.StdEncoding.AppendDecode(frame, []byte(m.Content))
	if err != nil {
		panic("front: a binary message is not base64: " + err.Error())
	}
	return ws.AppendBinary(dst, frame)
}

// heartbeat is the noop of v1, of a poll its whole answer.
func (d *Door) heartbeat(s *subscriber) []byte {
	text := delivery.AppendHeartbeat(nil)
	switch s.kind {
	case delivery.Poll:
		return d.encoderOf(s).AppendText(nil, arrayOfOne(text))
	case delivery.WebSocket:
		return ws.AppendText(nil, text)
	}
	return delivery.Of(s.kind).AppendText(nil, text)
}
