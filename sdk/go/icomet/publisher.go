package icomet

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

const (
	// keyBytes is how random a key is that was made here.
	keyBytes = 16
	// retryFor is how long a publication is repeated. The server remembers its key for five minutes; a
	// repetition after that could be a second message.
	retryFor = 4 * time.Minute
	// answerBytesMax bounds the answer of the admin port.
	answerBytesMax = 16 << 20
)

// PublisherOptions say how a publisher works. The zero value is good.
type PublisherOptions struct {
	// HTTPClient makes the requests; its Timeout is not used. Default: one of the publisher's own.
	HTTPClient *http.Client
	// Header is added to every request.
	Header http.Header
	// Timeout bounds one try. Default: 10 s.
	Timeout time.Duration
	// BackoffFirst and BackoffMax are the first and the longest wait ahead of another try.
	// Default: 100 ms and 5 s.
	BackoffFirst, BackoffMax time.Duration
}

// Publisher publishes by a server's admin port. Safe for concurrent use.
//
// A publication is repeated when the server is busy (503, 429) or cannot be reached, after a growing
// wait and not before the server's Retry-After, until its context is done, or four minutes. That is safe
// because each has an idempotency key.
type Publisher struct {
	web  web
	opts PublisherOptions
}

// NewPublisher makes a publisher for the server whose admin port is at adminURL.
func NewPublisher(adminURL string, opts PublisherOptions) (*Publisher, error) {
	w, err := newWeb(adminURL, opts.HTTPClient, opts.Header)
	if err != nil {
		return nil, err
	}
	orElse(&opts.Timeout, 10*time.Second)
	orElse(&opts.BackoffFirst, 100*time.Millisecond)
	orElse(&opts.BackoffMax, 5*time.Second)
	return &Publisher{web: w, opts: opts}, nil
}

// Close gives connections back that are kept alive. What is being published is not affected.
func (p *Publisher) Close() { p.web.close() }

// Publish publishes one message on one channel. An error is an *Error if the server refused it, the error
// of ctx, or what kept the request from being answered; except for a refusal it is not known then whether
// the message was published, and it can be published again with the same Key.
func (p *Publisher) Publish(ctx context.Context, channel string, payload Payload, opts ...PublishOption) (Receipt, error) {
	publication := Publication{Channel: channel, Payload: payload}
	for _, opt := range opts {
		opt(&publication)
	}
	results, err := p.PublishBatch(ctx, []Publication{publication})
	if err == nil {
		err = results[0].Err
	}
	if err != nil {
		return Receipt{}, err
	}
	if len(results[0].Receipts) != 1 {
		return Receipt{}, fmt.Errorf("%w: %d receipts for a channel", errBadMessage, len(results[0].Receipts))
	}
	return results[0].Receipts[0], nil
}

// PublishBatch publishes several messages in one request, which the server takes up to a bound
// (admin.body_bytes, 1 MB unless configured). There is a result for each, in the same order. One that is
// refused does not keep the others from being published. Only those that found the server busy are sent
// again, so they may be published after later ones.
//
// The error is why some were not answered at all; it is the Err of their results, too.
func (p *Publisher) PublishBatch(ctx context.Context, batch []Publication) ([]Result, error) {
	items := make([]*item, len(batch))
	for i, publication := range batch {
		made, err := newItem(publication)
		if err != nil {
			made = new(item)
			made.finish(Result{Err: err})
		}
		items[i] = made
	}
	err := p.send(ctx, items)
	results := make([]Result, len(items))
	for i, item := range items {
		results[i] = item.result
	}
	return results, err
}

// send publishes items until all are done.
func (p *Publisher) send(ctx context.Context, items []*item) error {
	retry := backoff{first: p.opts.BackoffFirst, most: p.opts.BackoffMax}
	end := time.Now().Add(retryFor)
	for {
		left := slices.DeleteFunc(slices.Clone(items), func(i *item) bool { return i.done })
		if len(left) == 0 {
			return nil
		}
		busy, err := p.try(ctx, left)
		why := err
		if err == nil {
			why = busy
		}
		if why == nil {
			return nil
		}
		pause := retry.next()
		if e := (*Error)(nil); errors.As(why, &e) {
			pause = max(pause, e.RetryAfter)
		}
		if !isTemporary(ctx, why) || time.Now().Add(pause).After(end) {
			return fail(left, err)
		}
		if wait(ctx, pause) != nil {
			return fail(left, fmt.Errorf("%w: %w", ctx.Err(), why))
		}
	}
}

// fail finishes what is left with err; without, the server's word stands, that it was busy.
func fail(left []*item, err error) error {
	for _, i := range left {
		if !i.done && err != nil {
			i.finish(Result{Err: err})
		}
	}
	return err
}

// isTemporary tells whether to try again.
func isTemporary(ctx context.Context, err error) bool {
	var e *Error
	switch {
	case ctx.Err() != nil || errors.Is(err, errBadMessage):
		return false
	case errors.As(err, &e):
		return isBusy(e.Code)
	}
	return true
}

func isBusy(code int) bool {
	return code == codeOverloaded || code == codeTooMany || code == http.StatusBadGateway || code == http.StatusGatewayTimeout
}

// try sends items once. busy is why some of them are to be sent again; err, why all are.
func (p *Publisher) try(ctx context.Context, items []*item) (busy, err error) {
	bodies := make([]json.RawMessage, len(items))
	for i, item := range items {
		bodies[i] = item.body
	}
	answers, retryAfter, err := p.post(ctx, bodies)
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, err
	}
	for i, answer := range answers {
		r := answer.result()
		e, refused := r.Err.(*Error)
		if refused && isBusy(e.Code) {
			e.RetryAfter = retryAfter
			items[i].result, busy = r, e
			continue
		}
		items[i].finish(r)
	}
	return busy, nil
}

// itemAnswer is the server's answer to one publication.
type itemAnswer struct {
	Results []Receipt `json:"results"`
	Error   *struct {
		Code int    `json:"code"`
		Text string `json:"text"`
	} `json:"error"`
}

func (a itemAnswer) result() Result {
	if a.Error != nil {
		return Result{Err: &Error{Code: a.Error.Code, Text: a.Error.Text}}
	}
	return Result{Receipts: a.Results}
}

// post makes the request. An error is about all of it.
func (p *Publisher) post(ctx context.Context, bodies []json.RawMessage) ([]itemAnswer, time.Duration, error) {
	body := slices.Concat([]byte("["), bytes.Join(rawBytes(bodies), []byte(",")), []byte("]"))
	ctx, cancel := context.WithTimeout(ctx, p.opts.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.web.endpoint("v1/publish", ""), bytes.NewReader(body))
	if err != nil {
		return nil, 0, fmt.Errorf("icomet: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	status, text, header, err := p.fetch(r)
	if err != nil {
		return nil, 0, err
	}
	after := retryAfter(header, time.Now())
	var answers []itemAnswer
	if json.Unmarshal(text, &answers) == nil {
		if len(answers) != len(bodies) {
			return nil, 0, fmt.Errorf("%w: %d answers to %d publications", errBadMessage, len(answers), len(bodies))
		}
		return answers, after, nil
	}
	return nil, 0, refusalIn(status, text, after)
}

func rawBytes(bodies []json.RawMessage) [][]byte {
	all := make([][]byte, len(bodies))
	for i, b := range bodies {
		all[i] = b
	}
	return all
}

// fetch makes a request and reads the whole answer, whatever its status.
func (p *Publisher) fetch(r *http.Request) (status int, text []byte, header http.Header, err error) {
	resp, err := p.web.do(r, "", anyStatus)
	if err != nil {
		return 0, nil, nil, err
	}
	defer resp.Body.Close()
	text, err = io.ReadAll(io.LimitReader(resp.Body, answerBytesMax))
	if err != nil {
		return 0, nil, nil, fmt.Errorf("icomet: %w", err)
	}
	return resp.StatusCode, text, resp.Header, nil
}

// refusalIn is the error of an answer that is about the whole request.
func refusalIn(status int, text []byte, after time.Duration) error {
	var whole itemAnswer
	if json.Unmarshal(text, &whole) == nil && whole.Error != nil {
		return &Error{Code: whole.Error.Code, Text: whole.Error.Text, RetryAfter: after}
	}
	if status == http.StatusOK {
		return fmt.Errorf("%w: unexpected answer", errBadMessage)
	}
	text = text[:min(len(text), explanationBytesMax)]
	return &Error{Code: status, Text: string(bytes.TrimSpace(text)), RetryAfter: after}
}

// newKey is a random idempotency key.
func newKey() string { return base64.RawURLEncoding.EncodeToString(randomBytes(keyBytes)) }
