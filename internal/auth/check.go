package auth

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// examination is one token on its way through the checks.
type examination struct {
	checker *Checker
	keys    *keyring
	now     time.Time
	raw     []byte

	// Filled by the checks in turn.
	token      token
	header     header
	candidates []Key // that may have signed it
	guessed    bool  // the token names none of the candidates
	key        Key   // that has signed it
	claims     claims
	grant      *Grant
}

// check is one thing that has to be right with a token.
type check struct {
	// what is its name for the operator.
	what string
	// needs is the check without which this one cannot be made; "" for none.
	needs string
	// run makes the check: nil, a *Refusal, or ErrKeyPending.
	run func(e *examination) error
	// tell says what was found, when run has returned nil.
	tell func(e *examination) string
}

// The names of the checks.
const (
	checkParts     = "three parts"
	checkHeader    = "header"
	checkKey       = "key"
	checkAlgorithm = "algorithm"
	checkSignature = "signature"
	checkClaims    = "claims"
	checkTimes     = "times"
	checkAudience  = "audience"
	checkIssuer    = "issuer"
)

// checks are all of them in their order, for Verify and for Explain. Nothing that a token claims is looked at
// by Verify before its signature is known to be good.
var checks = []check{
	{checkParts, "", (*examination).split, (*examination).tellParts},
	{checkHeader, checkParts, (*examination).readHeader, func(e *examination) string { return e.header.String() }},
	{checkKey, checkHeader, (*examination).findKeys, (*examination).tellKeys},
	{checkAlgorithm, checkKey, (*examination).fitAlgorithm, func(e *examination) string { return e.header.alg }},
	{checkSignature, checkAlgorithm, (*examination).checkSignature, func(e *examination) string { return "by the " + e.key.String() }},
	{checkClaims, checkParts, (*examination).readClaims, (*examination).tellClaims},
	{checkTimes, checkClaims, (*examination).checkTimes, (*examination).tellTimes},
	{checkAudience, checkClaims, (*examination).checkAudience, (*examination).tellAudience},
	{checkIssuer, checkClaims, (*examination).checkIssuer, (*examination).tellIssuer},
}

// run makes all checks up to the first that fails, and the grant if there is none.
func (e *examination) run() error {
	for i := range checks {
		if err := checks[i].run(e); err != nil {
			return err
		}
	}
	e.grant = &Grant{
		Client: e.claims.client, Info: e.claims.info, Expires: e.ends(),
		Subscribe: e.claims.subscribe, Publish: e.claims.publish,
	}
	return nil
}

func (e *examination) split() (err error) {
	e.token, err = split(e.raw)
	return err
}

func (e *examination) tellParts() string {
	return fmt.Sprintf("%d bytes: header of %d, payload of %d, signature of %d", len(e.raw),
		len(e.token.header), len(e.token.payload), len(e.token.signature))
}

func (e *examination) readHeader() (err error) {
	e.header, err = parseHeader(e.token.header)
	return err
}

func (e *examination) findKeys() error {
	if e.candidates, e.guessed = e.keys.find(e.header.kid); len(e.candidates) > 0 {
		return nil
	}
	refusal := refuse(ReasonKey, "no key is called %s, and there is none without a name", quote(e.header.kid))
	return e.checker.refresher.unknown(refusal)
}

func (e *examination) tellKeys() string {
	var all []string
	for _, k := range e.candidates {
		all = append(all, k.String())
	}
	return strings.Join(all, ", ")
}

// fitAlgorithm leaves the candidates that are for the algorithm of the token. It is the key that decides:
// a token cannot make a secret of a public key, RFC 8725 §2.1.
func (e *examination) fitAlgorithm() error {
	fit := fitting(e.candidates, e.header.alg)
	if len(fit) == 0 {
		refusal := refuse(ReasonAlgorithm, "the token is signed by %s, its key is for %s",
			e.header.alg, strings.Join(algorithms(e.candidates), " or "))
		if e.guessed {
			return e.checker.refresher.unknown(refusal)
		}
		return refusal
	}
	if len(fit) > keysTriedMax {
		return refuse(ReasonKey, "the token names no key (kid), and %d are for %s; at most %d are tried", len(fit), e.header.alg, keysTriedMax)
	}
	e.candidates = fit
	return nil
}

func (e *examination) checkSignature() error {
	for _, k := range e.candidates {
		if k.method.Verify(e.token.signed, e.token.signature, k.key) == nil {
			e.key = k
			return nil
		}
	}
	refusal := refuse(ReasonSignature, "the signature is not by the %s: another key, or the token was changed", e.tellKeys())
	if e.guessed {
		return e.checker.refresher.unknown(refusal)
	}
	return refusal
}

func (e *examination) readClaims() (err error) {
	e.claims, err = parseClaims(e.token.payload)
	return err
}

func (e *examination) tellClaims() string {
	c := &e.claims
	client := "no client (sub)"
	if c.client != "" {
		client = "client " + quote(c.client)
	}
	return fmt.Sprintf("%s, %d bytes of info, patterns: %d to subscribe, %d to publish", client,
		len(c.info), c.subscribe.Len(), c.publish.Len())
}

// ends is when the token ends for us; zero for never.
func (e *examination) ends() time.Time {
	if e.claims.expires.IsZero() {
		return time.Time{}
	}
	return e.claims.expires.Add(e.checker.options.Leeway)
}

// begins is when the token begins for us; zero for always.
func (e *examination) begins() time.Time {
	if e.claims.notBefore.IsZero() {
		return time.Time{}
	}
	return e.claims.notBefore.Add(-e.checker.options.Leeway)
}

// checkTimes looks at exp and nbf, RFC 7519 §4.1.4 and §4.1.5.
func (e *examination) checkTimes() error {
	c, leeway := &e.claims, e.checker.options.Leeway
	if end := e.ends(); !end.IsZero() && !e.now.Before(end) {
		return refuse(ReasonExpired, "it expired %s ago, at %s; clocks may differ by %s",
			span(e.now.Sub(c.expires)), moment(c.expires), span(leeway))
	}
	if e.now.Before(e.begins()) {
		return refuse(ReasonEarly, "it begins in %s, at %s; clocks may differ by %s",
			span(c.notBefore.Sub(e.now)), moment(c.notBefore), span(leeway))
	}
	return nil
}

func (e *examination) tellTimes() string {
	c := &e.claims
	said := []string{"it never expires"}
	switch {
	case !c.expires.IsZero() && e.now.Before(c.expires):
		said[0] = fmt.Sprintf("it expires in %s, at %s", span(c.expires.Sub(e.now)), moment(c.expires))
	case !c.expires.IsZero():
		said[0] = fmt.Sprintf("it expired %s ago, at %s, which the leeway makes good", span(e.now.Sub(c.expires)), moment(c.expires))
	}
	if e.now.Before(c.notBefore) {
		said = append(said, fmt.Sprintf("it begins in %s, which the leeway makes good", span(c.notBefore.Sub(e.now))))
	}
	switch {
	case c.issued.IsZero():
	case e.now.Before(c.issued):
		said = append(said, fmt.Sprintf("it was issued %s in the future: the clock of the signer is ahead of the one here by that at least", span(c.issued.Sub(e.now))))
	default:
		said = append(said, fmt.Sprintf("it was issued %s ago", span(e.now.Sub(c.issued))))
	}
	return strings.Join(said, "; ")
}

// checkAudience looks at aud, RFC 7519 §4.1.3.
func (e *examination) checkAudience() error {
	want := e.checker.options.Audience
	switch {
	case want == "" || slices.Contains(e.claims.audience, want):
		return nil
	case len(e.claims.audience) == 0:
		return refuse(ReasonAudience, "the token has no claim aud, expected %s", quote(want))
	}
	return refuse(ReasonAudience, "aud is %s, expected %s", quote(strings.Join(e.claims.audience, " ")), quote(want))
}

func (e *examination) tellAudience() string {
	if e.checker.options.Audience == "" {
		return "any, since none is configured"
	}
	return quote(e.checker.options.Audience)
}

// checkIssuer looks at iss, RFC 7519 §4.1.1.
func (e *examination) checkIssuer() error {
	switch want := e.checker.options.Issuer; {
	case want == "" || e.claims.issuer == want:
		return nil
	case e.claims.issuer == "":
		return refuse(ReasonIssuer, "the token has no claim iss, expected %s", quote(want))
	default:
		return refuse(ReasonIssuer, "iss is %s, expected %s", quote(e.claims.issuer), quote(want))
	}
}

func (e *examination) tellIssuer() string {
	if e.checker.options.Issuer == "" {
		return "any, since none is configured"
	}
	return quote(e.checker.options.Issuer)
}

// span is a length of time for people.
func span(d time.Duration) string { return d.Round(time.Second).String() }

// moment is a time for people.
func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }
