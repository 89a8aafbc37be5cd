package reactor

import (
	"maps"
	"math"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/slab"
	"pgregory.net/rapid"
)

func TestDeadlinesExpireInTheOrderInWhichTheyWereSet(t *testing.T) {
	const conns = 200
	var set, expired [conns]ID
	nSet, nExpired := 0, 0
	all := make(chan struct{})
	a := &actor{
		open: func(c Conn, _ netip.AddrPort) {
			c.SetDeadline(FirstClass + 1) // gives way to the next
			c.SetDeadline(FirstClass)
			set[nSet] = c.ID()
			nSet++
		},
		expired: func(c Conn, class Class) {
			if class != FirstClass {
				t.Errorf("class %d expired", class)
			}
			expired[nExpired] = c.ID()
			if nExpired++; nExpired == conns {
				close(all)
			}
		},
	}
	g := start(t, a, oneLoop, func(o *Options) {
		o.Timeouts = []time.Duration{150 * time.Millisecond, time.Millisecond / 2}
	})
	begin := time.Now()
	for range conns {
		dial(t, g)
	}
	receive(t, all, "all deadlines")
	if took := time.Since(begin); took < 150*time.Millisecond {
		t.Errorf("expired after %v", took)
	}
	if set != expired {
		t.Error("another order")
	}
}

func TestExpiredConnectionMayBeClosedOrKept(t *testing.T) {
	expiries := 0
	closed := make(chan Reason, 1)
	a := &actor{
		open: func(c Conn, _ netip.AddrPort) { c.SetDeadline(FirstClass) },
		expired: func(c Conn, class Class) {
			if expiries++; expiries < 5 {
				c.SetDeadline(class)
				return
			}
			c.Close(ReasonIdleTimeout)
		},
		closed: func(_ Conn, r Reason) { closed <- r },
	}
	g := start(t, a, oneLoop, func(o *Options) { o.Timeouts = []time.Duration{time.Millisecond} })
	dial(t, g)
	if r := receive(t, closed, "Closed"); r != ReasonIdleTimeout {
		t.Errorf("reason %v", r)
	}
}

func TestLengthOfDeadlinesHasBounds(t *testing.T) {
	for _, c := range []struct {
		t  time.Duration
		ms uint32
	}{
		{-time.Second, 0}, {0, 0}, {1, 1}, {time.Millisecond, 1}, {time.Millisecond + 1, 2},
		{30 * time.Second, 30_000}, {math.MaxInt64 - time.Second, deadlineMsMax},
	} {
		if got := deadlineMs(c.t); got != c.ms {
			t.Errorf("%v: %d ms, want %d", c.t, got, c.ms)
		}
	}
}

// idle is a handler that only notes which deadlines have passed.
type idle struct {
	Handler
	expired []int32
}

func (h *idle) Expired(c Conn, _ Class) { h.expired = append(h.expired, c.fd) }

// bareLoop is a loop with tables and nothing else.
func bareLoop(h Handler, lengthsMs ...uint32) *Loop {
	l := &Loop{
		group:    &Group{options: Options{Doors: []Door{{}}}},
		handlers: []Handler{h},
		records:  slab.NewArray[record](),
		table:    slab.NewArray[uint32](),
	}
	for _, ms := range append(make([]uint32, FirstClass), lengthsMs...) {
		l.deadlines = append(l.deadlines, deadlines{noConn, noConn, ms})
	}
	return l
}

// TestTablesAndDeadlinesMatchModel does random things to the records, busy states and deadline lists of
// a loop and to plain maps. The clock begins close to where its 32 bits come round.
func TestTablesAndDeadlinesMatchModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type conn struct {
			serial uint32
			class  Class
			due    uint64
			order  int
			value  any
		}
		lengths := []uint32{10, 1000, 70}
		h := &idle{}
		l := bareLoop(h, lengths...)
		now, order := uint64(math.MaxUint32-500), 0
		l.nowMs = uint32(now)
		model := map[int32]*conn{}
		some := func(t *rapid.T) int32 {
			if len(model) == 0 {
				t.Skip("no connection")
			}
			return rapid.SampledFrom(slices.Sorted(maps.Keys(model))).Draw(t, "fd")
		}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				fd := int32(rapid.IntRange(0, 40).Draw(t, "fd"))
				if model[fd] != nil {
					t.Skip("taken")
				}
				model[fd] = &conn{serial: l.nextSerial()}
				l.add(fd, model[fd].serial, 0, 0)
			},
			"forget": func(t *rapid.T) {
				fd := some(t)
				l.clearDeadline(l.record(fd))
				l.forget(fd)
				delete(model, fd)
			},
			"value": func(t *rapid.T) {
				fd := some(t)
				v := rapid.SampledFrom([]any{nil, "a", "b"}).Draw(t, "value")
				Conn{l, fd}.SetValue(v)
				model[fd].value = v
			},
			"deadline": func(t *rapid.T) {
				fd := some(t)
				class := Class(rapid.IntRange(0, len(lengths)).Draw(t, "class"))
				if class > 0 {
					class += FirstClass - 1
				}
				Conn{l, fd}.SetDeadline(class)
				c := model[fd]
				c.class = class
				if order++; class != NoDeadline {
					c.due, c.order = now+uint64(lengths[class-FirstClass]), order
				}
			},
			"time": func(t *rapid.T) {
				now += uint64(rapid.IntRange(0, 200).Draw(t, "ms"))
				l.nowMs = uint32(now)
				var want []int32
				for class := FirstClass; class < FirstClass+Class(len(lengths)); class++ {
					var due []int32
					for fd, c := range model {
						if c.class == class && c.due <= now {
							due = append(due, fd)
						}
					}
					slices.SortFunc(due, func(a, b int32) int { return model[a].order - model[b].order })
					want = append(want, due...)
				}
				h.expired = nil
				l.expire()
				if !slices.Equal(h.expired, want) {
					t.Fatalf("expired %v, want %v", h.expired, want)
				}
				for _, fd := range want {
					model[fd].class = NoDeadline
				}
			},
			"trim": func(*rapid.T) { l.trim() },
			"": func(t *rapid.T) {
				wait, busy := -1, 0
				for fd, c := range model {
					found, ok := l.Find(ID{fd, c.serial})
					if !ok || found.Value() != c.value || l.record(fd).class != c.class {
						t.Fatalf("connection %d: found %v, %+v, want %+v", fd, ok, *l.record(fd), c)
					}
					if _, ok := l.Find(ID{fd, c.serial - 1}); ok {
						t.Fatal("an old ID finds a new connection")
					}
					if c.value != nil {
						busy++
					}
					if left := int(int64(c.due - now)); c.class != NoDeadline && (wait < 0 || max(0, left) < wait) {
						wait = max(0, left)
					}
				}
				if l.records.Len() != len(model) || len(l.busy) != busy {
					t.Fatalf("%d records and %d busy, want %d and %d", l.records.Len(), len(l.busy), len(model), busy)
				}
				if got := l.waitMs(); got != wait {
					t.Fatalf("waits %d ms, want %d", got, wait)
				}
			},
		})
	})
}

// TestGreatExpiryIsCutIntoTurns: what is due beyond the bound is left for the next turn, in order.
func TestGreatExpiryIsCutIntoTurns(t *testing.T) {
	h := &idle{}
	l := bareLoop(h, 1)
	const conns = expiriesPerTurn*2 + 10
	for fd := range int32(conns) {
		l.add(fd, l.nextSerial(), 0, 0).SetDeadline(FirstClass)
	}
	l.nowMs = 5
	for turn, want := range []int{expiriesPerTurn, 2 * expiriesPerTurn, conns} {
		if more := l.expire(); more != (want < conns) || len(h.expired) != want {
			t.Fatalf("turn %d: %d expired, more %v", turn, len(h.expired), more)
		}
	}
	if !slices.IsSorted(h.expired) {
		t.Error("out of order")
	}
}

// TestListOfBusyStatesShrinks: a crowd that was busy leaves nothing behind, even if one stays.
func TestListOfBusyStatesShrinks(t *testing.T) {
	l := bareLoop(&idle{})
	const conns = 20 * busyFreeMax
	for fd := range int32(conns) {
		l.add(fd, l.nextSerial(), 0, 0).SetValue(fd)
	}
	for fd := range int32(conns - 1) {
		Conn{l, fd}.SetValue(nil)
	}
	if len(l.busy) != 1 || cap(l.busy) > 2*busyFreeMax || len(l.busyFree) > busyFreeMax {
		t.Errorf("%d busy, room for %d, %d kept for later", len(l.busy), cap(l.busy), len(l.busyFree))
	}
	if v := (Conn{l, conns - 1}).Value(); v != int32(conns-1) {
		t.Errorf("the one that stays has the value %v", v)
	}
}

// TestTrimGivesBackWhatConnectionsHadMapped: also when the first connections stay.
func TestTrimGivesBackWhatConnectionsHadMapped(t *testing.T) {
	l := bareLoop(&idle{})
	const conns = 100_000
	for fd := range int32(conns) {
		l.add(fd, l.nextSerial(), 0, 0)
	}
	many := l.counters.connBytes.Load()
	for fd := int32(conns - 1); fd > 10; fd-- {
		l.forget(fd)
	}
	l.trim()
	if few := l.counters.connBytes.Load(); many < 36*conns || few > 2*64<<10 {
		t.Errorf("%d bytes for %d connections, %d after", many, conns, few)
	}
}
