package http1

import "testing"

// What a good request costs in allocations: nothing.
const allocsPerRequestMax = 0

func TestGoodRequestsAllocateNothing(t *testing.T) {
	lim := DefaultLimits()
	var (
		r    Request
		date Date
		out  = make([]byte, 0, 1024)
		text = make([]byte, 0, 1024)
	)
	for name, input := range map[string]string{
		"push":    pushRequest,
		"browser": browserRequest,
		"form":    "POST /push?cname=a HTTP/1.1\r\nHost: [::1]:80\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 16\r\nConnection: x, keep-alive\r\nExpect: 100-continue\r\n\r\n",
		"proxy":   "GET http://a/x?y HTTP/1.0\r\nHost: a\r\n\r\n",
	} {
		head := []byte(input)
		allocs := testing.AllocsPerRun(100, func() {
			end, _, err := ScanHead(head, 0, &lim)
			if err != nil {
				t.Fatal(err)
			}
			if err := Parse(head[:end], &r, &lim); err != nil {
				t.Fatal(err)
			}
			r.Header("Origin")
			f := Form{Body: Params(head), Query: Params(r.Query)}
			raw, _ := f.Get("content")
			text = AppendUnescape(text[:0], raw)
			text = AppendPath(text, r.Path)
			Atoi(raw)
			out = AppendStatus(out[:0], r.Minor, 200, "")
			out = AppendHeader(out, "Content-Type", "text/plain")
			out = date.Append(out, int64(len(out)))
			out = AppendContentLength(out, 10)
			out = AppendChunk(out, text)
		})
		if allocs > allocsPerRequestMax {
			t.Errorf("%s: %v allocations", name, allocs)
		}
	}
}

func TestChunkedAllocatesNothing(t *testing.T) {
	const raw = "5;x=y\r\nhello\r\n0\r\nX: y\r\n\r\n"
	lim := DefaultLimits()
	buf := make([]byte, len(raw))
	allocs := testing.AllocsPerRun(100, func() {
		var c Chunked
		copy(buf, raw)
		if body, _, done, err := c.Decode(buf, &lim); string(body) != "hello" || !done || err != nil {
			t.Fatal(string(body), done, err)
		}
	})
	if allocs > allocsPerRequestMax {
		t.Errorf("%v allocations", allocs)
	}
}
