package icomet

import (
	"encoding/json"
	"time"
)

// Publication is a message to be published.
type Publication struct {
	// Channel is where to, or Channels are, if there are several.
	Channel  string
	Channels []string
	Payload  Payload
	// TTL is how long the message is replayed to those who come later; in whole seconds, rounded up. 0
	// is as long as the server keeps it.
	TTL time.Duration
	// Key is the idempotency key, at most 128 bytes: what is published with the same key on the same
	// channel within five minutes is done once. If it is empty a random one is made, so that a request
	// can be repeated.
	Key string
	// Last makes it the only message in the channel's history.
	Last bool
}

// PublishOption sets what else there is to say about a publication.
type PublishOption func(*Publication)

// TTL is how long the message is replayed to those who come later.
func TTL(d time.Duration) PublishOption { return func(p *Publication) { p.TTL = d } }

// Key is the idempotency key.
func Key(key string) PublishOption { return func(p *Publication) { p.Key = key } }

// LastValue makes it the only message in the channel's history.
func LastValue() PublishOption { return func(p *Publication) { p.Last = true } }

// Receipt says what became of a publication on one channel.
type Receipt struct {
	Channel string `json:"channel"`
	// Seq is the number that the message was given, in the life Epoch of the channel.
	Seq   uint64 `json:"seq"`
	Epoch string `json:"epoch"`
	// Receivers is how many subscribers the channel had.
	Receivers int `json:"receivers"`
	// Repeated tells that the message had been published before with the same key.
	Repeated bool `json:"repeated"`
}

// Result says what became of one of several publications: a receipt for each of its channels, or Err.
type Result struct {
	Receipts []Receipt
	Err      error
}

// publicationJSON is how a publication is sent.
type publicationJSON struct {
	Channel  string   `json:"channel,omitempty"`
	Channels []string `json:"channels,omitempty"`
	payloadJSON
	TTL  int64  `json:"ttl,omitempty"`
	Key  string `json:"key"`
	Last bool   `json:"last,omitempty"`
}

// item is a publication on its way.
type item struct {
	body   json.RawMessage
	result Result
	done   bool // result is final, and not that the server was busy
}

// newItem encodes p, and gives it a key if it has none.
func newItem(p Publication) (*item, error) {
	payload, err := p.Payload.wire()
	if err != nil {
		return nil, err
	}
	if (p.Channel == "") == (len(p.Channels) == 0) {
		return nil, &Error{Code: codeBad, Text: "exactly one of Channel and Channels is needed"}
	}
	if p.Key == "" {
		p.Key = newKey()
	}
	body, err := encode(publicationJSON{Channel: p.Channel, Channels: p.Channels, payloadJSON: payload,
		TTL: int64((max(p.TTL, 0) + time.Second - 1) / time.Second), Key: p.Key, Last: p.Last})
	if err != nil {
		return nil, err
	}
	return &item{body: body}, nil
}

func (i *item) finish(r Result) { i.result, i.done = r, true }
