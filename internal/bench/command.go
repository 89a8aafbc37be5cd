package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// Command is the command line of `icomet bench`. Without the name of a command it is run.
type Command struct {
	Run     RunCommand     `cmd:"" help:"Load servers with subscribers and messages and measure them. See also: icomet bench million --help."`
	Million MillionCommand `cmd:"" help:"Start a server and repeat iComet's own experiment: up to 1,000,000 idle long-polling subscribers."`
}

// RunCommand is `icomet bench`, or `icomet bench run`.
type RunCommand struct {
	Address string `arg:"" optional:"" help:"HOST, HOST:PORT or HOST:PORT-PORT of an iComet server's public door."`
	Port    string `arg:"" optional:"" help:"PORT or PORT-PORT, if it does not stand behind HOST."`

	Subscribers int       `short:"n" default:"10000" help:"Number of subscribers."`
	Steps       []int     `help:"Numbers of subscribers to stop and measure at; by default some parts of --subscribers."`
	Rate        float64   `short:"r" default:"0" help:"New subscribers a second; 0 is as fast as the server takes them."`
	Transport   Transport `short:"t" default:"poll" help:"poll, jsonp, stream, sse or iframe. Of other servers than iComet a message is a whole answer, a line or an event."`
	Channels    int       `short:"k" default:"0" help:"Channels that the subscribers share; 0 gives each one of its own with a random name."`
	Sources     int       `default:"0" help:"Source addresses on the loopback network; 0 is as many as needed."`
	Pause       bool      `help:"Wait for Enter at each 100,000 subscribers."`
	Seed        uint64    `default:"0" help:"Seed of the names of channels; 0 is random."`

	PID  int           `name:"pid" default:"0" help:"Process of the server on this machine, for its memory and CPU time."`
	Idle time.Duration `default:"3s" help:"How long the CPU time of the idle server is watched at each step, with --pid."`

	Publish     Rate          `short:"p" default:"0" help:"Messages to publish a second, over all channels, or max."`
	Duration    time.Duration `short:"d" default:"10s" help:"How long to publish."`
	Size        int           `default:"100" help:"Bytes of a message; at least 35."`
	Connections int           `short:"c" default:"16" help:"Keep-alive connections that publish."`

	Leave  int           `default:"0" help:"Percent of the subscribers that leave in the end."`
	Settle time.Duration `default:"60s" help:"How long after that the server's memory is measured."`

	Admin         string   `help:"HOST:PORT of an iComet server's private door; by default port 8000 of the same host."`
	SubscribeURL  string   `name:"subscribe-url" placeholder:"URL" help:"Template for subscribing to other servers, as http://127.0.0.1:8080/sub/{channel}. Fields: {channel} {seq} {noop}."`
	PublishURL    string   `name:"publish-url" placeholder:"URL" help:"Template for publishing, as http://127.0.0.1:8080/pub?id={channel}. Fields: {channel} {content}."`
	PublishMethod string   `help:"Method of publishing; GET, or POST where there is a body."`
	PublishBody   string   `placeholder:"TEXT" help:"Template of the body of a publish, as {content}."`
	Target        []string `sep:"none" placeholder:"SPEC" help:"A server to load; repeat it to compare several in one report: NAME=HOST:PORT, or members as in 'name=nchan; subscribe=URL; publish=URL; body={content}; pid=PID'. Members: name address admin subscribe publish method body pid."`

	Report string `placeholder:"FILE" help:"Write a page of HTML with tables and plots."`
	JSON   string `name:"json" placeholder:"FILE" help:"Write the figures as JSON; - is the standard output, instead of the tables."`
}

// Streams are where a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// errUnclean is returned when a run went to its end, and something was wrong with what came.
var errUnclean = errors.New("bench: there were errors, see the table of checks")

// Main runs `icomet bench` with the words behind it and returns the exit code: 0 if all went well, 1 if
// something failed, or any subscriber missed a message or got one twice.
func Main(ctx context.Context, args []string, s Streams) int {
	var command Command
	parser, err := kong.New(&command, kong.Name("icomet bench"), kong.Writers(s.Out, s.Err),
		kong.Description("Subscribers and publishers by the hundred thousand, from one process and without another ulimit."),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(s), kong.Exit(exit),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}))
	if err != nil {
		fmt.Fprintln(s.Err, err)
		return 1
	}
	if len(args) == 0 || args[0] != "run" && args[0] != "million" {
		args = append([]string{"run"}, args...)
	}
	return parseAndRun(parser, args, s)
}

// exited carries the exit code of kong's help out of its parser.
type exited int

func exit(code int) { panic(exited(code)) }

func parseAndRun(parser *kong.Kong, args []string, s Streams) (code int) {
	defer func() {
		if v := recover(); v != nil {
			e, ok := v.(exited)
			if !ok {
				panic(v)
			}
			code = int(e)
		}
	}()
	c, err := parser.Parse(args)
	if err == nil {
		err = c.Run()
	}
	if err != nil {
		fmt.Fprintln(s.Err, err)
		return 1
	}
	return 0
}

// Run takes the targets through the steps, one after the other.
func (c *RunCommand) Run(ctx context.Context, s Streams) error {
	specs, err := c.specs()
	if err != nil {
		return err
	}
	var targets []*Target
	for _, spec := range specs {
		t, err := ParseTarget(ctx, spec, c.Transport)
		if err != nil {
			return err
		}
		targets = append(targets, t)
	}
	result := Result{Date: time.Now(), Command: commandLine(os.Args[1:]), Machine: thisMachine()}
	for _, t := range targets {
		o, err := c.options(t, s)
		if err != nil {
			return err
		}
		run, err := o.Run(ctx, t)
		result.Runs = append(result.Runs, run)
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), c.write(&result, s))
		}
		if err != nil {
			fmt.Fprintln(s.Err, err)
		}
	}
	if err := c.write(&result, s); err != nil {
		return err
	}
	if !result.OK() {
		return errUnclean
	}
	return nil
}

// commandLine is how a shell would be told to do the same again.
func commandLine(args []string) string {
	words := []string{"icomet"}
	for _, a := range args {
		if a == "" || strings.ContainsAny(a, " \t\n;&|<>(){}$`\\\"'*?[]#~!") {
			a = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		words = append(words, a)
	}
	return strings.Join(words, " ")
}

// specs are the targets: those of --target, and the one that the other arguments describe.
func (c *RunCommand) specs() (list []TargetSpec, err error) {
	own := TargetSpec{
		Address: c.Address, Admin: c.Admin, Subscribe: c.SubscribeURL, Publish: c.PublishURL,
		Method: c.PublishMethod, Body: c.PublishBody, PID: c.PID,
	}
	if c.Port != "" {
		own.Address += ":" + c.Port
	}
	if own.Address != "" || own.Subscribe != "" {
		list = append(list, own)
	}
	for _, text := range c.Target {
		spec, err := ParseTargetSpec(text)
		if err != nil {
			return nil, err
		}
		list = append(list, spec)
	}
	if len(list) == 0 {
		return nil, errors.New("expected HOST:PORT, --subscribe-url or --target; see icomet bench --help")
	}
	return list, nil
}

// pauseEvery is how many subscribers the original's benchmark opened between two waits for Enter.
const pauseEvery = 100_000

// sizeMax bounds a message.
const sizeMax = 1 << 20

// subscribersMax bounds a crowd.
const subscribersMax = 10_000_000

func (c *RunCommand) options(t *Target, s Streams) (o Options, err error) {
	o = Options{
		Transport: c.Transport, Steps: c.Steps, Rate: c.Rate, Channels: c.Channels, Sources: c.Sources,
		Idle: c.Idle, Publish: c.Publish, Duration: c.Duration, Size: c.Size, Connections: c.Connections,
		Seed: c.Seed, LeavePercent: c.Leave, Settle: c.Settle, Input: s.In, Progress: s.Err,
	}
	if c.Pause {
		o.PauseEvery = pauseEvery
	}
	if len(o.Steps) == 0 {
		o.Steps = stepsTo(c.Subscribers, t.PID != 0)
	}
	last := o.Steps[len(o.Steps)-1]
	switch {
	case !slices.IsSorted(o.Steps) || o.Steps[0] < 0 || last < 1 || last > subscribersMax:
		return o, fmt.Errorf("expected ascending numbers of subscribers, from 1 to %d at last", subscribersMax)
	case c.Size > sizeMax || c.Connections < 1 || c.Channels < 0 || c.Rate < 0 || c.Sources < 0:
		return o, errors.New("a size, rate or number is out of its bounds")
	case c.Leave < 0 || c.Leave > 100:
		return o, errors.New("expected --leave from 0 to 100 percent")
	}
	return o, nil
}

// stepsTo are the steps to n subscribers: parts of it if there is a process to measure.
func stepsTo(n int, measured bool) []int {
	if !measured {
		return []int{n}
	}
	return slices.Compact([]int{0, n / 10, n / 5, n / 2, n})
}

// write writes the result in the forms that were asked for.
func (c *RunCommand) write(r *Result, s Streams) error {
	if c.JSON == "-" {
		if err := r.WriteJSON(s.Out); err != nil {
			return err
		}
	} else if err := r.WriteText(s.Out); err != nil {
		return err
	}
	if c.JSON != "" && c.JSON != "-" {
		if err := writeFile(c.JSON, r.WriteJSON); err != nil {
			return err
		}
	}
	if c.Report == "" {
		return nil
	}
	return writeFile(c.Report, r.WriteHTML)
}

func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
