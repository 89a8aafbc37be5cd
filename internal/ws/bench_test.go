package ws

import (
	"bytes"
	"strings"
	"testing"
)

func benchmarkNext(b *testing.B, frame []byte, o Options) {
	in := make([]byte, len(frame))
	var r Reader
	b.ReportAllocs()
	b.SetBytes(int64(len(frame)))
	for b.Loop() {
		copy(in, frame)
		if used, e, err := r.Next(in, o); used != len(in) || e.Kind == None || err != nil {
			b.Fatal(used, e.Kind, err)
		}
	}
}

func BenchmarkNextPing(b *testing.B) { benchmarkNext(b, masked(Fin|OpPing, ""), testOptions) }
func BenchmarkNextCommand(b *testing.B) {
	benchmarkNext(b, masked(Fin|OpText, `{"id":4,"cmd":"ping"}`), testOptions)
}
func BenchmarkNextText64K(b *testing.B) {
	benchmarkNext(b, masked(Fin|OpText, strings.Repeat("a", 64<<10)), testOptions)
}
func BenchmarkNextDeflated4K(b *testing.B) {
	frame := AppendTextDeflated(nil, benchmarkMessage(4<<10))
	o := testOptions
	o.Client = true
	benchmarkNext(b, frame, o)
}

// BenchmarkNextPieces reads a frame of 64 KB in pieces of 1 KB.
func BenchmarkNextPieces(b *testing.B) {
	frame := masked(Fin|OpText, strings.Repeat("a", 64<<10))
	var r Reader
	b.ReportAllocs()
	b.SetBytes(int64(len(frame)))
	for b.Loop() {
		for in := frame; len(in) > 0; {
			used, _, err := r.Next(in[:min(len(in), 1<<10)], testOptions)
			if err != nil {
				b.Fatal(err)
			}
			in = in[used:]
		}
	}
}

// benchmarkMessage is n bytes that look like messages.
func benchmarkMessage(n int) []byte {
	return bytes.Repeat([]byte(`{"type":"data","cname":"room_12345","seq":42,"epoch":"u1Jk2mPq0Zs","content":"hello world"}`), n/91+1)[:n]
}

func benchmarkAppend(b *testing.B, n int, appendFrame func(dst, payload []byte) []byte) {
	payload, out := benchmarkMessage(n), []byte(nil)
	b.ReportAllocs()
	b.SetBytes(int64(n))
	for b.Loop() {
		out = appendFrame(out[:0], payload)
	}
	b.ReportMetric(float64(len(out))/float64(n), "out/in")
}

func BenchmarkAppendText(b *testing.B)        { benchmarkAppend(b, 100, AppendText) }
func BenchmarkAppendDeflated256(b *testing.B) { benchmarkAppend(b, 256, AppendTextDeflated) }
func BenchmarkAppendDeflated4K(b *testing.B)  { benchmarkAppend(b, 4<<10, AppendTextDeflated) }

func BenchmarkCheck(b *testing.B) {
	headers := map[string][]byte{
		"Upgrade": []byte("websocket"), "Connection": []byte("keep-alive, Upgrade"), "Sec-WebSocket-Version": []byte("13"),
		"Sec-WebSocket-Key": []byte(exampleKey), "Sec-WebSocket-Extensions": []byte("permessage-deflate; client_max_window_bits"),
	}
	r := Request{Method: []byte("GET"), Minor: 1, Header: func(name string) []byte { return headers[name] }}
	out := make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		u, refusal := Check(r, ourProtocols)
		if refusal != nil {
			b.Fatal(refusal)
		}
		out = AppendUpgrade(out[:0], u)
	}
}
