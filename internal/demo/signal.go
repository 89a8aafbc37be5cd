package demo

import (
	"math"
	"math/rand/v2"
	"strconv"
	"time"
)

// signalLines is how many lines a chart has, and signalMax the largest value of a point: values are whole numbers from
// -signalMax to signalMax.
const (
	signalLines = 3
	signalMax   = 1000
)

// signal makes the points of a chart. It belongs to one goroutine.
type signal struct {
	next  time.Time // of the next point
	drift float64   // of the second line: where it has strayed to
	pulse float64   // of the third line: how strong its ringing is
	since float64   // seconds since the ringing began
}

func newSignal(now time.Time) *signal { return &signal{next: now} }

// appendBatch appends the points up to now as an object: the time of the first, the time between two, and the values
// of each line.
func (s *signal) appendBatch(dst []byte, now time.Time) []byte {
	n := int(now.Sub(s.next)/pointInterval) + 1
	if n > batchPointsMax {
		s.next = s.next.Add(time.Duration(n-batchPointsMax) * pointInterval)
		n = batchPointsMax
	}
	first := s.next
	var lines [signalLines][batchPointsMax]int
	for i := range max(n, 0) {
		for line, value := range s.step() {
			lines[line][i] = int(math.Round(min(max(value, -1), 1) * signalMax))
		}
		s.next = s.next.Add(pointInterval)
	}
	dst = append(dst, `{"at":`...)
	dst = strconv.AppendFloat(dst, milliseconds(first), 'f', 3, 64)
	dst = append(dst, `,"step":`...)
	dst = strconv.AppendFloat(dst, float64(pointInterval)/float64(time.Millisecond), 'f', -1, 64)
	dst = append(dst, `,"lines":[`...)
	for line := range lines {
		if line > 0 {
			dst = append(dst, ',')
		}
		dst = appendInts(dst, lines[line][:max(n, 0)])
	}
	return append(dst, `]}`...)
}

func appendInts(dst []byte, values []int) []byte {
	dst = append(dst, '[')
	for i, v := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(dst, int64(v), 10)
	}
	return append(dst, ']')
}

// step makes the next point of each line: a slow wave, something that strays, and something that is struck now and
// then and rings.
func (s *signal) step() [signalLines]float64 {
	dt := pointInterval.Seconds()
	t := float64(s.next.UnixMicro()%3_600_000_000) / 1e6
	wave := 0.55*math.Sin(2*math.Pi*0.4*t) + 0.2*math.Sin(2*math.Pi*1.9*t) + 0.02*rand.NormFloat64()
	s.drift += -0.6*s.drift*dt + 0.35*math.Sqrt(dt)*rand.NormFloat64()
	s.since += dt
	if rand.Float64() < 0.7*dt {
		s.pulse, s.since = 0.5+0.5*rand.Float64(), 0
	}
	ring := s.pulse*math.Exp(-2.5*s.since)*math.Sin(2*math.Pi*6*s.since) + 0.012*rand.NormFloat64()
	return [signalLines]float64{wave, s.drift, ring}
}
