package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"sync/atomic"
	"time"
)

const (
	// CacheMaxDefault is how many good tokens are remembered unless said otherwise.
	CacheMaxDefault = 1 << 16
	// refusedShare is how many good verdicts there is room for, for each bad one.
	refusedShare = 4
	// refusedTTL is how long a refusal is remembered: long enough for a client in a loop, and short
	// enough that nothing that has been put right stays refused.
	refusedTTL = 10 * time.Second
	// keysMax bounds the keys that are given; those of a key set come on top.
	keysMax = 64
)

// forever is when a verdict ends that is good as long as there is room for it: the last time that nanoseconds
// can count, in the year 2262.
var forever = time.Unix(0, math.MaxInt64)

// Options say which tokens are good.
type Options struct {
	// Keys are those that do not change.
	Keys []Key
	// JWKSURL is where more keys are fetched from, every JWKSRefresh; "" for nowhere. Run does that.
	JWKSURL     string
	JWKSRefresh time.Duration
	// Audience and Issuer have to be in a token; "" leaves that open.
	Audience, Issuer string
	// Leeway is how far the clock of the signer may be from ours.
	Leeway time.Duration
	// CacheMax is how many good tokens are remembered; 0 is CacheMaxDefault, less than 0 none. Each takes
	// about 150 bytes and what its grant holds.
	CacheMax int
	// Transport is for requests to JWKSURL; nil is an ordinary one.
	Transport http.RoundTripper
	// Log is told what happens to the key set, on the goroutine of Run; nil for nobody. Verify never
	// calls it.
	Log func(text string)
}

// Checker tells good tokens from bad ones. Its methods are safe for concurrent use.
type Checker struct {
	Counters Counters

	// Set before use, never changed.
	options   Options
	refresher *refresher // nil without a key set

	keys     atomic.Pointer[keyring]
	accepted *cache[verdict]
	refused  *cache[verdict]
}

// verdict is what was found about a token: either grant or err.
type verdict struct {
	grant      *Grant
	err        *Refusal
	generation uint64 // of the keys that it was found with
}

// New makes a Checker. The error is for options with which no token could ever be good.
func New(o Options) (*Checker, error) {
	switch {
	case len(o.Keys) == 0 && o.JWKSURL == "":
		return nil, errors.New("auth: there is no key")
	case len(o.Keys) > keysMax:
		return nil, fmt.Errorf("auth: %d keys, at most %d are possible", len(o.Keys), keysMax)
	case slices.ContainsFunc(o.Keys, func(k Key) bool { return k.method == nil }):
		return nil, errors.New("auth: a key is empty")
	case o.JWKSURL != "" && o.JWKSRefresh <= 0:
		return nil, errors.New("auth: no time after which the key set is fetched again")
	}
	if o.Log == nil {
		o.Log = func(string) {}
	}
	if o.CacheMax == 0 {
		o.CacheMax = CacheMaxDefault
	}
	cached := max(o.CacheMax, 0)
	c := &Checker{options: o, accepted: newCache[verdict](cached), refused: newCache[verdict](cached / refusedShare)}
	c.keys.Store(&keyring{keys: o.Keys})
	if o.JWKSURL != "" {
		c.refresher = newRefresher(&c.options, &c.Counters, c.take)
	}
	return c, nil
}

// take replaces the keys of the key set. Verdicts found with the old ones do not count any more.
func (c *Checker) take(fetched []Key) {
	old := c.keys.Load()
	keys := append(append(make([]Key, 0, len(c.options.Keys)+len(fetched)), c.options.Keys...), fetched...)
	c.keys.Store(&keyring{keys: keys, generation: old.generation + 1})
}

// Run keeps the key set current until ctx ends. Without a key set it only waits for that. It is called once.
func (c *Checker) Run(ctx context.Context) {
	if c.refresher == nil {
		<-ctx.Done()
		return
	}
	c.refresher.run(ctx)
}

// Refresh fetches the key set once and waits for it; it does nothing without one. It is for those who do not
// call Run.
func (c *Checker) Refresh(ctx context.Context) error {
	if c.refresher == nil {
		return nil
	}
	defer c.refresher.client.CloseIdleConnections()
	return c.refresher.refresh(ctx)
}

// Verify tells what a token allows at a time. It keeps nothing of raw.
//
// The error is a [*Refusal], or [ErrKeyPending] if that cannot be told yet. The grant is shared by all who
// bring the same token, and ends by itself at its time, which whoever keeps it has to look at.
//
// It never waits and may be called on a loop. A token whose verdict is known costs about half a microsecond
// and no allocation, any other up to 100 µs for each key that may have signed it.
func (c *Checker) Verify(now time.Time, raw []byte) (*Grant, error) {
	if len(raw) > TokenBytesMax {
		return c.count(c.examine(now, raw))
	}
	keys := c.keys.Load()
	key := digest(sha256.Sum256(raw))
	if v, ok := c.known(&key, now, keys.generation); ok {
		c.Counters.Hits.Add(1)
		if v.err != nil {
			c.Counters.Refused[v.err.Reason].Add(1)
			return nil, v.err
		}
		c.Counters.Accepted.Add(1)
		return v.grant, nil
	}
	c.Counters.Misses.Add(1)
	e := examination{checker: c, keys: keys, now: now, raw: raw}
	err := e.run()
	c.remember(&key, &e, err)
	return c.count(e.grant, err)
}

// examine looks at a token without the caches.
func (c *Checker) examine(now time.Time, raw []byte) (*Grant, error) {
	e := examination{checker: c, keys: c.keys.Load(), now: now, raw: raw}
	err := e.run()
	return e.grant, err
}

// known looks a verdict up that was found with the keys of a generation.
func (c *Checker) known(key *digest, now time.Time, generation uint64) (verdict, bool) {
	for _, cache := range [...]*cache[verdict]{c.accepted, c.refused} {
		if v, ok := cache.get(key, now); ok && v.generation == generation {
			return v, true
		}
	}
	return verdict{}, false
}

// remember keeps a verdict for as long as it is sure to hold.
func (c *Checker) remember(key *digest, e *examination, err error) {
	v := verdict{grant: e.grant, generation: e.keys.generation}
	if err == nil {
		until := e.grant.Expires
		if until.IsZero() || until.After(forever) {
			until = forever
		}
		c.accepted.put(key, v, until)
		return
	}
	if !errors.As(err, &v.err) {
		return // it is no verdict
	}
	until := e.now.Add(refusedTTL)
	if begin := e.begins(); v.err.Reason == ReasonEarly && begin.Before(until) {
		until = begin
	}
	c.refused.put(key, v, until)
}

// count counts a verdict that was not known.
func (c *Checker) count(grant *Grant, err error) (*Grant, error) {
	var refusal *Refusal
	switch {
	case err == nil:
		c.Counters.Accepted.Add(1)
	case errors.As(err, &refusal):
		c.Counters.Refused[refusal.Reason].Add(1)
	default:
		c.Counters.Pending.Add(1)
	}
	return grant, err
}
