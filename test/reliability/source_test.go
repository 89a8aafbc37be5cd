package reliability

import (
	"bytes"
	"fmt"
	"strings"
)

// source is an EventSource as browsers have it: it puts lines together to events, and when its connection has
// ended it asks for the same address again, with the id that it has seen last.
type source struct {
	target string  // what it asks for; empty if there is none to go on with
	starts []start // of the channels in target
	id     []byte  // that of the last event that was whole
	coming []byte  // that of the event that is being read
	hasID  bool
	name   []byte // of the event that is being read
	data   []byte
}

// idChannelsMax is how many channels the id of an event can name.
const idChannelsMax = 64

// goesOn tells whether the visit is one more of the same source.
func (s *source) goesOn(f *follower, last *transport) bool {
	s.name, s.data, s.hasID = s.name[:0], s.data[:0], false
	if f.transport.lastEventID && last == f.transport && s.target != "" && f.random.IntN(4) > 0 {
		return true
	}
	s.target, s.id = "", s.id[:0]
	return false
}

// request makes the query and the header lines of the next request. A new source asks as one that has been going
// on for a while: its address says where it began, and the id where it is.
func (s *source) request(f *follower) (query, header string) {
	if s.target == "" {
		s.starts = s.starts[:0]
		var id []string
		for _, p := range f.visited {
			if p.isKnown() {
				id = append(id, p.position())
			} else {
				id = append(id, "-")
			}
		}
		if len(f.visited) <= idChannelsMax && f.random.IntN(2) == 0 {
			s.id = append(s.id[:0], strings.Join(id, ",")...)
			s.target = "v=1"
			for range f.visited {
				s.starts = append(s.starts, fromNow)
			}
			for _, p := range f.visited {
				s.target += "&cname=" + p.name
			}
		} else {
			s.target = f.ask()
			for _, p := range f.visited {
				s.starts = append(s.starts, p.start)
			}
		}
	}
	parts := strings.Split(string(s.id), ",")
	for i, p := range f.visited {
		begins := s.starts[i]
		switch {
		case string(s.id) == "*":
			begins = fromNothing
		case p.isKnown() && !p.ended || i < len(parts) && strings.Contains(parts[i], "."):
			begins = fromPosition
		}
		p.ask(begins)
	}
	if len(s.id) > 0 {
		header = fmt.Sprintf("Last-Event-ID: %s\r\n", s.id)
	}
	return s.target, header
}

// line takes a line of the stream.
func (s *source) line(f *follower, line []byte) error {
	line, ok := bytes.CutSuffix(line, []byte("\n"))
	if !ok {
		return fmt.Errorf("no end of line: %q", line)
	}
	name, value, _ := bytes.Cut(line, []byte(": "))
	switch string(name) {
	case "id":
		s.coming, s.hasID = append(s.coming[:0], value...), true
	case "event":
		s.name = append(s.name[:0], value...)
	case "data":
		s.data = append(s.data[:0], value...)
	case "":
		return s.dispatch(f)
	default:
		return fmt.Errorf("line %.200q", line)
	}
	return nil
}

// dispatch takes the event that has come to its end.
func (s *source) dispatch(f *follower) error {
	if len(s.data) == 0 {
		return fmt.Errorf("an event without data")
	}
	if err := f.texts(s.data); err != nil {
		return err
	}
	e := &f.events[0]
	if !bytes.Equal(s.name, e.name) {
		return fmt.Errorf("event %q is %q", s.name, e.name)
	}
	kind := string(e.kind)
	moves := kind == "subscribed" || kind == "data" || kind == "broadcast" || kind == "gap"
	if moves != s.hasID {
		return fmt.Errorf("%s has an id: %v", kind, s.hasID)
	}
	s.name, s.data, s.hasID = s.name[:0], s.data[:0], false
	if moves {
		s.id = append(s.id[:0], s.coming...)
		return s.check(f)
	}
	return nil
}

// check compares the last id with the places of the follower, in the order of the request.
func (s *source) check(f *follower) error {
	if len(f.visited) > idChannelsMax {
		if string(s.id) != "*" {
			return fmt.Errorf("id %q of %d channels", s.id, len(f.visited))
		}
		return nil
	}
	parts := strings.Split(string(s.id), ",")
	for i, p := range f.visited {
		part := "-"
		if i < len(parts) {
			part = parts[i]
		}
		want := "-"
		switch {
		case p.phase == asked && p.ended:
			continue // where it was asked to begin is of no use any more
		case p.phase == following, p.phase == asked && p.start == fromPosition && p.isKnown():
			want = p.position()
		}
		if part != want {
			return fmt.Errorf("id %q, part %d is not %q: %s", s.id, i, want, p)
		}
	}
	return nil
}
