package demo

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/hub"
)

const (
	chartPrefix = "chart-"
	// chartsMax is how many charts get points at a time.
	chartsMax = 4
	// batchInterval is the time between two messages of a chart, and pointInterval that between two of its points.
	batchInterval = 50 * time.Millisecond
	pointInterval = time.Millisecond
	// batchPointsMax bounds the points of a message, for each line. What a machine that stood still has missed is left
	// out.
	batchPointsMax = 500
)

// charts are the channels that get points: those with subscribers.
type charts struct {
	mu     sync.Mutex
	byName map[string]*chart // guarded by mu; at most chartsMax
}

// chart is the channel of a chart, with a goroutine that publishes to it.
type chart struct {
	name   string
	wanted bool // it has subscribers; guarded by charts.mu
}

// Hear implements hub.Listener: a chart begins with its first subscriber and ends with its last.
func (d *Demo) Hear(e hub.Event) {
	if !strings.HasPrefix(e.Channel, chartPrefix) {
		return
	}
	switch e.Kind {
	case hub.ChannelOccupied:
		d.chartOccupied(e.Channel)
	case hub.ChannelVacated:
		d.charts.vacated(e.Channel)
	}
}

func (d *Demo) chartOccupied(name string) {
	d.charts.mu.Lock()
	defer d.charts.mu.Unlock()
	c := d.charts.byName[name]
	switch {
	case c != nil:
		c.wanted = true // the goroutine had not seen yet that it was not
	case len(d.charts.byName) >= chartsMax:
		d.work.begin(func() { d.sayFull(name) })
	default:
		c = &chart{name: name, wanted: true}
		if d.work.begin(func() { d.runChart(c) }) {
			d.charts.byName[name] = c
		}
	}
}

func (c *charts) vacated(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if chart := c.byName[name]; chart != nil {
		chart.wanted = false
	}
}

// ends forgets a chart that nobody wants any more, and tells whether it has.
func (c *charts) ends(chart *chart) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !chart.wanted {
		delete(c.byName, chart.name)
	}
	return !chart.wanted
}

// running is the number of charts that get points.
func (c *charts) running() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.byName)
}

// sayFull tells the subscribers of a channel that it gets no points.
func (d *Demo) sayFull(name string) {
	text := "the server draws " + strconv.Itoa(chartsMax) + " charts already"
	d.hub.Publish(d.now(), []byte(name), hub.Publication{Payload: hub.Payload{
		Content: string(delivery.AppendContent(nil, text)), Event: "full",
	}})
}

// runChart publishes points until nobody wants them. A batch that an overloaded server does not take is left out; the
// page sees that by the time of the next.
func (d *Demo) runChart(c *chart) {
	tick := time.NewTicker(batchInterval)
	defer tick.Stop()
	s := newSignal(time.Now())
	var out []byte
	for {
		select {
		case <-d.work.Done():
			return
		case now := <-tick.C:
			if d.charts.ends(c) {
				return
			}
			out = s.appendBatch(out[:0], now)
			d.hub.Publish(d.now(), []byte(c.name), hub.Publication{Payload: hub.Payload{Content: string(out), Form: hub.JSON}})
		}
	}
}

// getClock tells the time of the server in milliseconds, so that a page can tell a late message from a clock that is
// wrong.
func getClock(w http.ResponseWriter, _ *http.Request) {
	answer(w, struct {
		Now float64 `json:"now"`
	}{milliseconds(time.Now())})
}

// milliseconds is a time as pages reckon it.
func milliseconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1000 }
