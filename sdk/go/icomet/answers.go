package icomet

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// pollBytesMax bounds the answer to a poll. What is beyond comes with the next one.
const pollBytesMax = 4 * messageBytesMax

// answers is the link over plain HTTP: answers of /stream, or one after another of /sub. The channels are
// part of the request, so a change of them needs a new one.
type answers struct {
	session *session

	// Of the goroutine that reads.
	queued  []*envelope // what is read ahead of the next answer
	request string      // form of the request to make, if there is no answer to read from
	body    io.ReadCloser
	next    func() (*envelope, error) // the next message in body; io.EOF at its end
	empty   bool                      // no message came in body so far
	greeted bool                      // Poll: there was an answer

	mu     sync.Mutex
	token  token
	stale  bool               // the request does not ask for what is wanted any more
	cancel context.CancelFunc // ends the request under way
}

func newAnswers(s *session, t token) *answers {
	return &answers{session: s, token: t, cancel: func() {}}
}

func (a *answers) read() (*envelope, error) {
	for {
		if e, err := a.step(); e != nil || err != nil {
			return e, err
		}
	}
}

// step does one thing towards the next message: it returns one that is at hand, makes a request, or reads.
func (a *answers) step() (*envelope, error) {
	switch {
	case len(a.queued) > 0:
		e := a.queued[0]
		a.queued = a.queued[1:]
		return e, nil
	case a.next != nil:
		e, err := a.next()
		if err == nil {
			a.empty = false
			return e, nil
		}
		return nil, a.ended(err)
	case a.request == "":
		return nil, a.prepare()
	}
	a.session.watch()
	if err := a.open(); err != nil {
		return nil, a.ended(err)
	}
	return nil, nil
}

// prepare writes the request. When polled, the server says nothing about a channel whose position it is
// told and knows, so such a channel counts as subscribed when it is asked for.
func (a *answers) prepare() error {
	a.setStale(false)
	all, settled := a.session.asks()
	if len(all) == 0 {
		return errIdle
	}
	a.request = form(a.session.client.common, all)
	if len(a.request) > commandBytesMax {
		return fmt.Errorf("%w: %d bytes", ErrTooManyChannels, len(a.request))
	}
	if a.session.kind == Poll {
		for _, ask := range settled {
			a.queued = append(a.queued, &envelope{Type: "subscribed", Channel: ask.Channel, Seq: ask.Seq, Epoch: ask.Epoch})
		}
	}
	return nil
}

// open makes the request.
func (a *answers) open() error {
	ctx, cancel := context.WithCancel(a.session.ctx)
	a.mu.Lock()
	a.cancel = cancel
	text, stale := a.token.text, a.stale
	a.mu.Unlock()
	if stale {
		return context.Canceled
	}
	r, err := a.newRequest(ctx)
	if err != nil {
		return err
	}
	resp, err := a.session.client.web.do(r, text, http.StatusOK)
	if err != nil {
		return err
	}
	a.body, a.empty = resp.Body, true
	if a.session.kind == Stream {
		a.next = lines(resp.Body)
		return nil
	}
	a.next = array(resp.Body)
	if !a.greeted {
		a.greeted = true
		a.queued = append(a.queued, &envelope{Type: "hello"})
	}
	return nil
}

// newRequest is a GET, or a POST where the list of channels is long.
func (a *answers) newRequest(ctx context.Context) (*http.Request, error) {
	path := "sub"
	if a.session.kind == Stream {
		path = "stream"
	}
	w := a.session.client.web
	if len(a.request) <= queryBytesMax {
		return http.NewRequestWithContext(ctx, http.MethodGet, w.endpoint(path, a.request), nil)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.endpoint(path, ""), strings.NewReader(a.request))
	if err == nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return r, err
}

// ended closes an answer. It returns nil if that is no failure: the request was given up for another one,
// or a poll has been read.
func (a *answers) ended(why error) error {
	a.mu.Lock()
	stale := a.stale
	a.cancel()
	a.mu.Unlock()
	if a.body != nil {
		a.body.Close()
	}
	empty := a.empty
	a.body, a.next, a.request, a.empty = nil, nil, "", false
	switch {
	case stale && a.session.ctx.Err() == nil:
		return nil
	case a.session.kind == Poll && errors.Is(why, io.EOF):
		if empty {
			return errEmptyPoll
		}
		return nil
	}
	return why
}

func (a *answers) setStale(stale bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stale = stale
	if stale {
		a.cancel()
	}
}

func (a *answers) refresh() error {
	a.setStale(true)
	return nil
}

// renew takes the token for the next request. An endless answer is asked for again at once.
func (a *answers) renew(t token) error {
	a.mu.Lock()
	a.token = t
	a.mu.Unlock()
	if a.session.kind == Stream {
		a.setStale(true)
	}
	return nil
}

// lines reads a message a line.
func lines(body io.Reader) func() (*envelope, error) {
	scanner := bufio.NewScanner(body)
	scanner.Buffer(nil, messageBytesMax)
	return func() (*envelope, error) {
		for scanner.Scan() {
			if len(scanner.Bytes()) > 0 {
				return decode(scanner.Bytes())
			}
		}
		if err := scanner.Err(); err != nil {
			return nil, fmt.Errorf("icomet: %w", err)
		}
		return nil, io.EOF
	}
}

// array reads the messages of an array as they come.
func array(body io.Reader) func() (*envelope, error) {
	decoder := json.NewDecoder(io.LimitReader(body, pollBytesMax))
	begun := false
	return func() (*envelope, error) {
		if !begun {
			if t, err := decoder.Token(); err != nil || t != json.Delim('[') {
				return nil, fmt.Errorf("%w: not an array: %v", errBadMessage, err)
			}
			begun = true
		}
		if !decoder.More() {
			if _, err := decoder.Token(); err != nil {
				return nil, fmt.Errorf("icomet: %w", noEOF(err))
			}
			return nil, io.EOF
		}
		e := new(envelope)
		if err := decoder.Decode(e); err != nil {
			return nil, fmt.Errorf("icomet: %w", noEOF(err))
		}
		return e, nil
	}
}

// noEOF is err, where an end comes too early.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
