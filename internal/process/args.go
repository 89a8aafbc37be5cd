package process

import (
	"fmt"
)

// Action is what a command line asks for.
type Action int

const (
	// Start runs the server; -s start and no -s at all.
	Start Action = iota
	// Stop ends the server that the pidfile names; -s stop.
	Stop
	// Restart is Stop if there is a pidfile, then Start; -s restart.
	Restart
	// Version prints nothing after the banner; -v.
	Version
	// Help prints the usage; -h.
	Help
)

var actionNames = [...]string{"start", "stop", "restart", "version", "help"}

// String is the word for a.
func (a Action) String() string { return actionNames[a] }

// Invocation is a command line that was understood.
type Invocation struct {
	Action Action
	// File is the configuration file as written; "" stands for the built-in defaults.
	File string
	// Daemon asks for a server in the background; -d.
	Daemon bool
}

// UsageError is returned when a command line makes no sense. The caller prints [Usage], and the error
// too unless its text is empty, and exits with 1.
type UsageError struct {
	// Problem is what iComet writes to stderr behind its usage; "" when it writes nothing.
	Problem string
}

func (e *UsageError) Error() string {
	if e.Problem == "" {
		return ""
	}
	return "Error: " + e.Problem
}

// ParseArgs reads the words behind the program's name as iComet does: options and file name in any order,
// the first of -v and -h decides, the last word that is no option is the file name, even if it begins
// with a dash. Unlike in iComet no words at all mean the built-in defaults.
//
// The error is a [UsageError].
func ParseArgs(args []string) (Invocation, error) {
	var inv Invocation
	var problem *UsageError
	for i := 0; i < len(args); i++ {
		switch args[i] {
		case "-v":
			return Invocation{Action: Version}, nil
		case "-h":
			return Invocation{Action: Help}, nil
		case "-d":
			inv.Daemon = true
		case "-s":
			i++
			if i == len(args) {
				return Invocation{}, first(problem, &UsageError{})
			}
			var ok bool
			if inv.Action, ok = controlAction(args[i]); !ok {
				problem = first(problem, &UsageError{Problem: "bad argument: '" + args[i] + "'"})
			}
		default:
			inv.File = args[i]
		}
	}
	if inv.File == "" && len(args) > 0 {
		problem = first(problem, &UsageError{})
	}
	if problem != nil {
		return Invocation{}, problem
	}
	return inv, nil
}

func controlAction(word string) (a Action, ok bool) {
	switch word {
	case "start":
		return Start, true
	case "stop":
		return Stop, true
	case "restart":
		return Restart, true
	}
	return Start, false
}

// first keeps the problem that was found earlier.
func first(earlier, later *UsageError) *UsageError {
	if earlier != nil {
		return earlier
	}
	return later
}

// ChildArgs are the words for the process that a start in the background hands over to.
func (inv Invocation) ChildArgs() []string {
	if inv.File == "" {
		return nil
	}
	return []string{inv.File}
}

// Usage is the text that iComet prints for -h and for a command line that makes no sense, with program as
// the name of the command.
func Usage(program string) string {
	return fmt.Sprintf(`Usage:
    %s [-d] CONF [-s start|stop|restart]
    %[1]s
    %[1]s bench|token|explain [--help]
Options:
    CONF  the configuration file; without any argument built-in defaults are used
    -d    run in the background, return when the server listens
    -s    start, stop or restart the server whose pidfile CONF names
    -v    show the version
    -h    show this text
    bench load a server with subscribers and messages, and measure it
    token make a signed token for tests by hand
    explain
          say step by step whether a token gives access, and why not
`, program)
}

// Banner is what every invocation prints first: three lines, the last one empty.
func Banner(version string) string {
	return "icomet " + version + "\nCopyright (c) the icomet authors\n\n"
}
