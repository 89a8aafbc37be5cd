package icomet

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// explanationBytesMax bounds how much of a refusal's body is kept.
const explanationBytesMax = 512

// web is a server's address and the way to make requests to it. Never changed.
type web struct {
	base   *url.URL
	header http.Header
	client *http.Client
	own    *http.Transport // nil if the client is the application's
}

// newWeb checks an address. Without client it makes one of its own.
func newWeb(address string, client *http.Client, header http.Header) (web, error) {
	u, err := url.Parse(address)
	if err != nil {
		return web{}, fmt.Errorf("icomet: address: %w", err)
	}
	switch u.Scheme {
	case "ws":
		u.Scheme = "http"
	case "wss":
		u.Scheme = "https"
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return web{}, fmt.Errorf("icomet: address %q is not like http://host:port", address)
	}
	w := web{base: u, header: header, client: &http.Client{}}
	if client == nil {
		w.own = http.DefaultTransport.(*http.Transport).Clone()
		w.client.Transport = w.own
		return w, nil
	}
	*w.client = *client
	w.client.Timeout = 0 // it would end endless answers
	return w, nil
}

// close gives connections back that are kept alive, if they are the client's own.
func (w web) close() {
	if w.own != nil {
		w.own.CloseIdleConnections()
	}
}

// endpoint is the URL of a path of the server.
func (w web) endpoint(path, query string) string {
	u := w.base.JoinPath(path)
	u.RawQuery = query
	return u.String()
}

// anyStatus is for whoever looks at the status alone.
const anyStatus = 0

// do makes a request. A status other than want is an *Error, and the body is closed then.
func (w web) do(r *http.Request, token string, want int) (*http.Response, error) {
	for name, values := range w.header {
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := w.client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("icomet: %w", err)
	}
	if want != anyStatus && resp.StatusCode != want {
		defer resp.Body.Close()
		return nil, refusalOf(resp)
	}
	return resp, nil
}

// refusalOf is an answer that is not the one that was wanted.
func refusalOf(resp *http.Response) *Error {
	text, err := io.ReadAll(io.LimitReader(resp.Body, explanationBytesMax))
	if err != nil || len(text) == 0 {
		text = []byte(resp.Status)
	}
	return &Error{Code: resp.StatusCode, Text: strings.TrimSpace(string(text)), RetryAfter: retryAfter(resp.Header, time.Now())}
}

// retryAfter reads the header Retry-After: seconds or a date.
func retryAfter(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil && seconds > 0 {
		return time.Duration(min(seconds, int(retryAfterMax/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil && at.After(now) {
		return min(at.Sub(now), retryAfterMax)
	}
	return 0
}

// retryAfterMax bounds what a server may ask for.
const retryAfterMax = 24 * time.Hour

// isUnreachable tells that no connection to the server could be made, whatever is asked of it.
func isUnreachable(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.As(err, &op) && op.Op == "dial" || errors.As(err, &dns)
}
