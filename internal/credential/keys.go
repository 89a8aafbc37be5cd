package credential

import (
	"fmt"
	"os"

	"github.com/icomet/icomet/internal/config"
	"github.com/icomet/icomet/internal/server"
)

// load reads a configuration; without a file it is one without keys. Warnings are for whoever starts the
// server.
func load(file string, s Streams) (config.Config, error) {
	if file == "" {
		return config.Default(), nil
	}
	conf, _, err := config.Load(file)
	if err != nil {
		return conf, fmt.Errorf("cannot use %s: %w", file, err)
	}
	if conf.Front.Auth != config.AuthJWT {
		fmt.Fprintf(s.Err, "note: front.auth of %s is %v, so a server with it does not look at signed tokens\n", file, conf.Front.Auth)
	}
	return conf, nil
}

// secretText is a secret of the command line.
func secretText(text string) ([]byte, error) {
	folder, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	secret, err := config.ParseSecret(text, folder)
	if err != nil {
		return nil, fmt.Errorf("--secret: %w", err)
	}
	return server.SecretText(secret)
}
