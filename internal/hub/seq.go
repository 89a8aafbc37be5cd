package hub

import "math"

// WireSeq is the number that clients see. Inside, numbers never wrap; on the wire they are 32 bits
// and go from 2147483647 to -2147483648.
func WireSeq(seq int64) int32 { return int32(seq) }

// isFuture tells whether wire, a number that a client asks to go on from, is above the channel's
// next number.
//
// While next fits in 32 bits the two are simply compared, so a negative number asks for everything.
// After the wrap, the client's number is the one of those with the same 32 bits that is nearest to next.
func isFuture(wire int32, next int64) bool { return unwrap(wire, next) > next }

// unwrap widens a client's number to what it means when the channel's next number is next.
func unwrap(wire int32, next int64) int64 {
	if next <= math.MaxInt32 {
		return int64(wire)
	}
	return next + int64(wire-WireSeq(next))
}
