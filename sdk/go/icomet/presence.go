package icomet

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

const (
	// membersPerRequest and countsPerRequest are how much is asked for at a time.
	membersPerRequest = 1000
	countsPerRequest  = 100
)

// Count is how many are at a channel: members are those with a client's name, subscribers all.
type Count struct {
	Channel     string `json:"channel"`
	Members     int    `json:"count"`
	Subscribers int    `json:"subscribers"`
}

// Presence are the members of a channel, by name, asked for page by page: who comes or goes meanwhile may
// be missing or not. An error ends it. Requests are not repeated.
func (p *Publisher) Presence(ctx context.Context, channel string) iter.Seq2[Member, error] {
	return func(yield func(Member, error) bool) {
		query := url.Values{"channel": {channel}, "limit": {strconv.Itoa(membersPerRequest)}}
		for {
			var page struct {
				Members []Member `json:"members"`
				Next    string   `json:"next"`
			}
			if err := p.get(ctx, query, &page); err != nil {
				yield(Member{}, err)
				return
			}
			for _, m := range page.Members {
				if !yield(m, nil) {
					return
				}
			}
			if page.Next == "" || len(page.Members) == 0 {
				return
			}
			query.Set("after", page.Members[len(page.Members)-1].Client)
		}
	}
}

// Counts are the numbers for channels, in the order of the request. Requests are not repeated.
func (p *Publisher) Counts(ctx context.Context, channels ...string) ([]Count, error) {
	counts := make([]Count, 0, len(channels))
	for part := range slices.Chunk(channels, countsPerRequest) {
		var answer struct {
			Channels []Count `json:"channels"`
		}
		if err := p.get(ctx, url.Values{"channel": part, "counts": {"1"}}, &answer); err != nil {
			return nil, err
		}
		counts = append(counts, answer.Channels...)
	}
	return counts, nil
}

// get asks for presence.
func (p *Publisher) get(ctx context.Context, query url.Values, into any) error {
	ctx, cancel := context.WithTimeout(ctx, p.opts.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.web.endpoint("v1/presence", query.Encode()), nil)
	if err != nil {
		return fmt.Errorf("icomet: %w", err)
	}
	status, text, header, err := p.fetch(r)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return refusalIn(status, text, retryAfter(header, time.Now()))
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%w: %w", errBadMessage, err)
	}
	return nil
}
