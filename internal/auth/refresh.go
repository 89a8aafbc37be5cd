package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

const (
	// earlyInterval is the shortest time between a refresh and one that an unknown key has asked for.
	earlyInterval = 10 * time.Second
	// retryInterval is how long after a failure the key set is fetched again; it doubles with each failure
	// up to the ordinary interval.
	retryInterval = 10 * time.Second
	// fetchTimeout bounds one fetch, fetchBytesMax its answer, and redirectsMax the way to it.
	fetchTimeout  = 10 * time.Second
	fetchBytesMax = 256 << 10
	redirectsMax  = 3
)

// What the refresher is doing, as far as Verify has to know.
const (
	stateFetching int32 = iota // or about to
	stateCooling               // it has just been done: nobody may ask for it again
	stateReady                 // it may be asked for
)

// refresher fetches the key set of a URL on the goroutine that runs it.
type refresher struct {
	// Set before use, never changed.
	url      string
	name     string // the URL without a password, for messages
	interval time.Duration
	client   *http.Client
	wake     chan struct{}
	log      func(text string)
	counters *Counters
	// take is handed the keys of a set that differs from the last one.
	take func(keys []Key)

	state  atomic.Int32
	failed atomic.Bool // the last fetch

	// Owned by the goroutine that refreshes.
	last     [sha256.Size]byte // digest of the last good answer
	failures int               // in a row
}

func newRefresher(o *Options, counters *Counters, take func([]Key)) *refresher {
	return &refresher{
		url: o.JWKSURL, name: redacted(o.JWKSURL), interval: o.JWKSRefresh, client: newClient(o.Transport, followRedirects),
		wake: make(chan struct{}, 1), log: o.Log, counters: counters, take: take,
	}
}

// unknown is the error for a token whose key is not known. It never waits: it asks the goroutine for an early
// refresh if that may be, and says whether the key may come.
func (r *refresher) unknown(refusal error) error {
	if r == nil {
		return refusal
	}
	if r.state.CompareAndSwap(stateReady, stateFetching) {
		select {
		case r.wake <- struct{}{}:
		default:
		}
		return ErrKeyPending // also if the refresh is done by now: the token has not been looked at since
	}
	if r.state.Load() == stateFetching || r.failed.Load() {
		return ErrKeyPending
	}
	return refusal
}

// run fetches the key set now, then every interval and when it is asked for, until ctx ends.
func (r *refresher) run(ctx context.Context) {
	defer r.client.CloseIdleConnections()
	for ctx.Err() == nil {
		err := r.refresh(ctx)
		if err != nil && ctx.Err() == nil && r.failures == 1 {
			r.log(err.Error())
		}
		r.pause(ctx, r.wait())
	}
}

// wait is how long to wait after the last refresh.
func (r *refresher) wait() time.Duration {
	if r.failures == 0 {
		return r.interval
	}
	return min(r.interval, retryInterval<<min(r.failures-1, 10))
}

// pause waits for the next refresh, and lets tokens ask for one when the last is long enough ago.
func (r *refresher) pause(ctx context.Context, wait time.Duration) {
	next, cool := time.NewTimer(wait), time.NewTimer(earlyInterval)
	defer next.Stop()
	defer cool.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
			r.state.Store(stateFetching)
			return
		case <-r.wake:
			if r.state.Load() == stateFetching { // else it was sent late, and has been served
				return
			}
		case <-cool.C:
			r.state.Store(stateReady)
		}
	}
}

// refresh fetches the key set once. After a failure the keys that are there stay.
func (r *refresher) refresh(ctx context.Context) error {
	err := r.fetch(ctx)
	if err == nil {
		r.failures = 0
		r.counters.Refreshes.Add(1)
	} else {
		r.failures++
		r.counters.RefreshFailures.Add(1)
		err = fmt.Errorf("key set of %s: %w", r.name, err)
	}
	r.failed.Store(err != nil)
	r.state.Store(stateCooling)
	return err
}

func (r *refresher) fetch(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	body, err := answerOf(r.client, request, fetchBytesMax)
	if err != nil {
		return err
	}
	digest := sha256.Sum256(body)
	if digest == r.last {
		return nil
	}
	keys, skipped, err := parseKeySet(body, r.name)
	if err != nil {
		return err
	}
	if len(skipped) > 0 {
		r.log(fmt.Sprintf("key set of %s: %d keys are not used%s", r.name, len(skipped), joined(skipped)))
	}
	r.take(keys)
	r.last = digest
	return nil
}

// answerOf sends a request and returns the body of its answer, which has to be 200 and of at most max bytes.
func answerOf(client *http.Client, request *http.Request, max int64) ([]byte, error) {
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the answer is %s, expected 200", answer.Status)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, max+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > max {
		return nil, fmt.Errorf("the answer has more than %d bytes", max)
	}
	return body, nil
}

// newClient makes a client with connections of its own; transport is nil but in tests.
func newClient(transport http.RoundTripper, redirect func(*http.Request, []*http.Request) error) *http.Client {
	if transport == nil {
		own := http.DefaultTransport.(*http.Transport).Clone()
		own.MaxResponseHeaderBytes = 64 << 10
		transport = own
	}
	return &http.Client{Transport: transport, CheckRedirect: redirect}
}

// redacted is a URL without its password.
func redacted(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "a URL that cannot be read"
	}
	return u.Redacted()
}

// followRedirects lets a key set be elsewhere, but not without TLS if its URL has it.
func followRedirects(next *http.Request, via []*http.Request) error {
	if len(via) > redirectsMax {
		return fmt.Errorf("more than %d redirects", redirectsMax)
	}
	if via[0].URL.Scheme == "https" && next.URL.Scheme != "https" {
		return errors.New("a redirect leads away from https")
	}
	return nil
}
