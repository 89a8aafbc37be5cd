package bench

import (
	"fmt"
	"html/template"
	"math"
	"strings"
)

// chart is a plot of lines, drawn as SVG. It is drawn here and not by a library because the server is in the
// same program: fonts that a library sets up at the start would cost every server some megabytes. Colours come
// from the page's style sheet, so that light and dark pages share one drawing.
type chart struct {
	Title  string
	xTitle string
	x, y   scale
	series []series
}

// series is one line of a chart.
type series struct {
	Name   string
	points []xy
}

type xy struct{ x, y float64 }

// scale maps values to the span from 0 to 1, linear or logarithmic.
type scale struct {
	from, to float64
	log      bool
	marks    []scaleMark
}

// scaleMark is a value that is written beside the axis.
type scaleMark struct {
	at   float64
	text string
}

// The size of a chart in units of its own; the page scales it to its width.
const (
	chartWidth  = 480
	chartHeight = 300
	chartLeft   = 62
	chartRight  = 32
	chartTop    = 12
	chartBottom = 52
)

// seriesColours is how many colours the style sheet has.
const seriesColours = 6

func (s *scale) place(v float64) float64 {
	if s.log {
		return (math.Log10(v) - math.Log10(s.from)) / (math.Log10(s.to) - math.Log10(s.from))
	}
	return (v - s.from) / (s.to - s.from)
}

// linearScale begins at 0 and has round marks up to at least top.
func linearScale(top float64, text func(float64) string) scale {
	if top <= 0 {
		top = 1
	}
	step := math.Pow(10, math.Floor(math.Log10(top/4)))
	for _, factor := range []float64{1, 2, 5, 10} {
		if step*factor*5 >= top {
			step *= factor
			break
		}
	}
	s := scale{to: step * math.Ceil(top/step)}
	for v := 0.0; v <= s.to+step/2; v += step {
		s.marks = append(s.marks, scaleMark{v, text(v)})
	}
	return s
}

// logScale goes over whole decades from at most least to at least top.
func logScale(least, top float64, text func(float64) string) scale {
	first, last := math.Floor(math.Log10(least)), math.Ceil(math.Log10(top))
	if last <= first {
		last = first + 1
	}
	s := scale{from: math.Pow(10, first), to: math.Pow(10, last), log: true}
	for e := first; e <= last; e++ {
		v := math.Pow(10, e)
		s.marks = append(s.marks, scaleMark{v, text(v)})
	}
	return s
}

func (c *chart) px(v float64) float64 {
	return chartLeft + c.x.place(v)*(chartWidth-chartLeft-chartRight)
}

func (c *chart) py(v float64) float64 {
	return chartHeight - chartBottom - c.y.place(v)*(chartHeight-chartTop-chartBottom)
}

// SVG is the drawing.
func (c *chart) SVG() template.HTML {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" role="img" aria-label="%s">`,
		chartWidth, chartHeight, template.HTMLEscapeString(c.Title))
	c.drawAxes(&b)
	for i := range c.series {
		c.drawSeries(&b, i)
	}
	b.WriteString("</svg>")
	return template.HTML(b.String())
}

func (c *chart) drawAxes(b *strings.Builder) {
	const right, bottom = chartWidth - chartRight, chartHeight - chartBottom
	for _, m := range c.y.marks {
		y := c.py(m.at)
		fmt.Fprintf(b, `<path class="grid" d="M%d %.1fH%d"/>`, chartLeft, y, right)
		fmt.Fprintf(b, `<text class="end" x="%d" y="%.1f">%s</text>`, chartLeft-8, y+4, template.HTMLEscapeString(m.text))
	}
	for _, m := range c.x.marks {
		x := c.px(m.at)
		fmt.Fprintf(b, `<path class="grid" d="M%.1f %dV%d"/>`, x, chartTop, bottom)
		fmt.Fprintf(b, `<text class="mid" x="%.1f" y="%d">%s</text>`, x, bottom+20, template.HTMLEscapeString(m.text))
	}
	fmt.Fprintf(b, `<text class="mid" x="%d" y="%d">%s</text>`,
		(chartLeft+right)/2, chartHeight-8, template.HTMLEscapeString(c.xTitle))
}

func (c *chart) drawSeries(b *strings.Builder, i int) {
	s := &c.series[i]
	fmt.Fprintf(b, `<g class="s%d"><polyline points="`, i%seriesColours)
	for _, p := range s.points {
		fmt.Fprintf(b, "%.1f,%.1f ", c.px(p.x), c.py(p.y))
	}
	b.WriteString(`"/>`)
	for _, p := range s.points {
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="3"/>`, c.px(p.x), c.py(p.y))
	}
	b.WriteString("</g>")
}

// Legend names the series with their colours.
func (c *chart) Legend() (list []legendEntry) {
	for i := range c.series {
		list = append(list, legendEntry{Class: fmt.Sprintf("s%d", i%seriesColours), Name: c.series[i].Name})
	}
	return list
}

type legendEntry struct{ Class, Name string }

// charts are the plots of a result: those that there are figures for.
func (r *Result) charts() (list []*chart) {
	if c := r.memoryChart(); len(c.series) > 0 {
		list = append(list, c)
	}
	if c := r.latencyChart(); len(c.series) > 0 {
		list = append(list, c)
	}
	return list
}

func (r *Result) memoryChart() *chart {
	c := &chart{Title: "Resident memory of the server, MB", xTitle: "subscribers"}
	var right, top float64
	for i := range r.Runs {
		run := &r.Runs[i]
		if run.PID == 0 || len(run.Steps) < 2 {
			continue
		}
		s := series{Name: run.Target}
		for _, step := range run.Steps {
			p := xy{float64(step.Subscribers), float64(step.ResBytes) / (1 << 20)}
			right, top = max(right, p.x), max(top, p.y)
			s.points = append(s.points, p)
		}
		c.series = append(c.series, s)
	}
	c.x, c.y = linearScale(right, number), linearScale(top, number)
	return c
}

// latencyChart spreads the last percent over most of its width, since that is where servers differ.
func (r *Result) latencyChart() *chart {
	c := &chart{Title: "Publish to receive", xTitle: "percent of the deliveries took this time or less"}
	least, top := math.Inf(1), 1.0
	for i := range r.Runs {
		run := &r.Runs[i]
		if run.Traffic == nil || len(run.Traffic.Latency.Curve) == 0 {
			continue
		}
		s := series{Name: run.Target}
		for _, p := range run.Traffic.Latency.Curve {
			if p.Percent == 100 {
				continue
			}
			v := max(1, float64(p.Micros))
			least, top = min(least, v), max(top, v)
			s.points = append(s.points, xy{100 / (100 - p.Percent), v})
		}
		c.series = append(c.series, s)
	}
	if len(c.series) > 0 {
		c.y = logScale(least, top, decade)
	}
	c.x = scale{from: 1, to: 1e5, log: true, marks: []scaleMark{
		{1, "0"}, {2, "50"}, {10, "90"}, {100, "99"}, {1000, "99.9"}, {1e4, "99.99"}, {1e5, "99.999"},
	}}
	return c
}

// decade writes a power of ten of microseconds.
func decade(v float64) string {
	switch {
	case v < 1e3:
		return number(v) + " µs"
	case v < 1e6:
		return number(v/1e3) + " ms"
	}
	return number(v/1e6) + " s"
}
