package http1

import "bytes"

// ScanHead looks for the end of the request head that b begins with, while b may still be growing.
//
// from is 0 for a new head and afterwards the next of the call before, with the same bytes at the front
// of b. end > 0 means that b[:end] is a whole head for Parse, its final empty line included. Otherwise
// the head is not complete: read more and call again with next. All calls for one head together look
// at each byte a fixed number of times, however small the pieces are, and the result does not depend on
// how the bytes were cut.
//
// Empty lines before the request line are part of the head (RFC 9112 2.2). Errors: ErrBareLF, ErrNUL,
// ErrEmptyLines, ErrHeadTooLarge, and for a request line without end ErrTargetTooLong or
// ErrMethodTooLong. What is wrong otherwise is left for Parse.
func ScanHead(b []byte, from int, lim *Limits) (end, next int, err error) {
	start, err := skipEmptyLines(b)
	if err != nil {
		return 0, 0, err
	}
	seen := min(len(b), lim.HeadBytesMax)
	from = max(from, start)
	lineEnd := start + requestLineBytesMax(lim)
	if from < lineEnd && lineEnd <= seen {
		// The one call that passes lineEnd checks that the request line has ended before it.
		if end, err = scanLines(b[:lineEnd], from); end > 0 || err != nil {
			return end, 0, err
		}
		if err = checkLineEnded(b[start:lineEnd]); err != nil {
			return 0, 0, err
		}
		from = lineEnd
	}
	if from < seen {
		if end, err = scanLines(b[:seen], from); end > 0 || err != nil {
			return end, 0, err
		}
	}
	if seen == lim.HeadBytesMax {
		return 0, 0, ErrHeadTooLarge
	}
	return 0, max(seen, start), nil
}

// requestLineBytesMax is the length of the longest request line that Parse could accept, CRLF included.
func requestLineBytesMax(lim *Limits) int {
	return MethodBytesMax + len(" ") + lim.TargetBytesMax + len(" HTTP/1.1\r\n")
}

// checkLineEnded tells what is too long about a request line if it is still without an end.
func checkLineEnded(line []byte) error {
	if bytes.IndexByte(line, '\n') >= 0 {
		return nil
	}
	if bytes.IndexByte(line[:MethodBytesMax+1], ' ') < 0 {
		return ErrMethodTooLong
	}
	return ErrTargetTooLong
}

// skipEmptyLines is the length of the empty lines that b begins with.
func skipEmptyLines(b []byte) (int, error) {
	n := 0
	for len(b) >= n+2 && b[n] == '\r' && b[n+1] == '\n' {
		if n += 2; n > 2*EmptyLinesMax {
			return 0, ErrEmptyLines
		}
	}
	return n, nil
}

// scanLines looks through b[from:] for the LF of an empty line and returns the index behind it, or 0.
func scanLines(b []byte, from int) (end int, err error) {
	for i := from; end == 0; i++ {
		k := bytes.IndexByte(b[i:], '\n')
		if k < 0 {
			break
		}
		i += k
		if i == 0 || b[i-1] != '\r' {
			return 0, ErrBareLF
		}
		if i >= 2 && b[i-2] == '\n' {
			end = i + 1
		}
	}
	checked := b[from:]
	if end > 0 {
		checked = b[from:end]
	}
	if bytes.IndexByte(checked, 0) >= 0 {
		return 0, ErrNUL
	}
	return end, nil
}
