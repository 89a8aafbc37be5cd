package ws

// Error is why a connection must be failed (RFC 6455 7.1.7): send a close frame with Code, then close. Nothing that
// comes on the connection afterwards means anything.
type Error struct {
	Code Code
	Text string // what is wrong, in a few words, without bytes of the peer
}

// Error implements error.
func (e *Error) Error() string { return "ws: " + e.Text + " (" + e.Code.String() + ")" }

// What can be wrong besides what ws.CheckHeader finds in a header.
var (
	errLengthNotMinimal = &Error{CloseProtocol, "length takes more bytes than it needs"}
	errLengthTopBit     = &Error{CloseProtocol, "length has more than 63 bits"}
	errCloseShort       = &Error{CloseProtocol, "close frame with half a code"}
	errCloseCode        = &Error{CloseProtocol, "close frame with a code that must not be sent"}
	errCloseReason      = &Error{CloseNotUTF8, "reason of a close frame is not UTF-8"}
	errText             = &Error{CloseNotUTF8, "text message is not UTF-8"}
	errTooLarge         = &Error{CloseTooLarge, "message too large"}
	errDeflate          = &Error{CloseProtocol, "compressed message cannot be decompressed"}
)
