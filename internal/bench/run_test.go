package bench

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/server"
)

// targetOf is a test's server as a target.
func targetOf(t *testing.T, s *icomettest.Server, transport Transport) *Target {
	t.Helper()
	target, err := ParseTarget(t.Context(), TargetSpec{
		Name: transport.String(), Address: s.Front.String(), Admin: s.Admin.String(),
	}, transport)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// options are those of a short run with n subscribers.
func options(transport Transport, n int) Options {
	return Options{
		Transport: transport, Steps: []int{n}, Size: 64, Connections: 4, Seed: 1,
		Publish: 400, Duration: 500 * time.Millisecond, Progress: io.Discard,
	}
}

func TestEveryTransportGetsEveryMessageOnceAndInOrder(t *testing.T) {
	const subscribers, channels = 200, 20
	// A poller that the machine keeps waiting for a while must still find what it has missed.
	s := icomettest.Start(t, func(o *server.Options) { o.Config.Front.ChannelBufferSize = 1000 })
	for _, transport := range []Transport{Poll, JSONP, Stream, SSE, Iframe} {
		t.Run(transport.String(), func(t *testing.T) {
			o := options(transport, subscribers)
			o.Channels, o.Seed = channels, uint64(transport)+1
			run, err := o.Run(t.Context(), targetOf(t, s, transport))
			if err != nil {
				t.Fatal(err)
			}
			if run.Traffic.Published == 0 {
				t.Fatal("nothing was published")
			}
			if want := run.Traffic.Published * subscribers / channels; run.Tally.Delivered != want {
				t.Errorf("%d messages were received, want %d", run.Tally.Delivered, want)
			}
			if !run.Tally.Clean() || run.Traffic.MissingAtTheEnd != 0 {
				t.Errorf("the run is not clean: %+v", run.Tally)
			}
			if q := run.Traffic.Latency; q.P50 < 1 || q.Max < q.P99 || len(q.Curve) != len(curvePercents) {
				t.Errorf("latency makes no sense: %+v", q)
			}
		})
	}
}

func TestPollersAskAgainAfterNoop(t *testing.T) {
	s := icomettest.Start(t, func(o *server.Options) { o.Config.Front.PollingTimeout = time.Second })
	c := newTestCrowd(t, CrowdOptions{Target: targetOf(t, s, Poll), Max: 10})
	grow(t, c, 10)
	if err := c.until(t.Context(), func() bool { t := c.Tally(); return t.Noops >= 20 }); err != nil {
		t.Fatal(err)
	}
	if got := c.Tally(); !got.Clean() || got.Standing != 10 || got.Connected != 10 {
		t.Errorf("after noops: %+v, want the ten connections of the beginning", got)
	}
}

func TestSubscribersLeave(t *testing.T) {
	s := icomettest.Start(t)
	c := newTestCrowd(t, CrowdOptions{Target: targetOf(t, s, Stream), Transport: Stream, Max: 100})
	grow(t, c, 100)
	if err := c.Leave(t.Context(), 90); err != nil {
		t.Fatal(err)
	}
	if got := c.Tally(); got.Standing != 10 || got.Dropped != 0 {
		t.Errorf("after 90 of 100 have left: %+v", got)
	}
	gone := func() bool { return strings.Contains(get(t, s.AdminURL("/info")), `"subscribers": 10}`) }
	if err := c.until(t.Context(), gone); err != nil {
		t.Errorf("the server counts others: %s", get(t, s.AdminURL("/info")))
	}
}

func TestStepsArriveAtTheirNumbers(t *testing.T) {
	s := icomettest.Start(t)
	o := options(SSE, 0)
	o.Steps, o.Publish = []int{0, 50, 120}, 0
	run, err := o.Run(t.Context(), targetOf(t, s, SSE))
	if err != nil {
		t.Fatal(err)
	}
	if len(run.Steps) != 3 || run.Steps[2].Subscribers != 120 || run.Tally.Standing != 120 {
		t.Errorf("steps %+v, %d subscribers at the end", run.Steps, run.Tally.Standing)
	}
	if run.Steps[1].Rate <= 0 || run.Steps[0].Rate != 0 {
		t.Errorf("rates make no sense: %+v", run.Steps)
	}
}

func TestPauseWaitsForEnterAtEachMultiple(t *testing.T) {
	s := icomettest.Start(t)
	o := options(Poll, 20)
	o.Publish, o.PauseEvery = 0, 10
	var said strings.Builder
	o.Input, o.Progress = strings.NewReader("\n"), &said
	r := &run{options: o, target: targetOf(t, s, Poll), line: progress{out: io.Discard}}
	r.crowd = newTestCrowd(t, r.crowdOptions())
	if err := r.grow(t.Context(), 20); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"10 subscribers, press Enter", "20 subscribers, press Enter"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("%q is not in %q", want, said.String())
		}
	}
}

func TestProcessThatIsNotThereIsAnError(t *testing.T) {
	s := icomettest.Start(t)
	target := targetOf(t, s, Poll)
	target.PID = 1 << 30
	run, err := options(Poll, 5).Run(t.Context(), target)
	if _, known := ReadProcess(target.PID); errors.Is(known, ErrNotAvailable) {
		if err != nil || run.PID != 0 {
			t.Errorf("error %v, want a run without figures of the process", err)
		}
		return
	}
	if err == nil {
		t.Error("a process that cannot exist is watched")
	}
}

func TestNothingListensIsAnError(t *testing.T) {
	target, err := ParseTarget(t.Context(), TargetSpec{Address: icomettest.Host() + ":9"}, Poll)
	if err != nil {
		t.Fatal(err)
	}
	run, err := options(Poll, 5).Run(t.Context(), target)
	if err == nil || run.Error == "" || run.Tally.Failed == 0 {
		t.Errorf("error %v, run %+v, want a failure", err, run)
	}
}

func TestRefusedSubscriptionsAreCountedAndEnd(t *testing.T) {
	s := icomettest.Start(t, func(o *server.Options) { o.Config.Front.MaxChannels = 1 })
	run, err := options(Poll, 20).Run(t.Context(), targetOf(t, s, Poll))
	if err == nil || run.Tally.Refused == 0 || run.Tally.Clean() {
		t.Errorf("error %v, tally %+v, want refused subscriptions", err, run.Tally)
	}
}

func TestRateBoundsNewSubscribers(t *testing.T) {
	p := pace{rate: 100, start: time.Now().Add(-500 * time.Millisecond)}
	first := p.take(1000)
	if first < 50 || first > 100 {
		t.Errorf("%d are due half a second after the start at 100/s", first)
	}
	p = pace{rate: 100, start: time.Now().Add(-time.Hour)}
	if got := p.take(1000); got != 100 {
		t.Errorf("%d are due after a stall at 100/s, want those of one second", got)
	}
	p = pace{rate: 0.5, start: time.Now().Add(-3 * time.Second)}
	if got := p.take(1000); got != 1 {
		t.Errorf("%d are due after three seconds at 0.5/s, want 1", got)
	}
}

func newTestCrowd(t *testing.T, o CrowdOptions) *Crowd {
	t.Helper()
	c, err := NewCrowd(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func grow(t *testing.T, c *Crowd, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := c.Grow(ctx, n, 0, func(Tally) {}); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
