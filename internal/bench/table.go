package bench

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// table is rows of text under a heading. The first column stands left, the others right.
type table struct {
	Title string
	Heads []string
	Rows  [][]string
	Notes []string
}

// write writes the table for a terminal.
func (t *table) write(w io.Writer) error {
	widths := make([]int, len(t.Heads))
	for _, row := range append([][]string{t.Heads}, t.Rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s\n\n", t.Title)
	t.line(&b, widths, t.Heads)
	for _, width := range widths {
		b.WriteString("  " + strings.Repeat("-", width))
	}
	b.WriteByte('\n')
	for _, row := range t.Rows {
		t.line(&b, widths, row)
	}
	for _, note := range t.Notes {
		b.WriteString("  " + note + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t *table) line(b *strings.Builder, widths []int, cells []string) {
	for i, cell := range cells {
		pad := strings.Repeat(" ", widths[i]-len([]rune(cell)))
		switch {
		case i == 0 && len(cells) > 1:
			b.WriteString("  " + cell + pad)
		default:
			b.WriteString("  " + pad + cell)
		}
	}
	b.WriteByte('\n')
}

// markdown writes the table for a document.
func (t *table) markdown(w io.Writer) error {
	var b strings.Builder
	cells := func(row []string) { b.WriteString("| " + strings.Join(row, " | ") + " |\n") }
	cells(t.Heads)
	b.WriteString("|---" + strings.Repeat("|---:", len(t.Heads)-1) + "|\n")
	for _, row := range t.Rows {
		cells(row)
	}
	for _, note := range t.Notes {
		b.WriteString("\n" + note + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// tables are all tables of a result.
func (r *Result) tables() (list []table) {
	for i := range r.Runs {
		run := &r.Runs[i]
		if len(run.Steps) > 0 {
			list = append(list, run.seedTable())
		}
	}
	if t, ok := r.trafficTable(); ok {
		list = append(list, t)
	}
	return append(list, r.verdictTable())
}

// WriteText writes the result for a terminal.
func (r *Result) WriteText(w io.Writer) error {
	for _, t := range r.tables() {
		if err := t.write(w); err != nil {
			return err
		}
	}
	for i := range r.Runs {
		if run := &r.Runs[i]; run.Error != "" {
			fmt.Fprintf(w, "\n%s: %s\n", run.Target, run.Error)
		}
	}
	return nil
}

// seedTable is what subscribers cost.
func (r *Run) seedTable() table {
	t := table{
		Title: fmt.Sprintf("%s: idle subscribers (%v, %s)", r.Target, r.Transport, r.channelsText()),
		Heads: []string{"subscribers", "new/s"},
	}
	if r.PID != 0 {
		t.Heads = append(t.Heads, "VIRT", "RES", "user B each", "kernel B/socket", "idle CPU", "CPU µs/new")
	}
	t.Heads = append(t.Heads, "bench RES")
	for i := range r.Steps {
		t.Rows = append(t.Rows, r.Steps[i].cells(r.PID != 0))
	}
	if r.PID != 0 && r.Local {
		t.Notes = append(t.Notes,
			"Both ends of every connection are on this machine: a subscriber is two sockets in the kernel,",
			"its own and the server's. User bytes are the server's resident memory above the first line. 1 MB is 1,048,576 bytes.")
	}
	if !r.Greets {
		t.Notes = append(t.Notes,
			"The server answers a poll only with a message: new/s counts connections, not subscriptions.")
	}
	return t
}

func (r *Run) channelsText() string {
	if r.Channels == 1 {
		return "one channel"
	}
	return number(float64(r.Channels)) + " channels"
}

func (s *Step) cells(process bool) []string {
	cells := []string{number(float64(s.Subscribers)), dashed(s.Rate, number(s.Rate))}
	if process {
		cells = append(cells, megabytes(s.VirtBytes), megabytes(s.ResBytes),
			dashed(s.UserBytes, number(s.UserBytes)), dashed(s.KernelBytes, number(s.KernelBytes)),
			strconv.FormatFloat(s.IdleCPU, 'f', 1, 64)+" %", dashed(s.CPUMicros, decimal(s.CPUMicros)))
	}
	return append(cells, megabytes(s.BenchResBytes))
}

func (r *Result) trafficTable() (t table, ok bool) {
	t = table{
		Title: "messages",
		Heads: []string{"target", "transport", "subscribers", "published/s", "deliveries/s", "p50", "p90", "p99", "p99.9", "max", "publish p50", "publish p99", "CPU µs/delivery"},
		Notes: []string{"Times are from the moment a publish is due to the moment a subscriber has it."},
	}
	for i := range r.Runs {
		run := &r.Runs[i]
		if run.Traffic == nil {
			continue
		}
		m := run.Traffic
		t.Rows = append(t.Rows, []string{
			run.Target, run.Transport.String(), number(float64(run.Steps[len(run.Steps)-1].Subscribers)),
			number(m.PublishRate), number(m.DeliveryRate),
			micros(m.Latency.P50), micros(m.Latency.P90), micros(m.Latency.P99), micros(m.Latency.P999), micros(m.Latency.Max),
			micros(m.PublishLatency.P50), micros(m.PublishLatency.P99), dashed(m.CPUMicros, decimal(m.CPUMicros)),
		})
		if m.Skipped > 0 {
			t.Notes = append(t.Notes, fmt.Sprintf("%s: %s publishes were due and found no free connection.",
				run.Target, number(float64(m.Skipped))))
		}
	}
	return t, len(t.Rows) > 0
}

// verdictTable is what went wrong.
func (r *Result) verdictTable() table {
	t := table{
		Title: "checks: what each subscriber has seen of its own channel",
		Heads: []string{"target", "received", "lost", "doubled", "reordered", "damaged", "malformed", "failed", "dropped", "refused", "publish failed"},
	}
	for i := range r.Runs {
		run := &r.Runs[i]
		v := &run.Tally
		row := []string{run.Target, number(float64(v.Delivered)), number(float64(v.Lost))}
		for _, n := range []uint64{v.Doubled, v.Reordered, v.Damaged, v.Malformed, v.Failed, v.Dropped, v.Refused, v.PublishFailed} {
			row = append(row, number(float64(n)))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// number writes a whole number with commas between thousands.
func number(n float64) string {
	text := strconv.FormatInt(int64(math.Round(n)), 10)
	sign := ""
	if text[0] == '-' {
		sign, text = "-", text[1:]
	}
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return sign + text
}

func decimal(n float64) string { return strconv.FormatFloat(n, 'f', 1, 64) }

// dashed is text, or a dash for a figure that is not known.
func dashed(n float64, text string) string {
	if n == 0 {
		return "–"
	}
	return text
}

func megabytes(n int64) string {
	if n == 0 {
		return "–"
	}
	return decimal(float64(n)/(1<<20)) + " MB"
}

// micros writes a time that is given in microseconds.
func micros(n int64) string {
	switch {
	case n == 0:
		return "–"
	case n < 1000:
		return strconv.FormatInt(n, 10) + " µs"
	case n < 1_000_000:
		return strconv.FormatFloat(float64(n)/1000, 'f', 2, 64) + " ms"
	}
	return strconv.FormatFloat(float64(n)/1e6, 'f', 2, 64) + " s"
}
