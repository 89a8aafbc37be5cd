package reactor

// Reason says why a connection was closed. Reasons are counted per loop; see [Stats].
type Reason uint8

const (
	// ReasonDone: the server has said all it had to say.
	ReasonDone Reason = iota
	// ReasonPeerClosed: the peer closed or half-closed.
	ReasonPeerClosed
	// ReasonPeerReset: the peer or the network broke the connection.
	ReasonPeerReset
	// ReasonBadRequest: the peer broke the protocol and was told so.
	ReasonBadRequest
	// ReasonRequestTimeout: a request did not arrive in time.
	ReasonRequestTimeout
	// ReasonIdleTimeout: nothing was asked for too long.
	ReasonIdleTimeout
	// ReasonSendTimeout: the peer took nothing of the waiting output for too long.
	ReasonSendTimeout
	// ReasonOutputFull: the peer reads slower than output comes, and its queue was full.
	ReasonOutputFull
	// ReasonInputFull: the peer kept sending where nothing is expected of it.
	ReasonInputFull
	// ReasonRefused: the peer may not use this door.
	ReasonRefused
	// ReasonConnectFailed: a dialled connection did not come about.
	ReasonConnectFailed
	// ReasonShutdown: the server stops.
	ReasonShutdown

	// Reasons is the number of reasons.
	Reasons
)

var reasonNames = [Reasons]string{
	"done", "peer_closed", "peer_reset", "bad_request", "request_timeout", "idle_timeout",
	"send_timeout", "output_full", "input_full", "refused", "connect_failed", "shutdown",
}

// String is the reason as it appears in metrics and logs.
func (r Reason) String() string { return reasonNames[r] }
