package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	// hookAnswerMax bounds the application's answer, hookReasonMax its word for the client.
	hookAnswerMax = 16 << 10
	hookReasonMax = 256
)

// Question is what an application is asked. Two of the same content are the same question.
type Question struct {
	Channel string `json:"channel"`
	// Client and Info are of the bearer's [Grant], if there is one. The token itself is not passed on.
	Client string          `json:"client"`
	Info   json.RawMessage `json:"info,omitempty"`
	// Origin is the header of that name; "" for none.
	Origin string `json:"origin,omitempty"`
	// Kind is the kind of the subscription, such as "sse".
	Kind string `json:"kind"`
}

// body is the question as JSON.
func (q Question) body() []byte {
	text, err := json.Marshal(q)
	if err != nil {
		panic("auth: a question with an info that is not JSON: " + err.Error())
	}
	return text
}

// answer is what the application says.
type answer struct {
	Allow  *bool   `json:"allow"`
	TTL    float64 `json:"ttl"`
	Reason string  `json:"reason"`
}

// request puts a question to the application. ttl is how long the verdict holds.
func (h *Hook) request(ctx context.Context, body []byte) (v Verdict, ttl time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, h.options.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.options.URL, bytes.NewReader(body))
	if err != nil {
		return v, 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	text, err := answerOf(h.client, request, hookAnswerMax)
	if err != nil {
		return v, 0, err
	}
	return parseAnswer(text)
}

func parseAnswer(text []byte) (v Verdict, ttl time.Duration, err error) {
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		return v, 0, fmt.Errorf("the answer is not as expected: %w", err)
	}
	if a.Allow == nil {
		return v, 0, fmt.Errorf("the answer has no allow, expected true or false")
	}
	v.Allow = *a.Allow
	if !v.Allow {
		v.Reason = strings.ToValidUTF8(a.Reason[:min(len(a.Reason), hookReasonMax)], "")
	}
	seconds := min(max(a.TTL, 0), hookTTLMax.Seconds())
	return v, time.Duration(seconds * float64(time.Second)), nil
}
