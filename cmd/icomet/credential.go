package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/icomet/icomet/internal/credential"
)

// runCredential is `icomet token` and `icomet explain`; args begin with that word.
func runCredential(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return credential.Main(ctx, args, credential.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
}
