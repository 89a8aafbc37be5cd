package credential

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/icomet/icomet/internal/auth"
	"github.com/icomet/icomet/internal/config"
	"github.com/icomet/icomet/internal/server"
)

// inputMax bounds what is read as a token: more than one may have, so that one that is too long is noticed.
const inputMax = 2 * auth.TokenBytesMax

// refreshLimit is how long a key set may take.
const refreshLimit = 15 * time.Second

// explainCommand is `icomet explain`.
type explainCommand struct {
	Config    string         `placeholder:"FILE" help:"Configuration of the server: its keys, audience, issuer and leeway are taken. Those given here come on top or go before."`
	Secret    []string       `sep:"none" placeholder:"SECRET" help:"Secret of HS256, or file:PATH. Repeat it for more."`
	PublicKey []string       `sep:"none" placeholder:"FILE" help:"PEM file with a public key. Repeat it for more."`
	JWKSURL   string         `name:"jwks-url" placeholder:"URL" help:"Where a key set is fetched from."`
	Audience  string         `placeholder:"NAME" help:"What aud has to be."`
	Issuer    string         `placeholder:"NAME" help:"What iss has to be."`
	Leeway    *time.Duration `placeholder:"TIME" help:"How far clocks may differ; by default as configured, or 30s."`

	Token   string `required:"" placeholder:"TOKEN" help:"The token; - reads it from the standard input, where no list of processes shows it."`
	Channel string `required:"" placeholder:"NAME" help:"The channel."`
	Publish bool   `help:"Ask for publishing instead of subscribing."`
}

// Run explains. Its error is errNoAccess if a step was not OK.
func (c *explainCommand) Run(ctx context.Context, s Streams) error {
	checker, err := c.checker(s)
	if err != nil {
		return err
	}
	token := []byte(c.Token)
	if c.Token == "-" {
		if token, err = io.ReadAll(io.LimitReader(s.In, inputMax)); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, refreshLimit)
	defer cancel()
	if err := checker.Refresh(ctx); err != nil {
		fmt.Fprintln(s.Err, err)
	}
	action := auth.Subscribe
	if c.Publish {
		action = auth.Publish
	}
	return show(checker.Explain(time.Now(), bytes.TrimSpace(token), c.Channel, action), s.Out)
}

// checker has the keys of the configuration and those of the command line.
func (c *explainCommand) checker(s Streams) (*auth.Checker, error) {
	conf, err := load(c.Config, s)
	if err != nil {
		return nil, err
	}
	c.change(&conf.JWT)
	o, err := server.AuthOptions(&conf.JWT)
	if err != nil {
		return nil, err
	}
	given, err := c.keys()
	if err != nil {
		return nil, err
	}
	o.Keys = append(o.Keys, given...)
	if len(o.Keys) == 0 && o.JWKSURL == "" {
		return nil, errors.New("expected a key to check with: --config, --secret, --public-key or --jwks-url")
	}
	o.Log = func(text string) { fmt.Fprintln(s.Err, text) }
	return auth.New(o)
}

// keys are those of the command line.
func (c *explainCommand) keys() (keys []auth.Key, err error) {
	for _, text := range c.Secret {
		secret, err := secretText(text)
		if err != nil {
			return nil, err
		}
		k, err := auth.NewSecret(secret, "--secret")
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	for _, path := range c.PublicKey {
		text, err := server.ReadKeyFile(path)
		if err != nil {
			return nil, err
		}
		read, err := auth.ParsePublicKeys(text, path)
		if err != nil {
			return nil, err
		}
		keys = append(keys, read...)
	}
	return keys, nil
}

// change puts what was given ahead of what is configured.
func (c *explainCommand) change(conf *config.JWT) {
	conf.JWKSURL = first(c.JWKSURL, conf.JWKSURL)
	conf.Audience = first(c.Audience, conf.Audience)
	conf.Issuer = first(c.Issuer, conf.Issuer)
	if c.Leeway != nil {
		conf.Leeway = *c.Leeway
	}
}

// show prints steps, and tells whether all are OK.
func show(steps []auth.Step, out io.Writer) error {
	var result error
	for _, step := range steps {
		mark := "ok"
		if !step.OK {
			mark, result = "NO", errNoAccess
		}
		if _, err := fmt.Fprintf(out, "%s  %s: %s\n", mark, step.What, step.Detail); err != nil {
			return err
		}
	}
	last := "access"
	if result != nil {
		last = "no access"
	}
	if _, err := fmt.Fprintln(out, last); err != nil {
		return err
	}
	return result
}
