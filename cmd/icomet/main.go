// Command icomet is the server, and the tools that come with it.
//
//	icomet                      serve on embedded defaults, with demos at http://127.0.0.1:8100/
//	icomet [-d] CONF            serve as CONF says; -d in the background
//	icomet CONF -s stop         stop the server of CONF; also start and restart
//	icomet bench --help         load a server and measure it
//	icomet token --help         make a signed token for tests by hand
//	icomet explain --help       say why a token gives access, or why not
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/icomet/icomet/internal/config"
	"github.com/icomet/icomet/internal/process"
	"github.com/icomet/icomet/internal/server"
)

func main() {
	os.Exit(run(os.Args))
}

// run does what the command line asks for, and returns the exit code.
func run(args []string) int {
	if len(args) > 1 {
		switch args[1] {
		case "bench":
			return runBench(args[2:])
		case "token", "explain":
			return runCredential(args[1:])
		}
	}
	fmt.Print(process.Banner(server.Version))
	program := filepath.Base(args[0])
	inv, err := process.ParseArgs(args[1:])
	if usage := (*process.UsageError)(nil); errors.As(err, &usage) {
		fmt.Print(process.Usage(program))
		if usage.Error() != "" {
			fmt.Fprintln(os.Stderr, usage)
		}
		return 1
	}
	switch inv.Action {
	case process.Version:
	case process.Help:
		fmt.Print(process.Usage(program), "\n", config.Help())
	default:
		if err := control(inv); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return 0
}
