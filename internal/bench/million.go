package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// MillionCommand is `icomet bench million`: iComet's own experiment. It starts a server, opens idle
// long-polling subscribers, each on its own channel with a random name, and writes down what they cost.
type MillionCommand struct {
	Max    int           `default:"1000000" help:"Number of subscribers."`
	Rate   float64       `default:"0" help:"New subscribers a second; 0 is as fast as the server takes them."`
	Host   string        `default:"127.90.0.1" help:"Address of the server, on the loopback network; it listens on 100 ports from 8100 as in the original's experiment."`
	Idle   time.Duration `default:"10s" help:"How long the CPU time of the idle server is watched at each step."`
	Leave  int           `default:"90" help:"Percent of the subscribers that leave in the end."`
	Settle time.Duration `default:"60s" help:"How long after that the server's memory is measured."`
	Out    string        `default:"docs/benchmarks/million.md" help:"File to write; - is the standard output only."`
	Report string        `placeholder:"FILE" help:"Write a page of HTML with tables and plots too."`
}

// originalSteps is the experiment as iComet has published it: subscribers and resident megabytes.
var originalSteps = []struct{ subscribers, megabytes int }{
	{0, 24}, {100_000, 288}, {200_000, 565}, {500_000, 1427}, {1_000_000, 2720},
}

const (
	millionPorts = "8100-8199"
	// millionSpare are channels and connections that the server may have above what is opened.
	millionSpare = 100_000
	// serverStartLimit and serverStopLimit bound how long the server may take.
	serverStartLimit = 30 * time.Second
	serverStopLimit  = 60 * time.Second
)

// Run does the experiment.
func (c *MillionCommand) Run(ctx context.Context, s Streams) error {
	if c.Max < 1 || c.Max > subscribersMax || c.Leave < 0 || c.Leave > 100 || c.Rate < 0 {
		return errors.New("a number is out of its bounds")
	}
	restore := raiseSysctls(s.Err, sysctlRoot, sysctlsFor(c.Max))
	defer restore()
	return c.experiment(ctx, s)
}

func (c *MillionCommand) experiment(ctx context.Context, s Streams) error {
	server, err := startServer(ctx, c.Host, c.Max+millionSpare)
	if err != nil {
		return err
	}
	result, err := c.measure(ctx, s, server.pid())
	stopErr := server.stop()
	if err != nil {
		return errors.Join(err, stopErr)
	}
	if err := errors.Join(c.write(&result, s), stopErr); err != nil {
		return err
	}
	if !result.OK() {
		return errUnclean
	}
	return nil
}

func (c *MillionCommand) measure(ctx context.Context, s Streams, pid int) (r Result, err error) {
	t, err := ParseTarget(ctx, TargetSpec{Name: "icomet", Address: c.Host + ":" + millionPorts, PID: pid}, Poll)
	if err != nil {
		return r, err
	}
	o := Options{
		Steps: c.steps(), Rate: c.Rate, Idle: c.Idle, LeavePercent: c.Leave, Settle: c.Settle,
		Input: s.In, Progress: s.Err,
	}
	r = Result{Date: time.Now(), Command: commandLine(os.Args[1:]), Machine: thisMachine()}
	run, err := o.Run(ctx, t)
	r.Runs = []Run{run}
	return r, err
}

// steps are those of the original up to the number that was asked for.
func (c *MillionCommand) steps() (steps []int) {
	for _, s := range originalSteps {
		if s.subscribers < c.Max {
			steps = append(steps, s.subscribers)
		}
	}
	return append(steps, c.Max)
}

func (c *MillionCommand) write(r *Result, s Streams) error {
	var text bytes.Buffer
	if err := writeMillion(&text, r); err != nil {
		return err
	}
	if _, err := s.Out.Write(text.Bytes()); err != nil {
		return err
	}
	if c.Out != "-" {
		if err := os.MkdirAll(filepath.Dir(c.Out), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(c.Out, text.Bytes(), 0o644); err != nil {
			return err
		}
	}
	if c.Report == "" {
		return nil
	}
	return writeFile(c.Report, r.WriteHTML)
}

// writeMillion writes the experiment as a document.
func writeMillion(w io.Writer, r *Result) error {
	run, m := &r.Runs[0], &r.Machine
	last := run.Steps[len(run.Steps)-1]
	fmt.Fprintf(w, "# %s idle subscribers\n\n", number(float64(last.Subscribers)))
	fmt.Fprintf(w, "iComet's own experiment: long-polling subscribers, each on its own channel with a random name, server and\n"+
		"clients on one machine, the server listening on 100 ports. The last column is what the author of iComet published.\n\n")
	if err := run.millionTable().markdown(w); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nRES is all memory of the server's process that is resident (VmRSS), shared pages too. Both ends of every connection are\n"+
		"on this machine, so that a subscriber is two sockets in the kernel; `kernel B/socket` is for one (growth of Slab in\n"+
		"/proc/meminfo and of TCP in /proc/net/sockstat). `user B each` is the growth of RES for each subscriber. CPU µs/new is the\n"+
		"server's CPU time for a new subscriber, user and system. 1 MB is 1,048,576 bytes.\n\n")
	if a := run.After; a != nil {
		fmt.Fprintf(w, "%s of them, taken at random, then left. %.0f s later the server with the remaining %s had %s resident.\n\n",
			number(float64(last.Subscribers-a.Left)), a.Seconds, number(float64(a.Left)), megabytes(a.ResBytes))
	}
	fmt.Fprintf(w, "- Connections that failed, broke or were refused: %s\n", number(float64(run.Tally.Failed+run.Tally.Dropped+run.Tally.Refused)))
	fmt.Fprintf(w, "- Date: %s\n- Command: `%s`\n", r.Date.UTC().Format("2006-01-02"), r.Command)
	_, err := fmt.Fprintf(w, "- Machine: %d × %s, %s of memory, %s, %s\n", m.Processors, m.Processor, megabytes(m.MemoryBytes), m.Kernel, m.Go)
	return err
}

func (r *Run) millionTable() *table {
	t := r.seedTable()
	t.Notes = nil
	t.Heads = append(t.Heads, "iComet 0.2")
	for i, s := range r.Steps {
		t.Rows[i] = append(t.Rows[i], originalMemory(s.Subscribers))
	}
	return &t
}

// originalMemory is what the original's author has published for that many subscribers.
func originalMemory(subscribers int) string {
	for _, s := range originalSteps {
		if s.subscribers == subscribers {
			return number(float64(s.megabytes)) + " MB"
		}
	}
	return "–"
}

// serverProcess is a server that the experiment has started.
type serverProcess struct {
	command *exec.Cmd
	folder  string
	ended   chan error
}

// startServer starts this program as a server at host, for n connections, and waits until it listens.
func startServer(ctx context.Context, host string, n int) (*serverProcess, error) {
	folder, err := os.MkdirTemp("", "icomet-bench-")
	if err != nil {
		return nil, err
	}
	s := &serverProcess{folder: folder, ended: make(chan error, 1)}
	if err := s.start(host, n); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	if err := s.ready(ctx, host); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func (s *serverProcess) start(host string, n int) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	file := filepath.Join(s.folder, "million.conf")
	if err := os.WriteFile(file, []byte(millionConfig(host, n)), 0o600); err != nil {
		return err
	}
	log, err := os.Create(s.logFile())
	if err != nil {
		return err
	}
	defer log.Close()
	s.command = exec.Command(program, file)
	s.command.Stdout, s.command.Stderr = log, log
	if err := s.command.Start(); err != nil {
		return err
	}
	go func() { s.ended <- s.command.Wait() }()
	return nil
}

func (s *serverProcess) logFile() string { return filepath.Join(s.folder, "log.txt") }

func (s *serverProcess) pid() int { return s.command.Process.Pid }

// millionConfig is the server's configuration. Polls wait for an hour, so that idle subscribers are idle.
func millionConfig(host string, n int) string {
	lines := []string{
		"logger:", "\tlevel: info", "\toutput: stderr",
		"admin:", "\tlisten: " + net.JoinHostPort(host, "8000"),
		"front:", "\tlisten: " + net.JoinHostPort(host, millionPorts), "\tauth: none",
		fmt.Sprintf("\tmax_channels: %d", n), fmt.Sprintf("\tmax_connections: %d", n),
		"\tmax_subscribers_per_channel: 16", "\tchannel_buffer_size: 10",
		"\tchannel_timeout: 30", "\tpolling_timeout: 3600", "",
	}
	return strings.Join(lines, "\n")
}

// ready waits until the server takes connections.
func (s *serverProcess) ready(ctx context.Context, host string) error {
	ctx, cancel := context.WithTimeout(ctx, serverStartLimit)
	defer cancel()
	first, _, _ := strings.Cut(millionPorts, "-")
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		var dialer net.Dialer
		conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(host, first))
		if err == nil {
			return conn.Close()
		}
		select {
		case err := <-s.ended:
			s.ended <- err
			log, _ := os.ReadFile(s.logFile())
			return fmt.Errorf("bench: the server has ended (%v):\n%s", err, log)
		case <-ctx.Done():
			return fmt.Errorf("bench: the server does not listen: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

// stop ends the server and removes its files.
func (s *serverProcess) stop() error {
	defer os.RemoveAll(s.folder)
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	timer := time.NewTimer(serverStopLimit)
	defer timer.Stop()
	select {
	case err := <-s.ended:
		return err
	case <-timer.C:
		err := s.command.Process.Kill()
		<-s.ended
		return errors.Join(errors.New("bench: the server did not stop in time and was killed"), err)
	}
}
