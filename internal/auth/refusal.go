package auth

import (
	"errors"
	"fmt"
	"strconv"
)

// Reason is why a token is refused.
type Reason uint8

const (
	// ReasonMissing: there is no token.
	ReasonMissing Reason = iota
	// ReasonMalformed: it is too long, or not three parts of base64url.
	ReasonMalformed
	// ReasonHeader: its header is no JSON object that we understand.
	ReasonHeader
	// ReasonAlgorithm: it is signed in a way that we or its key do not allow, or not at all.
	ReasonAlgorithm
	// ReasonKey: it is signed with a key that is not among ours.
	ReasonKey
	// ReasonSignature: it was not signed with the key, or changed afterwards.
	ReasonSignature
	// ReasonClaims: a claim has the wrong type, stands there twice or is out of its bounds.
	ReasonClaims
	// ReasonExpired: its time is over.
	ReasonExpired
	// ReasonEarly: its time has not begun.
	ReasonEarly
	// ReasonAudience: it is for another service.
	ReasonAudience
	// ReasonIssuer: it is by somebody else.
	ReasonIssuer

	// Reasons is their number.
	Reasons = ReasonIssuer + 1
)

var reasonNames = [Reasons]string{
	"missing", "malformed", "header", "algorithm", "key", "signature", "claims", "expired", "early", "audience", "issuer",
}

// String is the name of r in metrics.
func (r Reason) String() string { return reasonNames[r] }

// ErrKeyPending is returned when a token names a key that is not known, but may be in the key set that is
// being fetched: try again in a second. It is no verdict.
var ErrKeyPending = errors.New("auth: the key of the token may be in a key set that is being fetched")

// Refusal is the error for a token that is not good. It is never changed once made.
type Refusal struct {
	Reason Reason
	// Detail is for the operator: it says what was found and what was expected, but nothing secret.
	Detail string
}

func (r *Refusal) Error() string {
	return "auth: token refused (" + r.Reason.String() + "): " + r.Detail
}

// ForClient is all that whoever sent the token is told: it must not help to forge one.
func (r *Refusal) ForClient() string {
	switch r.Reason {
	case ReasonMissing:
		return "token missing"
	case ReasonExpired:
		return "token expired"
	}
	return "token not accepted"
}

// refuse makes a Refusal.
func refuse(reason Reason, format string, args ...any) error {
	return &Refusal{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

// quote shows text of a token, shortened and without control characters.
func quote(s string) string {
	const shownBytes = 60
	if len(s) > shownBytes {
		s = s[:shownBytes] + "..."
	}
	return strconv.Quote(s)
}
