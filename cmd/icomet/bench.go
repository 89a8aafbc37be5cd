package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/icomet/icomet/internal/bench"
)

// runBench is `icomet bench`; args are the words behind it.
func runBench(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return bench.Main(ctx, args, bench.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
}
