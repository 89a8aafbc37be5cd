package front

import (
	"errors"

	"github.com/icomet/icomet/internal/auth"
	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/httploop"
)

// Access says who may come, and to which channels, beside the tokens of the hub.
type Access struct {
	// Checker knows good signed tokens; nil where none are asked for.
	Checker *auth.Checker
	// Hook asks the application about each subscription; nil for not.
	Hook *auth.Hook
	// Origins are the pages whose scripts may come.
	Origins *auth.Origins
	// Patterns are those that clients of v1 may subscribe, and all that are narrower.
	Patterns auth.Patterns
	// Publish are the channels that anybody may publish to by WebSocket.
	Publish auth.Patterns
	// PublishBytesMax bounds what anybody publishes; 0 leaves it at what fits in a command.
	PublishBytesMax int
}

// accessError is why somebody may not do something, as clients are told.
type accessError struct {
	code int
	text string
}

func (e *accessError) Error() string { return "front: " + e.text }

var errNotPermitted = &accessError{codeForbidden, "not permitted"}

// refusedToken is a verdict on a token as the client is told.
func refusedToken(err error) *accessError {
	var r *auth.Refusal
	if errors.As(err, &r) {
		return &accessError{codeToken, r.ForClient()}
	}
	return &accessError{codeOverloaded, "the token cannot be checked at the moment; try again"}
}

// verify tells what a token allows.
func (d *Door) verify(token []byte) (*auth.Grant, error) {
	grant, err := d.options.Access.Checker.Verify(d.loop.Now(), token)
	if err != nil {
		return nil, refusedToken(err)
	}
	return grant, nil
}

// admits answers a page that may not come, and tells whether it may.
func (d *Door) admits(x *httploop.Exchange) bool {
	if d.options.Access.Origins.Allowed(x.Request.Header("Origin")) {
		return true
	}
	d.Counters.WrongOrigin.Add(1)
	x.Status(403)
	x.Header("Content-Type", "text/plain; charset=utf-8")
	x.Lines(httploop.NoSniff)
	x.End("pages of this origin may not subscribe here\n")
	return false
}

// bearer is the token of the header Authorization (RFC 6750 section 2.1), nil if there is none.
func bearer(x *httploop.Exchange) []byte {
	const scheme = "Bearer "
	value := x.Request.Header("Authorization")
	if len(value) <= len(scheme) || string(value[:len(scheme)]) != scheme {
		return nil
	}
	return value[len(scheme):]
}

// authorize looks at the signed tokens of a request, where such are asked for. A token ahead of the channels,
// or in the header, is that of the connection: it says who the client is, and holds for every channel that
// has none of its own.
func (d *Door) authorize(o *order) {
	if d.options.Access.Checker == nil {
		return
	}
	var connection *auth.Grant
	var refusal error
	if len(o.token) > 0 {
		connection, refusal = d.verify(o.token)
		o.refusal = refusal
	}
	o.grant = connection
	for i := range o.wants {
		w := &o.wants[i]
		w.refusal = d.permit(w, connection, refusal)
		if o.grant == nil && w.refusal == nil {
			o.grant = w.grant
		}
	}
}

// permit tells why w is refused, nil if it is not; of a pattern each channel is looked at when it comes. grant, or
// else refusal, is about the connection's token.
func (d *Door) permit(w *want, grant *auth.Grant, refusal error) error {
	if len(w.token) > 0 || grant == nil && refusal == nil {
		grant, refusal = d.verify(w.token)
	}
	if refusal != nil {
		return refusal
	}
	if !w.pattern && !grant.MaySubscribe(w.name) {
		return errNotPermitted
	}
	w.grant = grant
	return nil
}

// question is what the application is asked about a channel.
func question(kind delivery.Kind, channel []byte, grant *auth.Grant, client, info, origin string) auth.Question {
	q := auth.Question{Channel: string(channel), Kind: kind.String(), Origin: origin, Client: client, Info: []byte(info)}
	if grant != nil && grant.Client != "" {
		q.Client, q.Info = grant.Client, grant.Info
	}
	return q
}

// refusedBy is a verdict of the application as the client is told, nil if it allows.
func refusedBy(v auth.Verdict) error {
	switch {
	case v.Allow:
		return nil
	case v.Failed:
		return &accessError{codeOverloaded, "the application cannot be asked at the moment; try again"}
	case v.Reason != "":
		return &accessError{codeForbidden, v.Reason}
	}
	return errNotPermitted
}
