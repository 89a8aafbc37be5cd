package reactor

import "errors"

// event is what a poller reports. A connection is named as by its ID, so that an event that comes late,
// for a descriptor that has been closed and given out again, is known for what it is. Negative numbers
// name the rest: see eventWake and eventListener.
type event struct {
	fd       int32
	serial   uint32
	readable bool
	writable bool
	eof      bool // the peer has finished sending
	broken   bool // nothing goes either way any more
}

// eventWake is the fd of the event that poller.wake causes.
const eventWake int32 = -1

// eventListener is the fd of the events of listener index, and the index for such a number.
func eventListener(index int32) int32 { return -2 - index }

// errAgain is returned by the poller when an operation would block.
var errAgain = errors.New("reactor: would block")
