// Package metrics shows figures in the text format of Prometheus.
//
// Whoever counts keeps its own counters, on its own loop; here they are only given a name and a meaning
// and read when somebody asks. That keeps counting free of locks.
//
// Deliberately absent: who counts, and labels with values that clients can choose.
package metrics

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// namespace begins the name of every metric of ours.
const namespace = "icomet_"

// Set is a set of metrics. The methods that add to it are not safe for concurrent use with each other;
// its handler is.
type Set struct {
	registry *prometheus.Registry
	metrics  []Metric
}

// Metric describes a metric for the manual.
type Metric struct {
	Name, Help string
}

// NewSet returns a set that has the Go runtime's and the process's own metrics already.
func NewSet() *Set {
	s := &Set{registry: prometheus.NewRegistry()}
	s.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return s
}

// Labels are the fixed labels of one series.
type Labels = prometheus.Labels

// Counter adds a series of a metric that only grows. Its name gets the prefix icomet_. value is called
// on any goroutine.
func (s *Set) Counter(name, help string, labels Labels, value func() float64) {
	s.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: namespace + name, Help: help, ConstLabels: labels,
	}, value))
	s.describe(name, help)
}

// Gauge adds a series of a metric that goes up and down.
func (s *Set) Gauge(name, help string, labels Labels, value func() float64) {
	s.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: namespace + name, Help: help, ConstLabels: labels,
	}, value))
	s.describe(name, help)
}

func (s *Set) describe(name, help string) {
	if last := len(s.metrics) - 1; last >= 0 && s.metrics[last].Name == namespace+name {
		return // one more series of the same metric
	}
	s.metrics = append(s.metrics, Metric{namespace + name, help})
}

// All describes the metrics of the set, without those of the Go runtime.
func (s *Set) All() []Metric { return s.metrics }

// Handler shows the set.
func (s *Set) Handler() http.Handler {
	return promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{})
}
