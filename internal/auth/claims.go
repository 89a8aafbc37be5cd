package auth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"
)

const (
	// InfoBytesMax is the most that a token may say about its client, without spaces.
	InfoBytesMax = 1 << 10
	// ClientBytesMax is the longest name of a client.
	ClientBytesMax = 128
	// audiencesMax bounds the list aud.
	audiencesMax = 64
	// secondsMax is the latest time in a token: the end of the year 9999.
	secondsMax = 253402300799
)

// claims are what counts of a claims set, RFC 7519 §4. A time is zero where there is none.
type claims struct {
	client             string
	info               []byte
	subscribe, publish Patterns
	expires            time.Time
	notBefore          time.Time
	issued             time.Time
	audience           []string
	issuer             string
}

// claimReaders are the claims that count. Others are nobody's business here.
var claimReaders = map[string]func(c *claims, value []byte) error{
	"sub":      func(c *claims, v []byte) (err error) { c.client, err = readClient(v); return err },
	"info":     func(c *claims, v []byte) (err error) { c.info, err = readInfo(v); return err },
	"channels": func(c *claims, v []byte) (err error) { c.subscribe, err = readPatterns(v); return err },
	"publish":  func(c *claims, v []byte) (err error) { c.publish, err = readPatterns(v); return err },
	"exp":      func(c *claims, v []byte) (err error) { c.expires, err = readTime(v); return err },
	"nbf":      func(c *claims, v []byte) (err error) { c.notBefore, err = readTime(v); return err },
	"iat":      func(c *claims, v []byte) (err error) { c.issued, err = readTime(v); return err },
	"aud":      func(c *claims, v []byte) (err error) { c.audience, err = readAudience(v); return err },
	"iss":      func(c *claims, v []byte) (err error) { c.issuer, err = readString(v); return err },
}

// parseClaims reads a claims set. It keeps nothing of raw.
func parseClaims(raw []byte) (c claims, err error) {
	list, err := members(raw)
	if err != nil {
		return c, refuse(ReasonClaims, "the payload %v", err)
	}
	for _, m := range list {
		read := claimReaders[string(m.name)]
		if read == nil {
			continue
		}
		if err := read(&c, m.value); err != nil {
			return c, refuse(ReasonClaims, "the claim %s %v", m.name, err)
		}
	}
	return c, nil
}

func readString(value []byte) (string, error) {
	s, ok := text(value)
	if !ok {
		return "", fmt.Errorf("is not a string")
	}
	return s, nil
}

func readClient(value []byte) (string, error) {
	s, err := readString(value)
	if len(s) > ClientBytesMax {
		return "", fmt.Errorf("has %d bytes, at most %d are possible", len(s), ClientBytesMax)
	}
	return s, err
}

func readInfo(value []byte) ([]byte, error) {
	if value[0] != '{' {
		return nil, fmt.Errorf("is not a JSON object")
	}
	var b bytes.Buffer
	if err := json.Compact(&b, value); err != nil {
		return nil, err
	}
	if b.Len() > InfoBytesMax {
		return nil, fmt.Errorf("has %d bytes, at most %d are possible", b.Len(), InfoBytesMax)
	}
	return bytes.Clone(b.Bytes()), nil
}

func readPatterns(value []byte) (Patterns, error) {
	list, err := texts(value, PatternsMax)
	if err != nil {
		return Patterns{}, err
	}
	return NewPatterns(list)
}

// readTime reads a NumericDate, RFC 7519 §2: seconds since 1970, with or without decimals.
func readTime(value []byte) (time.Time, error) {
	seconds, err := strconv.ParseFloat(string(value), 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("is not a number")
	}
	if seconds <= 0 || seconds > secondsMax {
		return time.Time{}, fmt.Errorf("is not a time: expected seconds since 1970")
	}
	whole, part := math.Modf(seconds)
	return time.Unix(int64(whole), int64(part*1e9)), nil
}

// readAudience reads one name or several, RFC 7519 §4.1.3.
func readAudience(value []byte) ([]string, error) {
	if s, ok := text(value); ok {
		return []string{s}, nil
	}
	list, err := texts(value, audiencesMax)
	if err != nil {
		return nil, fmt.Errorf("%w, nor a string", err)
	}
	return list, nil
}
