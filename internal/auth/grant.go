package auth

import "time"

// Grant is what a good token allows its bearer. It is never changed once made, and safe for concurrent use;
// holding it keeps about as many bytes as the token has.
type Grant struct {
	// Client is who the bearer is; "" if the token does not say.
	Client string
	// Info is what the token says about the bearer: a JSON object without spaces of at most
	// [InfoBytesMax] bytes; nil for none.
	Info []byte
	// Expires is when the grant ends: the time in the token and the leeway. It is zero if it never does.
	Expires time.Time
	// Subscribe and Publish are the channels. A token without the claim allows none.
	Subscribe, Publish Patterns
}

// MaySubscribe tells whether the bearer may read a channel. It does not look at Expires.
func (g *Grant) MaySubscribe(channel []byte) bool { return g.Subscribe.Match(channel) }

// MayPublish tells whether the bearer may write to a channel. It does not look at Expires.
func (g *Grant) MayPublish(channel []byte) bool { return g.Publish.Match(channel) }

// Expired tells whether the grant has ended at a time.
func (g *Grant) Expired(now time.Time) bool { return !g.Expires.IsZero() && !now.Before(g.Expires) }
