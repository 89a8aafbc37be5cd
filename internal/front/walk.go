package front

import "github.com/icomet/icomet/internal/hub"

// arrivalsAskedMax is how many channels that patterns bring may wait for the application before a walk waits,
// too.
const arrivalsAskedMax = 256

// walks find the channels that existed when patterns were subscribed. One walk at a time goes through all
// channels, a step a turn, for all patterns that had come when it began.
type walks struct {
	number  uint64    // of the walk that goes on, or was the last
	scan    *hub.Scan // nil while none goes on
	serving hub.Prefixes[[]int32]
	waiting hub.Prefixes[[]int32] // for the next walk; the values are descriptors
	posted  bool                  // the outcome of a step is on its way
	asked   int                   // channels that wait for the application
}

// join puts a pattern on the list of the next walk, whose number it returns.
func (w *walks) join(prefix string, fd int32) uint64 {
	fds, _ := w.waiting.Get(prefix)
	w.waiting.Set(prefix, append(fds, fd))
	return w.number + 1
}

// begin begins the next walk if there is anything to find.
func (w *walks) begin(h *hub.Hub) {
	if w.scan != nil || w.waiting.Len() == 0 {
		return
	}
	w.number++
	w.scan, w.serving, w.waiting = h.Scan(), w.waiting, hub.Prefixes[[]int32]{}
}

// walked is mail: the channels that a step has found. What was created before the step has come ahead of it,
// and so begins with its first message.
type walked struct{ found []hub.Found }

// beginWalk begins a walk soon: for all patterns of a request together.
func (d *Door) beginWalk() {
	if w := &d.walks; !w.posted && w.scan == nil {
		w.posted = true
		d.loop.Post(d.number, 0, walked{})
	}
}

// walkOn takes the next step of a walk, unless one is on its way or the application is behind.
func (d *Door) walkOn() {
	w := &d.walks
	if w.posted || w.asked > arrivalsAskedMax {
		return
	}
	w.begin(d.options.Hub)
	if w.scan == nil {
		return
	}
	found, more := w.scan.Step(w.serving.Match, nil)
	if !more {
		w.scan = nil
	}
	w.posted = true
	d.loop.Post(d.number, 0, walked{found})
}

// arrivals brings the channels that a step has found.
func (d *Door) arrivals(found []hub.Found) {
	d.endPending()
	for _, f := range found {
		for prefix, fds := range d.walks.serving.Of([]byte(f.Name)) {
			for _, fd := range fds {
				d.arriveFound(fd, prefix, f)
			}
		}
	}
	w := &d.walks
	w.posted = false
	if len(d.followers.byFd) == 0 {
		w.scan, w.waiting = nil, hub.Prefixes[[]int32]{}
	}
	if w.scan == nil {
		w.serving = hub.Prefixes[[]int32]{}
	}
	d.walkOn()
}

// arriveFound brings a channel to a subscriber if it still has the pattern that this walk is for.
func (d *Door) arriveFound(fd int32, prefix string, found hub.Found) {
	f := d.followers.byFd[fd]
	if f == nil {
		return
	}
	if p := f.find(prefix); p != nil && p.walk == d.walks.number {
		d.arrive(fd, arrival{found.ID, found.Name, prefix, p.start})
	}
}
