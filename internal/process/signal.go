package process

import (
	"os"
	"os/signal"
	"syscall"
)

// Signals delivers the signals that the server answers to. SIGPIPE is ignored, as in iComet.
type Signals struct {
	// Stop gets SIGTERM, SIGINT and SIGHUP: end in good order. The latter two stay ignored if the process
	// was started so, as by nohup.
	Stop <-chan os.Signal
	// Reopen gets SIGUSR1: open the log file again.
	Reopen <-chan os.Signal

	stop, reopen chan os.Signal
}

// NotifySignals takes the signals over from the system until Release. Signals that come while one is
// waiting in its channel are dropped.
func NotifySignals() *Signals {
	s := &Signals{stop: make(chan os.Signal, 1), reopen: make(chan os.Signal, 1)}
	s.Stop, s.Reopen = s.stop, s.reopen
	signal.Ignore(syscall.SIGPIPE)
	signal.Notify(s.stop, syscall.SIGTERM)
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGHUP} {
		if !signal.Ignored(sig) {
			signal.Notify(s.stop, sig)
		}
	}
	signal.Notify(s.reopen, syscall.SIGUSR1)
	return s
}

// Release gives the signals back to the system, so that a second SIGTERM ends a server that hangs.
func (s *Signals) Release() {
	signal.Stop(s.stop)
	signal.Stop(s.reopen)
}
