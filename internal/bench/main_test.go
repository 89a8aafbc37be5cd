package bench

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/icomet/icomet/internal/config"
	"github.com/icomet/icomet/internal/logfile"
	"github.com/icomet/icomet/internal/server"
)

// TestMain lets the test's own program stand in for the server's, which the experiment starts with a configuration
// file as its only word.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && strings.HasSuffix(os.Args[1], ".conf") {
		if err := serve(os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

func serve(file string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	c, _, err := config.Load(file)
	if err != nil {
		return err
	}
	log := logfile.New(os.Stderr, slog.LevelWarn)
	s, err := server.Start(server.Options{Config: c, Log: log.Logger()})
	if err != nil {
		return err
	}
	<-ctx.Done()
	err = s.Stop(context.Background())
	log.Close(context.Background())
	return err
}

// quiet are streams for commands whose output does not matter.
func quiet() Streams { return Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard} }
