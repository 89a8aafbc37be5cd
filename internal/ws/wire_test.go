package ws

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/icomet/icomet/internal/ws/wiretest"
)

// restBytesMax is the most that Next leaves to its caller when it wants more.
const restBytesMax = 14 + ControlBytesMax

// peer reads one connection the way a loop does, without sockets: unused input is kept and offered again, and an idle
// connection has no Reader.
type peer struct {
	options Options
	rest    []byte
	reader  *Reader
	spare   Reader

	events []wiretest.Event
	err    *Error
	fedAt  int // bytes that had been fed when err came
	fed    int
}

func newPeer(o Options) *peer { return &peer{options: o} }

func wireOptions(c wiretest.Case) Options {
	return Options{MessageBytesMax: wiretest.MessageBytesMax, Deflate: c.Deflate}
}

// feed takes bytes from the wire and tells what is wrong with the Reader itself.
func (p *peer) feed(piece []byte) error {
	if p.err != nil {
		return nil
	}
	p.fed += len(piece)
	in := append(slices.Clone(p.rest), piece...)
	for p.err == nil {
		r := p.reader
		if r == nil {
			r = &p.spare
		}
		used, e, err := r.Next(in, p.options)
		if used < 0 || used > len(in) {
			return fmt.Errorf("used %d of %d bytes", used, len(in))
		}
		if in = in[used:]; err != nil {
			p.err, p.fedAt = err, p.fed
			if e.Kind != None {
				return fmt.Errorf("an event of kind %d with an error", e.Kind)
			}
		}
		if p.reader = nil; !r.Idle() {
			kept := *r
			p.reader, p.spare = &kept, Reader{}
		}
		if e.Kind == None {
			break
		}
		p.events = append(p.events, wireEvent(e))
	}
	if p.rest = in; p.err == nil && len(in) > restBytesMax {
		return fmt.Errorf("%d bytes are left to the caller", len(in))
	}
	return nil
}

var wireOps = map[Kind]byte{Text: OpText, Binary: OpBinary, Close: OpClose, Ping: OpPing, Pong: OpPong}

func wireEvent(e Event) wiretest.Event {
	return wiretest.Event{Op: wireOps[e.Kind], Payload: string(e.Payload), Code: uint16(e.Code)}
}

// check compares with what the case wants.
func (p *peer) check(t *testing.T, how string, c wiretest.Case) {
	t.Helper()
	if !slices.Equal(p.events, c.Want) {
		t.Fatalf("%s: %s: found %s\nwant %s", c.Section, how, show(p.events), show(c.Want))
	}
	var code Code
	if p.err != nil {
		code = p.err.Code
	}
	if code != Code(c.Fails) {
		t.Fatalf("%s: %s: failed with %v (%v), want %d", c.Section, how, code, p.err, c.Fails)
	}
}

func show(events []wiretest.Event) string {
	s := fmt.Sprint(len(events), " events:")
	for _, e := range events {
		s += fmt.Sprintf(" %d %q %d;", e.Op, e.Payload[:min(len(e.Payload), 50)], e.Code)
	}
	return s
}

func TestWireTableIsLargeAndNamesAreUnique(t *testing.T) {
	const casesMin = 300
	seen := map[string]bool{}
	for _, c := range wiretest.All() {
		if seen[c.Name] {
			t.Errorf("two cases are named %q", c.Name)
		}
		if seen[c.Name] = true; c.Section == "" {
			t.Errorf("%s: no section", c.Name)
		}
	}
	if len(seen) < casesMin {
		t.Errorf("%d cases, want %d at least", len(seen), casesMin)
	}
	t.Logf("%d cases", len(seen))
}

func TestWire(t *testing.T) {
	for _, c := range wiretest.All() {
		t.Run(c.Name, func(t *testing.T) {
			whole := newPeer(wireOptions(c))
			if err := whole.feed(c.Input); err != nil {
				t.Fatal(err)
			}
			whole.check(t, "whole", c)
			single := newPeer(wireOptions(c))
			feedPieces(t, single, c.Input, func() int { return 1 })
			single.check(t, "byte by byte", c)
			if c.FailsAt != 0 && single.fedAt != c.FailsAt {
				t.Errorf("%s: failed at byte %d, want %d", c.Section, single.fedAt, c.FailsAt)
			}
			for seed := range seeds(c.Input) {
				rng := rand.New(rand.NewPCG(seed, 1))
				size := 1 + rng.IntN(1+len(c.Input))
				p := newPeer(wireOptions(c))
				feedPieces(t, p, c.Input, func() int { return 1 + rng.IntN(size) })
				p.check(t, fmt.Sprint("in random pieces, seed ", seed), c)
			}
		})
	}
}

// seeds is how many random ways of cutting are tried: fewer for the few long inputs.
func seeds(input []byte) uint64 {
	if len(input) > 10_000 {
		return 5
	}
	return 20
}

func feedPieces(t *testing.T, p *peer, input []byte, size func() int) {
	t.Helper()
	for len(input) > 0 {
		n := min(size(), len(input))
		if err := p.feed(input[:n]); err != nil {
			t.Fatal(err)
		}
		input = input[n:]
	}
}
