package bench

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// progress is one line that says how far a run is. On a terminal it is written over, elsewhere there is a
// line every few seconds.
type progress struct {
	out    io.Writer
	name   string
	last   time.Time
	tally  Tally
	length int
}

const (
	progressTick     = time.Second / 4
	progressTickFile = 5 * time.Second
)

func (p *progress) terminal() bool {
	f, ok := p.out.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// due tells whether it is time for a new line, and the seconds since the last one.
func (p *progress) due() (seconds float64, ok bool) {
	tick := progressTickFile
	if p.terminal() {
		tick = progressTick
	}
	if p.last.IsZero() {
		p.last = time.Now()
	}
	passed := time.Since(p.last)
	if passed < tick {
		return 0, false
	}
	p.last = time.Now()
	return passed.Seconds(), true
}

func (p *progress) growing(t Tally, n int) {
	seconds, ok := p.due()
	if !ok {
		return
	}
	rate := float64(t.settled-p.tally.settled) / seconds
	p.tally = t
	p.say("%s of %s subscribers, %s/s, %s failed, %s dropped", number(float64(t.Standing)), number(float64(n)),
		number(rate), number(float64(t.Failed)), number(float64(t.Dropped)))
}

func (p *progress) publishing(t Tally) {
	seconds, ok := p.due()
	if !ok {
		return
	}
	published := float64(t.Published-p.tally.Published) / seconds
	delivered := float64(t.Delivered-p.tally.Delivered) / seconds
	p.tally = t
	p.say("%s publishes/s, %s deliveries/s, %s failed", number(published), number(delivered),
		number(float64(t.PublishFailed)))
}

// say writes the line.
func (p *progress) say(format string, args ...any) {
	text := p.name + ": " + fmt.Sprintf(format, args...)
	if !p.terminal() {
		fmt.Fprintln(p.out, text)
		return
	}
	fmt.Fprint(p.out, "\r"+text+strings.Repeat(" ", max(0, p.length-len(text))))
	p.length = len(text)
}

// end leaves the line.
func (p *progress) end() {
	if p.length > 0 {
		fmt.Fprintln(p.out)
		p.length = 0
	}
}
