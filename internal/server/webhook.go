package server

import (
	"context"
	"fmt"
	"slices"

	"github.com/icomet/icomet/internal/config"
	"github.com/icomet/icomet/internal/hub"
	"github.com/icomet/icomet/internal/webhook"
)

// newWebhook makes the hub's events go where the configuration says, if anywhere. The error is about the file
// with the secret.
func (s *Server) newWebhook() error {
	c := &s.options.Config
	if c.Webhook.URL == "" {
		return nil
	}
	secret, err := webhookSecret(c.Webhook.Secret)
	if err != nil {
		return fmt.Errorf("webhook.secret: %w", err)
	}
	o := webhook.Options{
		URL: c.Webhook.URL, Secret: secret, Timeout: c.Webhook.Timeout, Grace: c.Front.MemberGrace,
		UserAgent: "icomet/" + Version, Log: func(text string) { s.options.Log.Warn(text) },
		Limits: webhook.DefaultLimits,
	}
	for k := range hub.EventKinds {
		o.Events[k] = slices.Contains(c.Webhook.Events, k.String())
	}
	s.webhook = webhook.New(o)
	s.hub.SetListener(s.webhook)
	return nil
}

// webhookSecret is the secret itself, empty for none. A file has to hold as many bytes as a line of the
// configuration.
func webhookSecret(s config.Secret) (string, error) {
	text, err := SecretText(s)
	if err != nil {
		return "", err
	}
	if s.File != "" && len(text) < config.SecretBytesMin {
		return "", fmt.Errorf("%s holds %d bytes, expected at least %d", s.File, len(text), config.SecretBytesMin)
	}
	return string(text), nil
}

// endWebhook lets what the webhook has heard go out.
func (s *Server) endWebhook(ctx context.Context) error {
	if s.webhook == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, stopEventsTimeout)
	defer cancel()
	return s.webhook.Wait(ctx)
}
