package http1

import (
	"bufio"
	"bytes"
	"io"
	"math/big"
	"math/rand/v2"
	"net/http"
	"net/http/httputil"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/icomet/icomet/internal/http1/wiretest"
)

// fuzzBytesMax keeps the seeds short that are only long to pass a limit; mutating them finds nothing new.
const fuzzBytesMax = 2000

func addWireSeeds(f *testing.F, add func(input []byte)) {
	f.Helper()
	for _, c := range wiretest.All() {
		if input := c.Input(wirePath); len(input) <= fuzzBytesMax {
			add(input)
		}
	}
	add([]byte(pushRequest))
	add([]byte(browserRequest))
}

// FuzzConnection feeds the same bytes at once and in pieces: what is understood must not depend on it, and
// must hold together by itself.
func FuzzConnection(f *testing.F) {
	addWireSeeds(f, func(input []byte) { f.Add(input, uint64(len(input))) })
	f.Fuzz(func(t *testing.T, input []byte, seed uint64) {
		whole := newPeer()
		whole.lim = Limits{HeadBytesMax: 400, HeaderCountMax: 8, TargetBytesMax: 100, BodyBytesMax: 200}
		pieces := newPeer()
		pieces.lim = whole.lim
		whole.feed(input)
		for rest, rng := input, rand.New(rand.NewPCG(seed, 1)); len(rest) > 0; {
			n := min(1+rng.IntN(20), len(rest))
			pieces.feed(rest[:n])
			rest = rest[n:]
		}
		samePeer(t, "in pieces", pieces, whole)
	})
}

// FuzzParse checks what every accepted head promises to the doors.
func FuzzParse(f *testing.F) {
	addWireSeeds(f, func(input []byte) { f.Add(input) })
	lim := DefaultLimits()
	f.Fuzz(func(t *testing.T, head []byte) {
		var r Request
		if Parse(head, &r, &lim) != nil {
			return
		}
		if !bytes.HasSuffix(head, []byte("\r\n\r\n")) {
			t.Error("accepted a head without end")
		}
		if end, _, err := ScanHead(head, 0, &lim); len(head) <= lim.HeadBytesMax && (end != len(head) || err != nil) {
			t.Errorf("ScanHead finds the end at %d of %d, error %v", end, len(head), err)
		}
		if p := string(r.Path); !strings.HasPrefix(p, "/") && p != "*" {
			t.Errorf("path %q", p)
		}
		if r.Chunked && r.ContentLength >= 0 || r.Chunked && r.Minor == 0 || r.ContentLength > int64(lim.BodyBytesMax) {
			t.Errorf("chunked %t, length %d, minor %d", r.Chunked, r.ContentLength, r.Minor)
		}
		for _, part := range [][]byte{r.Target, r.Path, r.Query, r.Host} {
			if i := indexBelow(part, 0, ' '+1); i < len(part) {
				t.Errorf("%q holds %#x", part, part[i])
			}
		}
		for name, value := range r.Headers {
			if len(name) == 0 || bytes.ContainsAny(name, " \t\r\n:") || bytes.ContainsAny(value, "\r\n\x00") {
				t.Errorf("header %q: %q", name, value)
			}
		}
	})
}

// FuzzReadRequest compares with net/http: a head that we accept, it accepts too and understands the same,
// but for what differenceToNetHTTP lists.
func FuzzReadRequest(f *testing.F) {
	addWireSeeds(f, func(input []byte) { f.Add(input) })
	lim := DefaultLimits()
	f.Fuzz(func(t *testing.T, input []byte) {
		end, _, err := ScanHead(input, 0, &lim)
		if err != nil || end == 0 {
			return
		}
		var r Request
		if Parse(input[:end], &r, &lim) != nil || differenceToNetHTTP(&r) != "" {
			return
		}
		start, _ := skipEmptyLines(input)
		theirs, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(input[start:end])))
		if err != nil {
			t.Fatalf("net/http refuses what we accept: %v\n%q", err, input[start:end])
		}
		compareRequests(t, &r, theirs)
	})
}

// differenceToNetHTTP names why net/http does not take a request that we take, or takes it otherwise. Besides,
// empty lines before a request are not skipped by it, and versions above 1.1 keep their number.
func differenceToNetHTTP(r *Request) string {
	if u, err := url.ParseRequestURI(string(r.Target)); err != nil {
		return "raw bytes and bad escapes, which icomet's publishers send, are no URL for it"
	} else if u.IsAbs() && u.Host != string(r.Host) {
		return "escapes in the host of an absolute target are decoded by it"
	}
	if r.Header("Trailer") != nil {
		return "names announced in Trailer are checked by it; we drop all trailers"
	}
	return ""
}

func compareRequests(t *testing.T, r *Request, theirs *http.Request) {
	t.Helper()
	if theirs.Method != string(r.Method) || theirs.RequestURI != string(r.Target) || theirs.Host != string(r.Host) {
		t.Errorf("%s %s %q, net/http has %s %s %q", r.Method, r.Target, r.Host, theirs.Method, theirs.RequestURI, theirs.Host)
	}
	if min(theirs.ProtoMinor, 1) != r.Minor || theirs.Close == r.KeepAlive {
		t.Errorf("1.%d keep %t, net/http has 1.%d close %t", r.Minor, r.KeepAlive, theirs.ProtoMinor, theirs.Close)
	}
	length := max(r.ContentLength, 0)
	if r.Chunked {
		length = -1
	}
	if chunked := slices.Equal(theirs.TransferEncoding, []string{"chunked"}); chunked != r.Chunked || theirs.ContentLength != length {
		t.Errorf("chunked %t, length %d, net/http has %t, %d", r.Chunked, length, chunked, theirs.ContentLength)
	}
	for name, value := range r.Headers {
		key := textproto.CanonicalMIMEHeaderKey(string(name))
		if key == "Host" || key == "Transfer-Encoding" {
			continue // kept elsewhere by net/http
		}
		if !slices.Contains(theirs.Header[key], string(value)) {
			t.Errorf("%s: %q, net/http has %q", key, value, theirs.Header[key])
		}
	}
}

// FuzzChunked compares bodies fed in pieces with bodies fed at once, and accepted ones with net/http's.
func FuzzChunked(f *testing.F) {
	for _, c := range wiretest.All() {
		head, body, _ := bytes.Cut(c.Input(wirePath), []byte("\r\n\r\n"))
		if bytes.Contains(head, []byte("chunked")) && len(body) <= fuzzBytesMax {
			f.Add(body, uint8(1))
		}
	}
	lim := Limits{BodyBytesMax: 500}
	f.Fuzz(func(t *testing.T, raw []byte, size uint8) {
		body, rest, done, err := decodePieces(string(raw), max(len(raw), 1), &lim)
		body2, rest2, done2, err2 := decodePieces(string(raw), max(int(size), 1), &lim)
		if body != body2 || rest != rest2 || done != done2 || err != err2 {
			t.Fatalf("at once %q, %q, %t, %v, in pieces %q, %q, %t, %v", body, rest, done, err, body2, rest2, done2, err2)
		}
		if len(body) > lim.BodyBytesMax {
			t.Fatalf("body of %d bytes", len(body))
		}
		if !done {
			return
		}
		if !strings.HasSuffix(string(raw), rest) {
			t.Errorf("rest %q is not the end of the input", rest)
		}
		theirs, err := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(raw)))
		if err != nil && !tooMuchFraming(err) {
			t.Fatalf("net/http refuses what we accept: %v", err)
		}
		if err == nil && string(theirs) != body {
			t.Errorf("%q, net/http has %q", body, theirs)
		}
	})
}

// tooMuchFraming tells that net/http has given up on sizes and extensions that are much longer than the
// content. Our bounds are ChunkSizeDigitsMax and ChunkExtensionBytesMax.
func tooMuchFraming(err error) bool {
	return strings.Contains(err.Error(), "too much non-data") || strings.Contains(err.Error(), "line too long")
}

// FuzzParams compares lookups with a plain split, and decoding with net/url where that accepts.
func FuzzParams(f *testing.F) {
	for _, seed := range []string{
		"cname=a&seq=1", "CNAME=a&cname=b", "=x&&flag&a=b=c;d", "content=%e6%97%a5+%zz%", "seq=-2147483649", "seq=+%20%2b12x", `content={"a":"\u0000"}`, "a=\x00\xff%00",
	} {
		f.Add([]byte(seed), "cname")
		f.Add([]byte(seed), "seq")
	}
	f.Fuzz(func(t *testing.T, query []byte, name string) {
		raw, ok := Params(query).Get(name)
		want, wantOK := plainGet(string(query), name)
		if string(raw) != want || ok != wantOK {
			t.Errorf("%q, %t, want %q, %t", raw, ok, want, wantOK)
		}
		value := AppendUnescape(nil, query)
		if theirs, err := url.QueryUnescape(string(query)); err == nil && theirs != string(value) {
			t.Errorf("unescape: %q, net/url has %q", value, theirs)
		}
		if theirs, err := url.PathUnescape(string(query)); err == nil && theirs != string(AppendPath(nil, query)) {
			t.Errorf("path: %q, net/url has %q", AppendPath(nil, query), theirs)
		}
		if again := AppendUnescape(query[:0:0], []byte(url.QueryEscape(string(value)))); !bytes.Equal(again, value) {
			t.Errorf("%q is %q when escaped and unescaped", value, again)
		}
		if got, want := int64(Atoi(query)), plainAtoi(string(value)); got != want {
			t.Errorf("Atoi: %d, want %d", got, want)
		}
	})
}

func plainGet(query, name string) (string, bool) {
	fold := func(s string) string {
		b := []byte(s)
		for i, c := range b {
			if 'A' <= c && c <= 'Z' {
				b[i] = c | 0x20
			}
		}
		return string(b)
	}
	for part := range strings.SplitSeq(query, "&") {
		n, v, found := strings.Cut(part, "=")
		if found && n != "" && fold(n) == fold(name) {
			return v, true
		}
	}
	return "", false
}

// plainAtoi is C atoi over a decoded value, on numbers without bound, clamped at the end.
func plainAtoi(s string) int64 {
	s = strings.TrimLeft(s, " \t\n\v\f\r")
	n := 0
	if n < len(s) && (s[0] == '-' || s[0] == '+') {
		n = 1
	}
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	number, ok := new(big.Int).SetString(strings.TrimPrefix(s[:n], "+"), 10)
	switch {
	case !ok:
		return 0
	case number.Cmp(big.NewInt(-1<<31)) < 0:
		return -1 << 31
	case number.Cmp(big.NewInt(1<<31-1)) > 0:
		return 1<<31 - 1
	}
	return number.Int64()
}
