package webhook

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/icomet/icomet/internal/hub"
)

func TestQueueAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := queue{max: rapid.IntRange(1, 50).Draw(t, "max")}
		var model []int
		next, lost := 0, 0
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				for range rapid.IntRange(1, 20).Draw(t, "events") {
					dropped := q.add(event{Event: numbered(next)})
					model = append(model, next)
					next++
					if dropped != (len(model) > q.max) {
						t.Fatalf("dropped: %v with %d", dropped, len(model))
					}
					if dropped {
						model = model[1:]
						lost++
					}
				}
			},
			"take": func(t *rapid.T) {
				if q.len() == 0 {
					t.Skip("empty")
				}
				n := rapid.IntRange(1, 30).Draw(t, "events")
				events, gone := q.take(n)
				var got []int
				for _, e := range events {
					n, _ := strconv.Atoi(e.Member.Client)
					got = append(got, n)
				}
				want := model[:min(n, len(model))]
				if !slices.Equal(got, want) || gone != lost {
					t.Fatalf("got %v, %d lost; want %v, %d lost", got, gone, want, lost)
				}
				model, lost = model[len(want):], 0
			},
			"": func(t *rapid.T) {
				if q.len() != len(model) || len(q.events) > q.max {
					t.Fatalf("%d of %d in room for %d", q.len(), len(model), len(q.events))
				}
			},
		})
	})
}

// clock is a hook without Run, and what it hears and would send when.
type clock struct {
	hook *Hook
	now  time.Time
}

func newClock(grace time.Duration) *clock {
	o := Options{Grace: grace, Limits: DefaultLimits}
	for k := range o.Events {
		o.Events[k] = true
	}
	o.Limits.QueueEvents = 4
	return &clock{New(o), time.Unix(1764000000, 0)}
}

func (c *clock) hear(k hub.EventKind, channels ...string) {
	for _, channel := range channels {
		c.hook.hear(event{hub.Event{Kind: k, Channel: channel}, c.now})
	}
}

// after lets time pass, and returns what would be sent then, and how long it would wait otherwise.
func (c *clock) after(d time.Duration) string {
	c.now = c.now.Add(d)
	b, wait := c.hook.take(c.now)
	if len(b.events) == 0 {
		return fmt.Sprint("wait ", wait)
	}
	text := ""
	for _, e := range b.events {
		text += fmt.Sprint(e.Kind, " ", e.Channel, " ")
	}
	if b.lost > 0 {
		text += fmt.Sprint(b.lost, " lost ")
	}
	return text
}

func expectText(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAChannelIsVacatedAfterItsGrace(t *testing.T) {
	c := newClock(10 * time.Second)
	c.hear(hub.ChannelOccupied, "a", "b")
	expectText(t, c.after(0), "wait 200ms")
	expectText(t, c.after(200*time.Millisecond), "channel_occupied a channel_occupied b ")
	expectText(t, c.after(0), "wait -1ns")
	c.hear(hub.ChannelVacated, "a", "b")
	expectText(t, c.after(4*time.Second), "wait 6s")
	c.hear(hub.ChannelOccupied, "a") // back
	c.hear(hub.ChannelVacated, "a")
	expectText(t, c.after(6*time.Second), "wait 200ms") // b, which waits for others now
	expectText(t, c.after(time.Second), "channel_vacated b ")
	expectText(t, c.after(time.Second), "wait 2s")
	expectText(t, c.after(2*time.Second), "wait 200ms")
	c.hear(hub.ChannelOccupied, "a") // too late
	expectText(t, c.after(time.Second), "channel_vacated a channel_occupied a ")
}

func TestTooManyChannelsInTheirGrace(t *testing.T) {
	c := newClock(time.Hour)
	c.hear(hub.ChannelVacated, "1", "2", "3", "4", "5", "6")
	expectText(t, c.after(time.Second), "channel_vacated 1 channel_vacated 2 ")
	c.hook.Close()
	expectText(t, c.after(0), "channel_vacated 3 channel_vacated 4 channel_vacated 5 channel_vacated 6 ")
	expectText(t, c.after(0), "wait -1ns")
}

func TestTheFirstToGoAreTheOldest(t *testing.T) {
	c := newClock(0)
	c.hear(hub.MemberJoined, "1", "2", "3", "4", "5", "6")
	expectText(t, c.after(time.Second), "member_joined 3 member_joined 4 member_joined 5 member_joined 6 2 lost ")
}

func TestBackOffGrowsToItsBound(t *testing.T) {
	h := New(Options{Limits: DefaultLimits})
	for attempt, most := range map[int]time.Duration{
		1: 500 * time.Millisecond, 2: time.Second, 7: 32 * time.Second, 8: time.Minute, 12: time.Minute, 1000: time.Minute,
	} {
		for range 100 {
			if d := h.backOff(attempt); d < most/2 || d > most {
				t.Fatalf("behind attempt %d: %v, want %v at most", attempt, d, most)
			}
		}
	}
}
