package http1

import "time"

// Date is a Date header line that is formatted at most once a second. The zero value is ready. It is not
// safe for concurrent use: each loop has its own.
type Date struct {
	line   []byte // empty until first used
	second int64
}

// Append appends the Date line for a time in seconds since 1970, RFC 9110 5.6.7.
func (d *Date) Append(dst []byte, unix int64) []byte {
	if len(d.line) == 0 || d.second != unix {
		d.second = unix
		d.line = time.Unix(unix, 0).UTC().AppendFormat(d.line[:0], "Date: Mon, 02 Jan 2006 15:04:05 GMT\r\n")
	}
	return append(dst, d.line...)
}
