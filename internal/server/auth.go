package server

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/icomet/icomet/internal/auth"
	"github.com/icomet/icomet/internal/config"
	"github.com/icomet/icomet/internal/metrics"
)

// keyFileMax bounds a file with a secret or with public keys.
const keyFileMax = 64 << 10

// AuthOptions reads the keys of a configuration, and says which tokens they make good. The error names the
// key of the configuration.
func AuthOptions(c *config.JWT) (auth.Options, error) {
	o := auth.Options{
		JWKSURL: c.JWKSURL, JWKSRefresh: c.JWKSRefresh, Audience: c.Audience, Issuer: c.Issuer, Leeway: c.Leeway,
	}
	for _, s := range c.Secrets {
		text, err := SecretText(s)
		if err != nil {
			return o, fmt.Errorf("jwt.secret: %w", err)
		}
		k, err := auth.NewSecret(text, "jwt.secret, "+s.String())
		if err != nil {
			return o, err
		}
		o.Keys = append(o.Keys, k)
	}
	for _, path := range c.PublicKeys {
		text, err := ReadKeyFile(path)
		if err != nil {
			return o, fmt.Errorf("jwt.public_key: %w", err)
		}
		keys, err := auth.ParsePublicKeys(text, "jwt.public_key, "+path)
		if err != nil {
			return o, err
		}
		o.Keys = append(o.Keys, keys...)
	}
	return o, nil
}

// SecretText is a secret itself, from the configuration or the file that it names. The last line end of a
// file does not count, since most programs that write one put it there.
func SecretText(s config.Secret) ([]byte, error) {
	if s.File == "" {
		return []byte(s.Reveal()), nil
	}
	text, err := ReadKeyFile(s.File)
	if err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r")), nil
}

// ReadKeyFile reads a file with a secret or with keys. The error is also for one of more than 64 KB.
func ReadKeyFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, keyFileMax+1))
	if err != nil {
		return nil, err
	}
	if len(text) > keyFileMax {
		return nil, fmt.Errorf("%s is longer than %d bytes", path, keyFileMax)
	}
	return text, nil
}

// newAuth makes what decides about subscribers, as far as it is configured.
func (s *Server) newAuth() (err error) {
	c := &s.options.Config
	if s.access.Origins, err = auth.NewOrigins(c.Front.Origins); err != nil {
		return fmt.Errorf("front.origin: %w", err)
	}
	if s.access.Publish, err = auth.NewPatterns(c.Front.Publish); err != nil {
		return fmt.Errorf("front.publish %w", err)
	}
	if s.access.Patterns, err = auth.NewPatterns(c.Front.Patterns); err != nil {
		return fmt.Errorf("front.patterns %w", err)
	}
	if s.presence, err = auth.NewPatterns(c.Front.Presence); err != nil {
		return fmt.Errorf("front.presence %w", err)
	}
	warn := func(text string) { s.options.Log.Warn(text) }
	if c.Front.Auth == config.AuthJWT {
		o, err := AuthOptions(&c.JWT)
		if err != nil {
			return err
		}
		o.Log = warn
		if s.access.Checker, err = auth.New(o); err != nil {
			return err
		}
	}
	if c.Hook.SubscribeURL != "" {
		s.access.Hook, err = auth.NewHook(auth.HookOptions{
			URL: c.Hook.SubscribeURL, Timeout: c.Hook.Timeout, CacheMax: c.Hook.Cache, FailOpen: c.Hook.FailOpen, Log: warn,
		})
	}
	return err
}

// runAuth starts the goroutines that fetch keys and ask the application; they end with ctx.
func (s *Server) runAuth(ctx context.Context) {
	if s.access.Checker != nil {
		s.background.Go(func() { s.access.Checker.Run(ctx) })
	}
	if s.access.Hook != nil {
		s.background.Go(func() { s.access.Hook.Run(ctx) })
	}
}

// describeAuth adds the figures of tokens and of the hook; they are 0 where that is not configured.
func (s *Server) describeAuth(m *metrics.Set) {
	tokens, hook := &auth.Counters{}, &auth.HookCounters{}
	if s.access.Checker != nil {
		tokens = &s.access.Checker.Counters
	}
	if s.access.Hook != nil {
		hook = &s.access.Hook.Counters
	}
	count := func(name, help string, labels metrics.Labels, c interface{ Load() uint64 }) {
		m.Counter(name, help, labels, func() float64 { return float64(c.Load()) })
	}
	count("tokens_accepted_total", "Signed tokens that were good.", nil, &tokens.Accepted)
	for reason := range auth.Reasons {
		count("tokens_refused_total", "Signed tokens that were not, by reason.", metrics.Labels{"reason": reason.String()}, &tokens.Refused[reason])
	}
	count("tokens_pending_total", "Signed tokens told to come back, since their key might be in a key set that was being fetched.", nil, &tokens.Pending)
	count("token_cache_hits_total", "Signed tokens whose verdict was known.", nil, &tokens.Hits)
	count("token_cache_misses_total", "Signed tokens that had to be looked at.", nil, &tokens.Misses)
	const fetches, fetchesHelp = "key_set_fetches_total", "Fetches of the key set, by how they went."
	count(fetches, fetchesHelp, metrics.Labels{"result": "ok"}, &tokens.Refreshes)
	count(fetches, fetchesHelp, metrics.Labels{"result": "failed"}, &tokens.RefreshFailures)
	const answers, answersHelp = "hook_answers_total", "Requests to the subscribe hook, by how they went."
	count(answers, answersHelp, metrics.Labels{"answer": "allow"}, &hook.Allowed)
	count(answers, answersHelp, metrics.Labels{"answer": "refuse"}, &hook.Refused)
	count(answers, answersHelp, metrics.Labels{"answer": "failed"}, &hook.Failures)
	count("hook_cache_hits_total", "Questions to the subscribe hook whose answer was known.", nil, &hook.Hits)
	count("hook_joined_total", "Questions to the subscribe hook that waited for the answer to the same one.", nil, &hook.Joined)
	count("hook_overflows_total", "Questions to the subscribe hook that were not asked, since too many waited.", nil, &hook.Overflows)
}
