package ws

import (
	"crypto/sha1"
	"encoding/base64"
	"slices"
)

// Request is what the handshake looks at of an HTTP request (RFC 6455 4.2.1).
type Request struct {
	Method []byte
	Minor  int // of HTTP/1
	// Header returns the values of all header lines of that name, joined by ", "; nil if there are none.
	Header func(name string) []byte
}

// Upgrade is what was agreed on.
type Upgrade struct {
	Accept   string // Sec-WebSocket-Accept
	Protocol string // the subprotocol; empty if none was offered
	Deflate  bool   // permessage-deflate, without context takeover in either direction

	window bool // the client wants to be told that our window has 15 bits, RFC 7692 7.1.2.1
}

// Refusal is why a request is not upgraded, as an HTTP answer.
type Refusal struct {
	Status  int
	Text    string // for the body: what is wrong, without bytes of the request
	Headers string // header lines that belong to the status, each with its CRLF
}

// All that Check can refuse.
var (
	refuseMethod     = &Refusal{405, "a WebSocket begins with GET", "Allow: GET\r\n"}
	refuseHTTP10     = &Refusal{505, "a WebSocket needs HTTP/1.1; does a proxy in between speak 1.0?", ""}
	refuseUpgrade    = &Refusal{400, "no Upgrade: websocket; does a proxy in between drop it?", ""}
	refuseConnection = &Refusal{400, "no Connection: Upgrade; does a proxy in between drop it?", ""}
	refuseVersion    = &Refusal{426, "WebSocket version is not 13", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"}
	refuseKey        = &Refusal{400, "Sec-WebSocket-Key is not one key of 16 bytes in base64", ""}
	refuseProtocols  = &Refusal{400, "malformed Sec-WebSocket-Protocol", ""}
	refuseProtocol   = &Refusal{400, "none of the subprotocols offered is spoken here", ""}
	refuseExtensions = &Refusal{400, "malformed Sec-WebSocket-Extensions", ""}
)

// Check tells whether r may be upgraded, and to what; or else why not. protocols are the subprotocols that
// are spoken here: of those that the client offers, the first that is among them is chosen, and a client that offers
// only others is refused.
func Check(r Request, protocols []string) (Upgrade, *Refusal) {
	switch {
	case string(r.Method) != "GET":
		return Upgrade{}, refuseMethod
	case r.Minor < 1:
		return Upgrade{}, refuseHTTP10
	case !lists(r.Header("Upgrade"), "websocket"):
		return Upgrade{}, refuseUpgrade
	case !lists(r.Header("Connection"), "upgrade"):
		return Upgrade{}, refuseConnection
	case string(r.Header("Sec-WebSocket-Version")) != "13":
		return Upgrade{}, refuseVersion
	}
	key := r.Header("Sec-WebSocket-Key")
	if !isKey(key) {
		return Upgrade{}, refuseKey
	}
	protocol, refusal := choose(r.Header("Sec-WebSocket-Protocol"), protocols)
	if refusal != nil {
		return Upgrade{}, refusal
	}
	taken, ok := negotiate(r.Header("Sec-WebSocket-Extensions"))
	if !ok {
		return Upgrade{}, refuseExtensions
	}
	return Upgrade{
		Accept:   Accept(string(key)),
		Protocol: protocol,
		Deflate:  taken.deflate,
		window:   taken.deflate && taken.named&serverWindow != 0,
	}, nil
}

// keyBytes is the length of the nonce that a key encodes, RFC 6455 4.1.
const keyBytes = 16

func isKey(key []byte) bool {
	var nonce [keyBytes + 2]byte // what 24 characters can hold
	if len(key) != base64.StdEncoding.EncodedLen(keyBytes) {
		return false
	}
	n, err := base64.StdEncoding.Decode(nonce[:], key)
	return n == keyBytes && err == nil
}

// Accept is the Sec-WebSocket-Accept that answers a Sec-WebSocket-Key, RFC 6455 4.2.2.
func Accept(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// choose goes through Sec-WebSocket-Protocol (1#token, RFC 6455 11.3.4), which is nil if nothing was offered. Case
// matters.
func choose(value []byte, protocols []string) (string, *Refusal) {
	if value == nil {
		return "", nil
	}
	chosen, offered := "", false
	for c := (cursor{value}); c.element(); {
		t := c.token()
		if len(t) == 0 || !c.ended() {
			return "", refuseProtocols
		}
		offered = true
		if chosen == "" && slices.Contains(protocols, string(t)) {
			chosen = string(t)
		}
	}
	switch {
	case !offered:
		return "", refuseProtocols
	case chosen == "":
		return "", refuseProtocol
	}
	return chosen, nil
}

// AppendUpgrade appends the whole head of the 101 answer. Behind it the connection carries frames.
func AppendUpgrade(dst []byte, u Upgrade) []byte {
	dst = append(dst, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "...)
	dst = append(dst, u.Accept...)
	if u.Protocol != "" {
		dst = append(dst, "\r\nSec-WebSocket-Protocol: "...)
		dst = append(dst, u.Protocol...)
	}
	if u.Deflate {
		dst = append(dst, "\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover"...)
	}
	if u.window {
		dst = append(dst, "; server_max_window_bits=15"...)
	}
	return append(dst, "\r\n\r\n"...)
}
