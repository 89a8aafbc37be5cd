package icomet

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

const (
	// tokenLimit is how long Options.Token may take.
	tokenLimit = 30 * time.Second
	// tokenMargin is how long ahead of its end a token is renewed, unless it lives shortly.
	tokenMargin = time.Minute
)

// token is a JWT and when it ends; the zero time if that is not known.
type token struct {
	text    string
	expires time.Time
}

// newToken asks the application for a token. Without Options.Token there is none.
func (c *Client) newToken(ctx context.Context) (token, error) {
	if c.opts.Token == nil {
		return token{}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, tokenLimit)
	defer cancel()
	text, err := c.opts.Token(ctx)
	if err != nil {
		return token{}, fmt.Errorf("icomet: token: %w", err)
	}
	return token{text, expiry(text)}, nil
}

// expiry is the time of the claim exp. It is read without a check: only the server's opinion counts, and
// this one decides when to renew.
func expiry(jwt string) time.Time {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Exp float64 `json:"exp"`
	}
	if err != nil || json.Unmarshal(text, &claims) != nil || claims.Exp <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(claims.Exp * 1000))
}

// renewIn is how long after now the token should be renewed; false if it does not end.
func (t token) renewIn(now time.Time) (time.Duration, bool) {
	if t.expires.IsZero() {
		return 0, false
	}
	left := t.expires.Sub(now)
	return max(left-min(tokenMargin, left/4), 0), true
}
