package reactor

import "net/netip"

// Handler is what a door does with its connections on one loop. All methods run on that loop's
// goroutine, one at a time, and must not block; see the package comment for what else they must not do.
type Handler interface {
	// Open is called once for every connection, before anything else. peer is the zero value
	// unless the door asked for it (Door.WantPeer) or the connection was dialled. A dialled connection
	// that does not come about is never opened; see Loop.Dial.
	Open(c Conn, peer netip.AddrPort)

	// Data is called with everything received and not used so far. It returns how many bytes it
	// has used up; the loop keeps the rest and offers it again, with more behind it, when more
	// arrives or after Conn.Resume. in is only good until Data returns.
	//
	// While Door.InputBytesMax or more stay unused the loop reads no further: the peer waits, until the
	// handler calls Conn.Resume and uses some.
	Data(c Conn, in []byte) (used int)

	// EOF is called when the peer has finished sending, behind all of its input: no new bytes come
	// after it. If the handler has left bytes over and asked for them with Conn.Resume, Data comes first; if it
	// has not, it can still do so later. The peer may still read. A handler that has nothing
	// more to say closes the connection.
	EOF(c Conn)

	// Drained is called when output that had to wait has all gone out.
	Drained(c Conn)

	// Expired is called when the deadline set by Conn.SetDeadline has passed.
	Expired(c Conn, class Class)

	// Closed is the last call for a connection: after it the handler must forget it. It comes from
	// within Conn.Close too.
	Closed(c Conn, reason Reason)

	// Mail is called for each piece of mail posted to the loop for this door, in the order of posting.
	Mail(m Mail)

	// Turn is called at the end of each turn of the loop in which the door had mail, so that what
	// the mail asked for can be done in one go.
	Turn()
}

// Mail is what other goroutines send to a door's handler on a loop. What Key and Value mean is the
// door's business.
type Mail struct {
	Key   uint64
	Value any
	door  uint8
}

// ID names a connection for goroutines other than its loop's. It never names a later connection that
// happens to get the same descriptor, unless thousands of millions came in between.
type ID struct {
	fd     int32
	serial uint32
}
