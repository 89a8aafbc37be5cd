package ws

// What permessage-deflate offers may hold, RFC 7692 7.1, as bits of what an offer has named.
const (
	serverNoContext = 1 << iota
	clientNoContext
	serverWindow
	clientWindow
)

// offer is one element of Sec-WebSocket-Extensions.
type offer struct {
	deflate bool // it is permessage-deflate, and can be taken
	named   uint8
}

// negotiate goes through Sec-WebSocket-Extensions in the order of the client's preference and returns the first offer
// that can be taken; its deflate is false if there is none. ok is false if the value is malformed, in which case the
// handshake must fail (RFC 6455 9.1).
func negotiate(value []byte) (taken offer, ok bool) {
	for c := (cursor{value}); c.element(); {
		o, ok := c.offer()
		if !ok || !c.ended() {
			return offer{}, false
		}
		if !taken.deflate {
			taken = o
		}
	}
	return taken, true
}

// offer reads token *( ";" token [ "=" ( token | quoted-string ) ] ), RFC 6455 9.1.
func (c *cursor) offer() (o offer, ok bool) {
	name := c.token()
	if len(name) == 0 {
		return o, false
	}
	o.deflate = string(name) == "permessage-deflate"
	for c.eat(';') {
		name := c.token()
		if len(name) == 0 {
			return o, false
		}
		var value []byte
		if c.eat('=') {
			if value = c.token(); len(value) == 0 {
				if value, ok = c.quoted(); !ok {
					return o, false
				}
			}
		}
		o.parameter(string(name), string(value))
	}
	return o, true
}

// parameter takes one parameter into account; value is empty if there is none. An offer with a parameter that is
// unknown, repeated, or has a value that it must not have, is declined (RFC 7692 7.1).
func (o *offer) parameter(name, value string) {
	switch name {
	case "server_no_context_takeover":
		o.name(serverNoContext, value == "")
	case "client_no_context_takeover":
		o.name(clientNoContext, value == "")
	case "server_max_window_bits":
		// compress/flate has a window of 15 bits, so a smaller one cannot be promised.
		o.name(serverWindow, value == "15")
	case "client_max_window_bits":
		// Whatever the client does with it, we can read it.
		o.name(clientWindow, value == "" || isWindow(value))
	default:
		o.deflate = false
	}
}

func (o *offer) name(bit uint8, good bool) {
	if !good || o.named&bit != 0 {
		o.deflate = false
	}
	o.named |= bit
}

// isWindow tells whether s is a number of bits from 8 to 15.
func isWindow(s string) bool {
	switch s {
	case "8", "9", "10", "11", "12", "13", "14", "15":
		return true
	}
	return false
}
