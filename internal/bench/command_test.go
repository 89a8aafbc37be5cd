package bench

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/slab"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// sample is a result with something in every table and plot.
func sample() *Result {
	curve := []Point{{0, 80}, {50, 210}, {90, 500}, {99, 1900}, {99.9, 7000}, {100, 12_000}}
	return &Result{
		Date: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), Command: "icomet bench 127.0.0.1 8100",
		Machine: Machine{Kernel: "Linux 6.18", Processor: "Some <Processor>", Processors: 2, MemoryBytes: 24 << 30, Go: "go1.26"},
		Runs: []Run{
			{
				Target: "icomet", Channels: 1000, Local: true, Greets: true, PID: 7,
				Steps: []Step{
					{VirtBytes: 2 << 30, ResBytes: 13 << 20, BenchResBytes: 12 << 20},
					{Subscribers: 1_000_000, Seconds: 20, Rate: 50_000, VirtBytes: 3 << 30, ResBytes: 230 << 20,
						UserBytes: 217.3, KernelBytes: 2100, IdleCPU: 0.1, CPUMicros: 24.5, BenchResBytes: 90 << 20},
				},
				Traffic: &Traffic{Seconds: 10, Published: 1000, PublishRate: 100, Delivered: 1_000_000, DeliveryRate: 100_000,
					CPUMicros: 4.25, Latency: Quantiles{P50: 210, P90: 500, P99: 1900, P999: 7000, Max: 12_000, Curve: curve},
					PublishLatency: Quantiles{P50: 75, P99: 1_500_000}},
				After: &After{Left: 100_000, Seconds: 60, ResBytes: 40 << 20},
				Tally: Tally{Delivered: 1_000_000},
			},
			{
				Target: "other", Transport: Poll, Channels: 1, Steps: []Step{{Subscribers: 10, Rate: 5}},
				Traffic: &Traffic{Skipped: 12, Latency: Quantiles{P50: 300, Curve: curve[:3]}},
				Tally:   Tally{Delivered: 9, Lost: 1}, Error: "it broke",
			},
		},
	}
}

func TestTables(t *testing.T) {
	var text, document bytes.Buffer
	if err := sample().WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if err := writeMillion(&document, sample()); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/tables.txt", text.Bytes())
	golden(t, "testdata/million.md", document.Bytes())
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *rewrite {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestReportIsOnePageWithPlotsAndTables(t *testing.T) {
	var page bytes.Buffer
	if err := sample().WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	text := page.String()
	for _, want := range []string{"<svg ", "Resident memory", "Publish to receive", "1,000,000", "217", "it broke",
		"there were errors", "prefers-color-scheme: dark", "width=device-width", "Some &lt;Processor&gt;", `class="s1"`} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in the page", want)
		}
	}
	for _, bad := range []string{"http://", "https://", "<script", "NaN", "Inf", "<link", "ZgotmplZ"} {
		if strings.Contains(text, bad) {
			t.Errorf("%q is in the page", bad)
		}
	}
	checkTags(t, page.Bytes())
}

// checkTags checks that what is opened is closed.
func checkTags(t *testing.T, page []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, []string{"meta"}, xml.HTMLEntity
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("the page is not well-formed: %v", err)
		}
	}
}

func TestScalesHoldTheirValues(t *testing.T) {
	for _, top := range []float64{0, 0.3, 1, 7, 99, 100, 101, 2720, 1_000_000} {
		s := linearScale(top, number)
		if s.to < top || len(s.marks) < 2 || len(s.marks) > 12 {
			t.Errorf("top %v: scale to %v with %d marks", top, s.to, len(s.marks))
		}
	}
	s := logScale(80, 12_000, number)
	if s.from != 10 || s.to != 100_000 || s.place(10) != 0 || s.place(100_000) != 1 {
		t.Errorf("scale %+v", s)
	}
	if s := logScale(10, 10, number); s.to <= s.from {
		t.Errorf("scale of one value %+v", s)
	}
}

func TestNumbersForPeople(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{number(0), "0"}, {number(999), "999"}, {number(1000), "1,000"}, {number(-1234567), "-1,234,567"},
		{micros(0), "–"}, {micros(999), "999 µs"}, {micros(1500), "1.50 ms"}, {micros(2_500_000), "2.50 s"},
		{megabytes(0), "–"}, {megabytes(3 << 19), "1.5 MB"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func TestCommandRunsAndWritesEveryForm(t *testing.T) {
	s := icomettest.Start(t)
	folder := t.TempDir()
	report, figures := filepath.Join(folder, "r.html"), filepath.Join(folder, "r.json")
	var out bytes.Buffer
	code := Main(t.Context(), []string{
		s.Front.Addr().String(), port(s.Front.String()), "--admin", s.Admin.String(), "-n", "20", "-t", "sse",
		"--publish", "50", "-d", "200ms", "--report", report, "--json", figures,
		"--target", "name=again; address=" + s.Front.String() + "; admin=" + s.Admin.String(),
	}, Streams{In: strings.NewReader(""), Out: &out, Err: io.Discard})
	if code != 0 || !strings.Contains(out.String(), "again") {
		t.Errorf("exit code %d, output %s", code, out.String())
	}
	text, err := os.ReadFile(figures)
	if err != nil {
		t.Fatal(err)
	}
	var got Result
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Runs) != 2 || got.Runs[1].Target != "again" || got.Runs[0].Transport != SSE || got.Runs[0].Tally.Delivered == 0 {
		t.Errorf("figures: %+v", got.Runs)
	}
	if _, err := os.Stat(report); err != nil {
		t.Error(err)
	}
}

func port(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }

func TestBadCommandLinesAreRefused(t *testing.T) {
	for _, line := range []string{
		"", "127.0.0.1:1 --transport carrier-pigeon", "127.0.0.1:1 -n 0", "127.0.0.1:1 --steps 5,3", "127.0.0.1:0",
		"127.0.0.1:9-8", "127.0.0.1:1 --size 99999999", "127.0.0.1:1 --publish fast", "127.0.0.1:1 --leave 101",
		"--subscribe-url https://127.0.0.1/{channel}", "--subscribe-url http://127.0.0.1/{name}", "--nonsense",
		"--target name=x;wrong=y", "--subscribe-url http://127.0.0.1/{channel} --publish-url http://127.0.0.1/pub",
		"--subscribe-url http://127.0.0.1/{channel} --publish 5", "million --max 0",
	} {
		if code := Main(t.Context(), strings.Fields(line), quiet()); code != 1 {
			t.Errorf("%q: exit code %d, want 1", line, code)
		}
	}
}

func TestHelpIsNoFailure(t *testing.T) {
	var out bytes.Buffer
	if code := Main(t.Context(), []string{"--help"}, Streams{Out: &out, Err: io.Discard}); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if !strings.Contains(out.String(), "icomet bench") || !strings.Contains(out.String(), "million") {
		t.Errorf("help: %s", out.String())
	}
}

func TestCommandLineCanBePasted(t *testing.T) {
	got := commandLine([]string{"bench", "--target", "name=a; pid=1", "it's", ""})
	if want := `icomet bench --target 'name=a; pid=1' 'it'\''s' ''`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestTargetSpecs(t *testing.T) {
	for _, c := range []struct {
		text string
		want TargetSpec
	}{
		{"127.0.0.1:8100", TargetSpec{Address: "127.0.0.1:8100"}},
		{"a=127.0.0.1:8100-8103", TargetSpec{Name: "a", Address: "127.0.0.1:8100-8103"}},
		{"name=n; subscribe=http://h/s/{channel}?a=b;publish=http://h/p?id={channel}; body={content}; method=PUT; pid=9; admin=h:1",
			TargetSpec{Name: "n", Subscribe: "http://h/s/{channel}?a=b", Publish: "http://h/p?id={channel}", Body: "{content}", Method: "PUT", PID: 9, Admin: "h:1"}},
	} {
		got, err := ParseTargetSpec(c.text)
		if err != nil || got != c.want {
			t.Errorf("%q: %+v %v", c.text, got, err)
		}
	}
}

func TestSourcesAreEnoughAndDiffer(t *testing.T) {
	if got := sourcesFor(1_000_000, 1, 28232); got*28232/portsShare < 1_000_000 {
		t.Errorf("%d sources for a million on one port", got)
	}
	if got := sourcesFor(1_000_000, 100, 28232); got != 1_000_000/connsPerSource {
		t.Errorf("%d sources for a million on a hundred ports, want %d", got, 1_000_000/connsPerSource)
	}
	seen := map[string]bool{}
	for i := range sourcesMax {
		a := sourceAddr(i)
		if !a.IsLoopback() || a.As4()[3] == 0 || a.As4()[3] == 255 {
			t.Fatalf("source %d is %v", i, a)
		}
		seen[a.String()] = true
	}
	if len(seen) != sourcesMax {
		t.Errorf("%d of %d sources differ", len(seen), sourcesMax)
	}
}

// subscriberBytesMax is the memory of an idle subscriber in this package; its connection costs 36 more.
const subscriberBytesMax = 40

func TestSubscriberMemory(t *testing.T) {
	if got := unsafe.Sizeof(subscriber{}); got > subscriberBytesMax {
		t.Errorf("a subscriber takes %d bytes, more than %d", got, subscriberBytesMax)
	}
	slab.NewArray[subscriber]() // panics if it has pointers
}

func TestMillionStartsAServerAndWritesADocument(t *testing.T) {
	if _, err := ReadProcess(os.Getpid()); errors.Is(err, ErrNotAvailable) {
		t.Skip(err)
	}
	out := filepath.Join(t.TempDir(), "docs", "million.md")
	c := MillionCommand{Max: 300, Host: icomettest.Host(), Idle: time.Millisecond, Leave: 90, Out: out}
	if err := c.experiment(t.Context(), quiet()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"# 300 idle subscribers", "| 300 |", "| 24 MB |", "270 of them", "refused: 0"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is not in the document:\n%s", want, text)
		}
	}
}

func TestMillionTellsWhyTheServerEnded(t *testing.T) {
	s, err := startServer(t.Context(), "192.0.2.1", 10) // an address that no machine has, RFC 5737
	if err == nil {
		s.stop()
		t.Fatal("a server started at an address that is not there")
	}
	if !strings.Contains(err.Error(), "192.0.2.1") {
		t.Errorf("the error does not say why: %v", err)
	}
}

func TestMillionSteps(t *testing.T) {
	for _, c := range []struct {
		most int
		want []int
	}{
		{1_000_000, []int{0, 100_000, 200_000, 500_000, 1_000_000}},
		{150_000, []int{0, 100_000, 150_000}},
		{10, []int{0, 10}},
	} {
		if got := (&MillionCommand{Max: c.most}).steps(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("steps to %d: %v", c.most, got)
		}
	}
}
