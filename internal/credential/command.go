package credential

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/alecthomas/kong"
)

// command is the command line behind `icomet`.
type command struct {
	Token   tokenCommand   `cmd:"" help:"Make a signed token for tests by hand. Those of users are made by your application."`
	Explain explainCommand `cmd:"" help:"Say step by step whether a token gives access to a channel, and why not."`
}

// Streams are where a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// errNoAccess is returned by explain when its steps have said why.
var errNoAccess = errors.New("credential: no access")

// Main runs `icomet token` or `icomet explain`: args begin with that word. It returns the exit code: 0 if a
// token was made, or gives access; 1 if not.
func Main(ctx context.Context, args []string, s Streams) int {
	left := -1 // the exit code, once the parser has shown its help
	parser, err := kong.New(&command{}, kong.Name("icomet"), kong.Writers(s.Out, s.Err),
		kong.Exit(func(code int) { left = code }),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(s))
	if err != nil {
		fmt.Fprintln(s.Err, err)
		return 1
	}
	c, err := parser.Parse(args)
	if left >= 0 {
		return left
	}
	if err == nil {
		err = c.Run()
	}
	switch {
	case errors.Is(err, errNoAccess):
		return 1
	case err != nil:
		fmt.Fprintln(s.Err, err)
		return 1
	}
	return 0
}
