// Package process is the life of the server as a process of the system, in the manner of iComet: its
// command line, its pidfile, `-s stop`, `-d`, and the signals that end it.
//
//	icomet [-d] [CONF] [-s start|stop|restart]
//
// What differs from iComet 0.2.5: a pidfile left by a crash does not block the next start, junk in a
// pidfile is an error and never signals a process group, stopping is bounded in time, SIGHUP ends the
// server in good order, and with -d the command returns only when the server listens, or with 1 and the
// reason when it does not.
//
// Deliberately absent: what is in the configuration, what the server does, and os.Exit. Everything here
// works on Linux and macOS.
//
// Start with [ParseArgs]; pidfile.go, stop.go, daemon.go and signal.go are independent of each other.
package process
