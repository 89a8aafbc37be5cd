package bench

import (
	"fmt"
	"strconv"
	"time"
)

// pace says how much is due at a steady rate.
type pace struct {
	rate  float64 // a second; 0 is without bound
	start time.Time
	taken float64
}

// take returns how many of at most most are due now. What was due and could not be taken within a
// second is forgotten: after a stall nothing is made up for with a flood.
func (p *pace) take(most int) int {
	if most <= 0 {
		return 0
	}
	if p.rate <= 0 {
		return most
	}
	due := time.Since(p.start).Seconds()*p.rate - p.taken
	if most := max(p.rate, 1); due > most {
		p.taken += due - most
		due = most
	}
	n := min(int(due), most)
	p.taken += float64(n)
	return n
}

// stallWatch notices that a count does not grow any more.
type stallWatch struct {
	count uint64
	last  time.Time
}

func (w *stallWatch) stalled(count uint64) bool {
	if count != w.count {
		w.count, w.last = count, time.Now()
	}
	return time.Since(w.last) > stallLimit
}

// Rate is a number a second, or without bound.
type Rate float64

// RateMax is as fast as the connections allow.
const RateMax Rate = -1

// UnmarshalText implements encoding.TextUnmarshaler: a number, or "max".
func (r *Rate) UnmarshalText(text []byte) error {
	if string(text) == "max" {
		*r = RateMax
		return nil
	}
	n, err := strconv.ParseFloat(string(text), 64)
	if err != nil || n < 0 || n > 1e9 {
		return fmt.Errorf("expected a number a second, or max")
	}
	*r = Rate(n)
	return nil
}

// String is the rate as it stands on the command line.
func (r Rate) String() string {
	if r == RateMax {
		return "max"
	}
	return strconv.FormatFloat(float64(r), 'f', -1, 64)
}

// MarshalText implements encoding.TextMarshaler.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }
