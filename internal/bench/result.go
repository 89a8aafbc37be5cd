package bench

import (
	"encoding/json"
	"io"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Result is what a run of the bench has measured.
type Result struct {
	Date    time.Time
	Command string
	Machine Machine
	Runs    []Run
}

// Machine is where it was measured.
type Machine struct {
	Kernel      string
	Processor   string
	Processors  int
	MemoryBytes int64
	Go          string
	Revision    string // of this program; "" if it was not built from a repository
}

// Run is what was measured of one target.
type Run struct {
	Target    string
	Transport Transport
	Channels  int
	Local     bool // both ends of the connections were on this machine
	Greets    bool // the server answers a subscription with a head before there is a message
	PID       int  // 0 if the figures of the process were not wanted
	Steps     []Step
	Traffic   *Traffic `json:",omitempty"`
	After     *After   `json:",omitempty"`
	Tally     Tally
	// Error says why the run ended early; "" if it did not.
	Error string `json:",omitempty"`
}

// Step is a number of subscribers, and what they cost. Figures of the process and the kernel are 0 where they were
// not wanted or are not available.
type Step struct {
	Subscribers   int
	Seconds       float64 // that it took to get here from the step before
	Rate          float64 // new subscribers a second
	VirtBytes     int64
	ResBytes      int64
	UserBytes     float64 // resident bytes for each subscriber, above the first step
	KernelBytes   float64 // kernel bytes for each socket, above the first step
	IdleCPU       float64 // percent of one processor
	CPUMicros     float64 // CPU time for each new subscriber
	BenchResBytes int64   // of the bench itself
}

// Traffic is what happened to the messages.
type Traffic struct {
	Wanted          Rate
	Size            int
	Connections     int
	Seconds         float64
	Published       uint64
	PublishRate     float64
	Skipped         uint64
	Delivered       uint64
	DeliveryRate    float64
	CPUMicros       float64 // of the server, for each delivery; 0 if not known
	Latency         Quantiles
	PublishLatency  Quantiles
	MissingAtTheEnd uint64
}

// After is what was left when most subscribers had gone.
type After struct {
	Left     int
	Seconds  float64 // that the server had for giving memory back
	ResBytes int64
}

// Quantiles are times in microseconds.
type Quantiles struct {
	P50, P90, P99, P999, Max int64
	Mean                     float64
	Curve                    []Point `json:",omitempty"`
}

// Point says that Percent of all took Micros or less.
type Point struct {
	Percent float64
	Micros  int64
}

// curvePercents are the points of Quantiles.Curve.
var curvePercents = []float64{0, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 99.999, 100}

func quantilesOf(h *hdrhistogram.Histogram) Quantiles {
	q := Quantiles{
		P50: h.ValueAtQuantile(50), P90: h.ValueAtQuantile(90), P99: h.ValueAtQuantile(99),
		P999: h.ValueAtQuantile(99.9), Max: h.Max(), Mean: h.Mean(),
	}
	if h.TotalCount() == 0 {
		return q
	}
	for _, p := range curvePercents {
		q.Curve = append(q.Curve, Point{p, h.ValueAtQuantile(p)})
	}
	return q
}

// OK tells whether every run went to its end and no subscriber missed anything.
func (r *Result) OK() bool {
	for i := range r.Runs {
		if run := &r.Runs[i]; run.Error != "" || !run.Tally.Clean() {
			return false
		}
	}
	return true
}

// WriteJSON writes the result for programs.
func (r *Result) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

func thisMachine() Machine {
	m := Machine{
		Kernel: kernelRelease(), Processor: processorName(), Processors: runtime.NumCPU(),
		MemoryBytes: memoryBytes(), Go: runtime.Version(),
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				m.Revision = s.Value[:min(len(s.Value), 12)]
			}
		}
	}
	return m
}
