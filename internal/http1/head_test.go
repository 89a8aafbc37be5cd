package http1

import (
	"strings"
	"testing"
)

func TestScanHeadNeverLooksBackFurtherThanTheCurrentLineEnd(t *testing.T) {
	lim := Limits{HeadBytesMax: 300 << 10, HeaderCountMax: 10, TargetBytesMax: 256 << 10}
	input := []byte("\r\nGET /push?content=" + strings.Repeat("x", 200<<10) + " HTTP/1.1\r\nHost: a\r\n\r\n")
	next := 0
	for i := 1; i < len(input); i++ {
		end, n, err := ScanHead(input[:i], next, &lim)
		if end != 0 || err != nil {
			t.Fatalf("at %d: end %d, error %v", i, end, err)
		}
		if n != i {
			t.Fatalf("at %d: next %d, so bytes would be scanned again", i, n)
		}
		next = n
	}
	if end, _, err := ScanHead(input, next, &lim); end != len(input) || err != nil {
		t.Errorf("end %d, error %v, want %d", end, err, len(input))
	}
}

func TestScanHeadDoesNotLookBehindTheHead(t *testing.T) {
	lim := DefaultLimits()
	head := "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	end, _, err := ScanHead([]byte(head+"\x00\n\x00"), 0, &lim)
	if end != len(head) || err != nil {
		t.Errorf("end %d, error %v, want %d", end, err, len(head))
	}
}

func TestHeadOfExactlyTheLimitPasses(t *testing.T) {
	const head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	for _, over := range []int{0, 1} {
		lim := Limits{HeadBytesMax: len(head) - over, HeaderCountMax: 1, TargetBytesMax: 1}
		end, _, err := ScanHead([]byte(head+"behind"), 0, &lim)
		if over == 0 && (end != len(head) || err != nil) {
			t.Errorf("at the limit: end %d, error %v", end, err)
		}
		if over == 1 && err != ErrHeadTooLarge {
			t.Errorf("over the limit: end %d, error %v", end, err)
		}
	}
}

func TestUnfinishedHeadIsRefusedOnceItCannotFit(t *testing.T) {
	lim := Limits{HeadBytesMax: 30, HeaderCountMax: 1, TargetBytesMax: 100}
	b := []byte(strings.Repeat("x", 30))
	if _, next, err := ScanHead(b[:29], 0, &lim); err != nil || next != 29 {
		t.Errorf("29 bytes: next %d, error %v", next, err)
	}
	if _, _, err := ScanHead(b, 29, &lim); err != ErrHeadTooLarge {
		t.Errorf("30 bytes: error %v", err)
	}
}

func TestTargetOfExactlyTheLimitPasses(t *testing.T) {
	const lineEnd = " HTTP/1.1\r\nHost: a\r\n\r\n"
	lim := Limits{HeadBytesMax: 1000, HeaderCountMax: 1, TargetBytesMax: 100}
	longest := "GET /" + strings.Repeat("x", 99)
	var r Request
	if err := Parse([]byte(longest+lineEnd), &r, &lim); err != nil {
		t.Errorf("target of 100 bytes: %v", err)
	}
	if err := Parse([]byte(longest+"x"+lineEnd), &r, &lim); err != ErrTargetTooLong {
		t.Errorf("target of 101 bytes: %v", err)
	}
	// A line with the longest method and target of all still has to get past ScanHead.
	all := strings.Repeat("M", MethodBytesMax) + longest[3:] + lineEnd
	if end, _, err := ScanHead([]byte(all), 0, &lim); end != len(all) || err != nil {
		t.Errorf("longest line of all: end %d, error %v", end, err)
	}
	if _, _, err := ScanHead([]byte(strings.Replace(all, " HTTP", "x HTTP", 1)), 0, &lim); err != ErrTargetTooLong {
		t.Errorf("one byte more: %v", err)
	}
}

func TestScanHeadRefusesAsSoonAsItCanKnow(t *testing.T) {
	lim := Limits{HeadBytesMax: 500, HeaderCountMax: 1, TargetBytesMax: 100}
	lineMax := MethodBytesMax + len(" ") + 100 + len(" HTTP/1.1\r\n")
	for input, want := range map[string]error{
		"\n":                                    ErrBareLF,
		"\r\n\n":                                ErrBareLF,
		"GET / HTTP/1.1\n":                      ErrBareLF,
		"GET / HTTP/1.1\r\nHost: a\n":           ErrBareLF,
		"GET / HTTP/1.1\r\nHost: a\r\n\n":       ErrBareLF,
		"GE\x00":                                ErrNUL,
		strings.Repeat("\r\n", 5):               ErrEmptyLines,
		"GET " + strings.Repeat("x", lineMax-4): ErrTargetTooLong,
		strings.Repeat("x", lineMax):            ErrMethodTooLong,
		strings.Repeat("x\r\n", 500)[:500]:      ErrHeadTooLarge,
	} {
		before := len(input) - 1
		_, next, err := ScanHead([]byte(input[:before]), 0, &lim)
		if err != nil || next != before {
			t.Errorf("%.40q: one byte earlier: next %d, error %v", input, next, err)
		}
		if _, _, err = ScanHead([]byte(input), next, &lim); err != want {
			t.Errorf("%.40q: error %v, want %v", input, err, want)
		}
	}
}
