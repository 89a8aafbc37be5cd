package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"
)

// answerBytesMax is how much of an answer is read, so that its connection can be used again.
const answerBytesMax = 64 << 10

// newClient returns a client that has one connection, and follows no redirects: events go where the
// configuration says, or nowhere.
func newClient(timeout time.Duration) *http.Client {
	return &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, MaxIdleConns: 1, IdleConnTimeout: time.Minute,
			TLSHandshakeTimeout: timeout,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// deliver posts a batch until the receiver takes it, or it is given up. It returns false when ctx has ended.
func (h *Hook) deliver(ctx context.Context, b batch) bool {
	text, id := b.encode(h.server)
	for attempt := 1; ; attempt++ {
		err := h.post(ctx, text, id)
		if err == nil {
			h.succeeded(&b)
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		h.failed(err)
		if attempt == h.options.Limits.Attempts {
			h.giveUp(&b)
			return true
		}
		if !h.pause(ctx, attempt) {
			return false
		}
	}
}

func (h *Hook) succeeded(b *batch) {
	h.Counters.Batches.Add(1)
	h.Counters.Delivered.Add(uint64(len(b.events)))
	if h.failing {
		h.failing = false
		h.options.Log("webhook: the receiver works again")
	}
}

func (h *Hook) failed(err error) {
	h.Counters.Failures.Add(1)
	if !h.failing {
		h.failing = true
		h.options.Log("webhook: the receiver fails: " + withoutURL(err).Error())
	}
}

// withoutURL is err without the receiver's URL, in which there can be secrets.
func withoutURL(err error) error {
	if e := (*url.Error)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}

// giveUp drops a batch, of which the next one tells.
func (h *Hook) giveUp(b *batch) {
	h.Counters.Lost.Add(uint64(len(b.events)))
	h.mu.Lock()
	defer h.mu.Unlock()
	h.queue.lost += len(b.events) + b.lost
}

// post is one attempt. Success is any status of 2xx.
func (h *Hook) post(ctx context.Context, body []byte, id string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.options.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", h.options.UserAgent)
	r.Header.Set("Icomet-Delivery", id)
	if h.options.Secret != "" {
		r.Header.Set("Icomet-Signature", sign(h.options.Secret, time.Now(), body))
	}
	answer, err := h.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(answer.Body, answerBytesMax))
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("status %d", answer.StatusCode)
	}
	return err
}

// pause waits ahead of the next attempt, after Close no longer than RetryFirst. It returns false when ctx has
// ended.
func (h *Hook) pause(ctx context.Context, attempt int) bool {
	closing, wait := h.closing, h.backOff(attempt)
	select {
	case <-closing:
		closing, wait = nil, h.backOff(1)
	default:
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-closing:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// backOff is a random pause from half of its length to all of it, so that receivers that have failed together
// are not asked together.
func (h *Hook) backOff(attempt int) time.Duration {
	l := &h.options.Limits
	d := l.RetryMax
	if shift := attempt - 1; shift < 32 && l.RetryFirst<<shift < d {
		d = l.RetryFirst << shift
	}
	return d/2 + rand.N(d/2+1)
}
