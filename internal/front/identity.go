package front

import (
	"errors"

	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/hub"
)

// identities are those of the subscribers that have one, by descriptor; they have flagNamed. Others cost
// nothing.
type identities map[int32]hub.Member

// errClient is why a subscription of a client that names itself is refused.
var errClient = errors.New("front: clients may not name themselves")

// identify says who the subscriber s is, which must have no channel so far. Without a client it is nobody.
func (d *Door) identify(s *subscriber, who hub.Member) {
	if who.Client == "" {
		return
	}
	s.flags |= flagNamed
	d.identities[s.fd] = who
}

// forget ends identify, when s has no channel any more.
func (d *Door) forget(s *subscriber) {
	if s.is(flagNamed) {
		delete(d.identities, s.fd)
	}
}

// identified reads who the client of a request is: by its token, or else as it says itself. If it may not say
// so, its channels are refused.
func (d *Door) identified(o *order, client, info []byte) (problem string) {
	if o.grant != nil && o.grant.Client != "" {
		o.identity = memberOf(o.grant)
		return ""
	}
	if len(client) == 0 {
		if len(info) > 0 {
			return "info needs client"
		}
		return ""
	}
	if !d.options.ClientIDs {
		o.refusal = errClient
		for i := range o.wants {
			o.wants[i].refusal = errClient
		}
		return ""
	}
	var err error
	if o.identity, err = delivery.NewMember(string(client), info); err != nil {
		return err.Error()
	}
	return ""
}
