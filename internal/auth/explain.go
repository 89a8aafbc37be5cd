package auth

import (
	"fmt"
	"time"
)

// Action is what somebody wants to do with a channel.
type Action uint8

const (
	// Subscribe is to read it.
	Subscribe Action = iota
	// Publish is to write to it.
	Publish
)

// String is the word for a.
func (a Action) String() string { return [...]string{"subscribe", "publish"}[a] }

// claim is the name of the list that allows a.
func (a Action) claim() string { return [...]string{"channels", "publish"}[a] }

// Step is one check of an explanation.
type Step struct {
	// What is its name.
	What string
	OK   bool
	// Detail is what was found, and if that is not OK also what was expected.
	Detail string
}

// Explain makes the checks of Verify and says what each has found, and then whether the token allows an
// action on a channel. Access is given if all steps are OK. Unlike Verify it goes on behind a failure, with
// the checks that can still be made; it knows no caches and counts nothing. It allocates freely, and may show
// what is in the token, so it is for the operator.
func (c *Checker) Explain(now time.Time, raw []byte, channel string, action Action) []Step {
	e := examination{checker: c, keys: c.keys.Load(), now: now, raw: raw}
	good := map[string]bool{"": true}
	var steps []Step
	for _, check := range checks {
		if !good[check.needs] {
			continue
		}
		step := Step{What: check.what}
		if err := check.run(&e); err != nil {
			step.Detail = detail(err)
		} else {
			step.OK, step.Detail = true, check.tell(&e)
			good[check.what] = true
		}
		steps = append(steps, step)
	}
	if !good[checkClaims] {
		return steps
	}
	return append(steps, e.explainChannel(channel, action))
}

// detail is an error without the words that are in every one.
func detail(err error) string {
	if refusal, ok := err.(*Refusal); ok {
		return refusal.Detail
	}
	return "it is not known yet: the key set is being fetched, or could not be"
}

// explainChannel says which pattern allows an action, or which would nearly have.
func (e *examination) explainChannel(channel string, action Action) Step {
	patterns := e.claims.subscribe
	if action == Publish {
		patterns = e.claims.publish
	}
	step := Step{What: action.String() + " " + quote(channel)}
	nearest, matches := patterns.nearest(channel)
	switch {
	case matches:
		step.OK, step.Detail = true, fmt.Sprintf("allowed by %s in %s", quote(nearest), action.claim())
	case nearest == "":
		step.Detail = fmt.Sprintf("the claim %s is missing or empty, so there is nothing to %v", action.claim(), action)
	default:
		step.Detail = fmt.Sprintf("no pattern in %s matches; the nearest of %d is %s", action.claim(), patterns.Len(), quote(nearest))
	}
	return step
}
