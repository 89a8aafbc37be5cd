package credential

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/icomet/icomet/internal/auth"
	"github.com/icomet/icomet/internal/config"
	"github.com/icomet/icomet/internal/server"
)

// tokenCommand is `icomet token`.
type tokenCommand struct {
	Config string `placeholder:"FILE" help:"Configuration of the server: its first jwt.secret, its audience and issuer are taken unless given here."`
	Secret string `placeholder:"SECRET" xor:"key" help:"Secret to sign with by HS256, of at least 32 bytes, or file:PATH."`
	Key    string `placeholder:"FILE" xor:"key" help:"PEM file with the private key to sign with: RSA, P-256 or Ed25519."`
	KeyID  string `name:"kid" placeholder:"NAME" help:"Name of the key, for a server that has several."`

	Client   string        `placeholder:"NAME" help:"Who the bearer is (sub)."`
	Info     string        `placeholder:"JSON" help:"What is to be known about the bearer: a JSON object of at most 1 KB."`
	Channel  []string      `short:"c" sep:"none" placeholder:"PATTERN" help:"What may be subscribed: a name, a beginning such as 'news:*', or '*' for all. Repeat it for more."`
	Publish  []string      `short:"p" sep:"none" placeholder:"PATTERN" help:"What may be published to, in the same way."`
	Expires  time.Duration `default:"1h" help:"How long the token is good; 0 is for ever."`
	Audience string        `placeholder:"NAME" help:"Whom it is for (aud)."`
	Issuer   string        `placeholder:"NAME" help:"Who has made it (iss)."`
}

// Run makes the token and prints it.
func (c *tokenCommand) Run(s Streams) error {
	conf, err := load(c.Config, s)
	if err != nil {
		return err
	}
	signer, err := c.signer(&conf.JWT)
	if err != nil {
		return err
	}
	claims, err := c.claims(time.Now(), &conf.JWT)
	if err != nil {
		return err
	}
	token, err := signer.Sign(claims)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.Out, token)
	return err
}

// signer takes the key of the command line, or else the secret of the configuration.
func (c *tokenCommand) signer(conf *config.JWT) (signer *auth.Signer, err error) {
	switch {
	case c.Key != "":
		text, err := server.ReadKeyFile(c.Key)
		if err != nil {
			return nil, err
		}
		signer, err = auth.ParseSigner(text, c.Key)
		if err != nil {
			return nil, err
		}
	case c.Secret != "":
		signer, err = secretSigner(c.Secret)
	case len(conf.Secrets) > 0:
		var text []byte
		if text, err = server.SecretText(conf.Secrets[0]); err == nil {
			signer, err = auth.NewSecretSigner(text, "jwt.secret")
		}
	default:
		return nil, errors.New("expected --secret, --key, or --config with a jwt.secret: a public key cannot sign")
	}
	if err != nil {
		return nil, err
	}
	return signer.WithID(c.KeyID), nil
}

func secretSigner(text string) (*auth.Signer, error) {
	secret, err := secretText(text)
	if err != nil {
		return nil, err
	}
	return auth.NewSecretSigner(secret, "--secret")
}

func (c *tokenCommand) claims(now time.Time, conf *config.JWT) (auth.Claims, error) {
	claims := auth.Claims{
		Client: c.Client, Info: json.RawMessage(c.Info), Channels: c.Channel, Publish: c.Publish,
		Audience: first(c.Audience, conf.Audience), Issuer: first(c.Issuer, conf.Issuer), Issued: now.Unix(),
	}
	if c.Expires < 0 {
		return claims, fmt.Errorf("expected --expires of 0 or more, got %v", c.Expires)
	}
	if c.Expires > 0 {
		claims.Expires = now.Add(c.Expires).Unix()
	}
	return claims, nil
}

// first is what was given, or else what is configured.
func first(given, configured string) string {
	if given != "" {
		return given
	}
	return configured
}
