package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Options say what a run of the bench does, the same for each target.
type Options struct {
	Transport   Transport
	Steps       []int // numbers of subscribers, ascending, at least one; the last is how many there are in the end
	Rate        float64
	Channels    int
	Sources     int
	Idle        time.Duration // for which the CPU time of an idle server is watched
	Publish     Rate
	Duration    time.Duration // of publishing
	Size        int
	Connections int // that publish
	Seed        uint64
	// LeavePercent of the subscribers leave in the end, and Settle is the time after which the memory
	// that is left is measured.
	LeavePercent int
	Settle       time.Duration
	// PauseEvery waits for a line on Input at each multiple of it; 0 never waits.
	PauseEvery int
	Input      io.Reader
	// Progress gets a line now and then.
	Progress io.Writer
}

// arrivalLimit is how long nothing may arrive before what has been published and not received counts as lost.
const arrivalLimit = 2 * time.Second

// run is one target on its way through the steps.
type run struct {
	options Options
	target  *Target
	crowd   *Crowd
	meter   meter
	line    progress
	result  Run
}

// Run takes one target through its steps. What was measured is returned with an error too.
func (o Options) Run(ctx context.Context, t *Target) (result Run, err error) {
	r := &run{
		options: o, target: t, meter: meter{pid: t.PID}, line: progress{out: o.Progress, name: t.Name},
		result: Run{Target: t.Name, Transport: o.Transport, Local: t.Local(), Greets: t.greets(o.Transport), PID: t.PID},
	}
	defer func() {
		result = r.result
		if err != nil {
			result.Error = err.Error()
		}
	}()
	if o.Publish != 0 && !t.Publishes() {
		return result, errors.New("bench: the target does not say how to publish")
	}
	if err := r.checkProcess(); err != nil {
		return result, err
	}
	if r.crowd, err = NewCrowd(r.crowdOptions()); err != nil {
		return result, err
	}
	defer r.crowd.Close()
	err = r.phases(ctx)
	r.line.end()
	r.result.Tally = r.crowd.Tally()
	return result, err
}

// checkProcess tells at once when a process that was asked for cannot be watched. On systems that do not tell
// its figures the run goes on without them.
func (r *run) checkProcess() error {
	if r.meter.pid == 0 {
		return nil
	}
	_, err := ReadProcess(r.meter.pid)
	if errors.Is(err, ErrNotAvailable) {
		r.line.say("%v", err)
		r.meter.pid, r.result.PID = 0, 0
		return nil
	}
	return err
}

func (r *run) crowdOptions() CrowdOptions {
	o := CrowdOptions{
		Target: r.target, Transport: r.options.Transport, Max: r.options.Steps[len(r.options.Steps)-1],
		Channels: r.options.Channels, Sources: r.options.Sources, Size: r.options.Size, Seed: r.options.Seed,
	}
	if r.options.Publish != 0 {
		o.Publishers = r.options.Connections
	}
	r.result.Channels = o.Channels
	if o.Channels == 0 || o.Channels > o.Max {
		r.result.Channels = o.Max
	}
	return o
}

func (r *run) phases(ctx context.Context) error {
	for i, n := range r.options.Steps {
		if err := r.step(ctx, i, n); err != nil {
			return err
		}
	}
	if r.options.Publish != 0 {
		if err := r.traffic(ctx); err != nil {
			return err
		}
	}
	if r.options.LeavePercent > 0 {
		return r.leave(ctx)
	}
	return nil
}

// step grows the crowd to n subscribers and measures what they cost.
func (r *run) step(ctx context.Context, i, n int) error {
	before := r.meter.read()
	start := time.Now()
	if err := r.grow(ctx, n); err != nil {
		return err
	}
	grown := time.Since(start)
	s := Step{Subscribers: n, Seconds: grown.Seconds()}
	fresh := n
	if i > 0 {
		fresh -= r.options.Steps[i-1]
	}
	s.Rate = float64(fresh) / grown.Seconds()
	if fresh == 0 {
		s.Rate = 0
	}
	after := r.meter.read()
	if fresh > 0 {
		s.CPUMicros = (after.process.CPUSeconds - before.process.CPUSeconds) * 1e6 / float64(fresh)
	}
	if r.meter.pid != 0 {
		if err := r.idle(ctx, &s); err != nil {
			return err
		}
	}
	r.meter.fill(&s, r.target.Local())
	r.result.Steps = append(r.result.Steps, s)
	return nil
}

// idle measures how much CPU time the server takes while nothing happens. It first lets it finish what the
// new subscribers have left to do.
func (r *run) idle(ctx context.Context, s *Step) error {
	if r.options.Idle <= 0 {
		return nil
	}
	r.line.say("%s subscribers: watching the idle server", number(float64(s.Subscribers)))
	if err := wait(ctx, r.options.Idle/2); err != nil {
		return err
	}
	before, start := r.meter.read(), time.Now()
	if err := wait(ctx, r.options.Idle); err != nil {
		return err
	}
	spent := r.meter.read().process.CPUSeconds - before.process.CPUSeconds
	s.IdleCPU = 100 * spent / time.Since(start).Seconds()
	return nil
}

// grow goes to n subscribers, with the pauses that are wanted.
func (r *run) grow(ctx context.Context, n int) error {
	for r.options.PauseEvery > 0 {
		next := (int(r.crowd.Tally().Standing)/r.options.PauseEvery + 1) * r.options.PauseEvery
		if next > n {
			break
		}
		if err := r.crowd.Grow(ctx, next, r.options.Rate, r.watch(next)); err != nil {
			return err
		}
		if err := r.pause(next); err != nil {
			return err
		}
	}
	return r.crowd.Grow(ctx, n, r.options.Rate, r.watch(n))
}

func (r *run) watch(n int) func(Tally) {
	return func(t Tally) { r.line.growing(t, n) }
}

// pause waits for Enter.
func (r *run) pause(n int) error {
	r.line.end()
	fmt.Fprintf(r.options.Progress, "%s subscribers, press Enter to go on: ", number(float64(n)))
	_, err := bufio.NewReaderSize(r.options.Input, 1).ReadString('\n')
	if err == io.EOF {
		r.options.PauseEvery = 0
		return nil
	}
	return err
}

// traffic publishes, and waits until everything has arrived.
func (r *run) traffic(ctx context.Context) error {
	o := &r.options
	before, start, first := r.meter.read(), time.Now(), r.crowd.Tally()
	err := r.crowd.Publish(ctx, o.Publish, o.Duration, func(t Tally) { r.line.publishing(t) })
	published := time.Since(start)
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	missing, err := r.arrive(ctx)
	if err != nil {
		return err
	}
	arrived := time.Since(start)
	last := r.crowd.Tally()
	m := &Traffic{
		Wanted: o.Publish, Size: r.crowd.options.Size, Connections: r.crowd.options.Publishers,
		Seconds: published.Seconds(), Published: last.Published - first.Published, Skipped: last.Skipped,
		Delivered:       last.Delivered - first.Delivered,
		Latency:         quantilesOf(r.crowd.Latency()),
		PublishLatency:  quantilesOf(r.crowd.PublishLatency()),
		MissingAtTheEnd: missing,
	}
	if missing > 0 {
		arrived -= arrivalLimit
	}
	m.PublishRate = float64(m.Published) / published.Seconds()
	m.DeliveryRate = float64(m.Delivered) / arrived.Seconds()
	if m.Delivered > 0 {
		m.CPUMicros = (r.meter.read().process.CPUSeconds - before.process.CPUSeconds) * 1e6 / float64(m.Delivered)
	}
	r.result.Traffic = m
	return nil
}

// arrive waits for what is under way. What does not come is lost.
func (r *run) arrive(ctx context.Context) (missing uint64, err error) {
	last, since := r.crowd.Tally().Delivered, time.Now()
	err = r.crowd.until(ctx, func() bool {
		missing = r.crowd.Missing()
		t := r.crowd.Tally()
		r.crowd.mend(&t)
		if t.Delivered != last {
			last, since = t.Delivered, time.Now()
		}
		return missing == 0 || time.Since(since) > arrivalLimit
	})
	r.crowd.forfeit(missing)
	return missing, err
}

// leave lets most subscribers go, and looks at what they leave behind.
func (r *run) leave(ctx context.Context) error {
	standing := int(r.crowd.Tally().Standing)
	r.line.say("%d %% of the subscribers leave", r.options.LeavePercent)
	limited, cancel := context.WithTimeout(ctx, stallLimit)
	defer cancel()
	if err := r.crowd.Leave(limited, standing*r.options.LeavePercent/100); err != nil {
		return fmt.Errorf("leave: %w", err)
	}
	r.line.say("waiting %v for the server to give memory back", r.options.Settle)
	if err := wait(ctx, r.options.Settle); err != nil {
		return err
	}
	r.result.After = &After{
		Left: int(r.crowd.Tally().Standing), Seconds: r.options.Settle.Seconds(),
		ResBytes: r.meter.read().process.ResBytes,
	}
	return nil
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// meter reads the figures of the server's process and of the kernel.
type meter struct {
	pid   int
	first *reading
	base  int // subscribers at the first reading that was filled in
}

// reading is what a meter showed at one moment. It is zero for what is not known.
type reading struct {
	process, bench ProcessFigures
	kernel         KernelFigures
}

func (m *meter) read() (r reading) {
	if m.pid != 0 {
		r.process, _ = ReadProcess(m.pid)
	}
	r.bench, _ = ReadProcess(os.Getpid())
	r.kernel, _ = ReadKernel()
	return r
}

// fill puts what the meter shows into a step; the first step is what the others are compared with.
func (m *meter) fill(s *Step, local bool) {
	now := m.read()
	s.VirtBytes, s.ResBytes = now.process.VirtBytes, now.process.ResBytes
	s.BenchResBytes = now.bench.ResBytes
	if m.first == nil {
		m.first, m.base = &now, s.Subscribers
		return
	}
	if m.pid == 0 || s.Subscribers == m.base {
		return
	}
	n := float64(s.Subscribers - m.base)
	s.UserBytes = float64(now.process.ResBytes-m.first.process.ResBytes) / n
	sockets := n
	if local {
		sockets *= 2
	}
	grown := now.kernel.SlabBytes + now.kernel.SocketBytes - m.first.kernel.SlabBytes - m.first.kernel.SocketBytes
	s.KernelBytes = float64(grown) / sockets
}
