package ws

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/icomet/icomet/internal/ws/wiretest"
)

// fuzzBytesMax keeps the seeds short that are only long to pass a limit; mutating them finds nothing new.
const fuzzBytesMax = 1000

func addWireSeeds(f *testing.F, add func(c wiretest.Case)) {
	f.Helper()
	for _, c := range wiretest.All() {
		if len(c.Input) <= fuzzBytesMax {
			add(c)
		}
	}
}

// FuzzReader feeds the same bytes at once and in pieces: what is found must not depend on it, and must hold together
// by itself.
func FuzzReader(f *testing.F) {
	addWireSeeds(f, func(c wiretest.Case) { f.Add(c.Input, c.Deflate, false, uint64(len(c.Input))) })
	f.Add(AppendClose(AppendTextDeflated(nil, bytes.Repeat([]byte("a"), 300)), CloseNormal, "bye"), true, true, uint64(3))
	f.Fuzz(func(t *testing.T, input []byte, deflate, client bool, seed uint64) {
		o := Options{MessageBytesMax: 300, Deflate: deflate, Client: client}
		whole, pieces := newPeer(o), newPeer(o)
		if err := whole.feed(input); err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(seed, 1))
		feedPieces(t, pieces, input, func() int { return 1 + rng.IntN(20) })
		if !slices.Equal(whole.events, pieces.events) {
			t.Fatalf("whole: %s\nin pieces: %s", show(whole.events), show(pieces.events))
		}
		if (whole.err == nil) != (pieces.err == nil) || whole.err != nil && *whole.err != *pieces.err {
			t.Fatalf("whole: %v, in pieces: %v", whole.err, pieces.err)
		}
		checkEvents(t, whole, o)
	})
}

// checkEvents checks what every event promises.
func checkEvents(t *testing.T, p *peer, o Options) {
	t.Helper()
	if p.err != nil && !p.err.Code.mayBeSent() {
		t.Errorf("failed with %v", p.err)
	}
	for i, e := range p.events {
		data := e.Op == OpText || e.Op == OpBinary
		if data && len(e.Payload) > o.MessageBytesMax || !data && len(e.Payload) > ControlBytesMax {
			t.Errorf("opcode %d has %d bytes", e.Op, len(e.Payload))
		}
		if (e.Op == OpText || e.Op == OpClose) && strings.ToValidUTF8(e.Payload, "") != e.Payload {
			t.Errorf("opcode %d has %q", e.Op, e.Payload)
		}
		if e.Op == OpClose && (i != len(p.events)-1 || p.err != nil) {
			t.Errorf("something was found behind a close")
		}
	}
}

// FuzzReadMessage compares with the reader of the library, which is less strict: whatever we find, it finds too, and
// what it finds beyond comes behind our close or failure, or is a control frame that is cut by the end of the input.
func FuzzReadMessage(f *testing.F) {
	addWireSeeds(f, func(c wiretest.Case) {
		if !c.Deflate {
			f.Add(c.Input)
		}
	})
	f.Fuzz(func(t *testing.T, input []byte) {
		ours := newPeer(Options{MessageBytesMax: len(input)})
		if err := ours.feed(slices.Clone(input)); err != nil {
			t.Fatal(err)
		}
		var theirs []wsutil.Message
		source := bytes.NewReader(input)
		for err := error(nil); err == nil; {
			theirs, err = wsutil.ReadMessage(source, ws.StateServerSide, theirs)
		}
		if len(theirs) < len(ours.events) {
			t.Fatalf("they find %d, we find %s", len(theirs), show(ours.events))
		}
		for i, e := range ours.events {
			if e.Op == OpClose {
				return
			}
			if byte(theirs[i].OpCode) != e.Op || string(theirs[i].Payload) != e.Payload {
				t.Fatalf("event %d: they find %d %q, we find %s", i, theirs[i].OpCode, theirs[i].Payload, show(ours.events))
			}
		}
		if len(theirs) > len(ours.events) && ours.err == nil && len(ours.rest) == 0 {
			t.Fatalf("they find %d, we find %s and no failure", len(theirs), show(ours.events))
		}
	})
}

// FuzzDeflate checks that what is compressed comes back, and that decompressing stays in its limit.
func FuzzDeflate(f *testing.F) {
	f.Add([]byte("text"), 3)
	f.Add(bytes.Repeat([]byte("abc"), 200), 600)
	f.Add([]byte("\x03\x00\x03\x00"), 10)
	f.Fuzz(func(t *testing.T, p []byte, limit int) {
		limit = max(0, min(limit, 1<<16))
		frame := AppendBinaryDeflated(nil, p)
		if len(frame) > len(AppendBinary(nil, p)) {
			t.Errorf("%d bytes became %d", len(p), len(frame))
		}
		var r Reader
		used, e, err := r.Next(frame, Options{MessageBytesMax: len(p), Deflate: true, Client: true})
		if used != len(frame) || e.Kind != Binary || !bytes.Equal(e.Payload, p) || err != nil {
			t.Errorf("used %d of %d, kind %d, %v", used, len(frame), e.Kind, err)
		}
		if got, err := appendInflated(nil, p, limit); err == nil && len(got) > limit {
			t.Errorf("%d bytes, more than %d", len(got), limit)
		}
	})
}

// FuzzCheck checks what every accepted handshake promises to its answer.
func FuzzCheck(f *testing.F) {
	f.Add("websocket", "Upgrade", "13", exampleKey, "icomet.v2", "permessage-deflate; server_max_window_bits=15")
	f.Add("h2c, WebSocket", "keep-alive, upgrade", "13", exampleKey, "a, icomet.v1.json", "a; b=\"c\", permessage-deflate")
	f.Fuzz(func(t *testing.T, upgrade, connection, version, key, protocol, extensions string) {
		r := request("Upgrade: "+upgrade, "Connection: "+connection, "Sec-WebSocket-Version: "+version,
			"Sec-WebSocket-Key: "+key, "Sec-WebSocket-Protocol: "+protocol, "Sec-WebSocket-Extensions: "+extensions)
		u, refusal := Check(r, ourProtocols)
		if refusal != nil {
			return
		}
		if len(u.Accept) != len(exampleAccept) || !slices.Contains(ourProtocols, u.Protocol) || !strings.Contains(protocol, u.Protocol) {
			t.Errorf("%+v", u)
		}
		if u.Deflate && !strings.Contains(extensions, "permessage-deflate") || u.window && !u.Deflate {
			t.Errorf("%q: %+v", extensions, u)
		}
		if head := string(AppendUpgrade(nil, u)); strings.Count(head, "\r\n\r\n") != 1 || !strings.HasSuffix(head, "\r\n\r\n") {
			t.Errorf("%q", head)
		}
	})
}
