package front

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/icomet/icomet/internal/auth"
	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/hub"
)

// patternsMax is how many patterns one subscriber may have.
const patternsMax = 64

// Why a pattern is refused.
var (
	errNoPatterns      = errors.New("front: patterns are not permitted")
	errPatternPoll     = errors.New("front: patterns need an answer that stays")
	errTooManyPatterns = errors.New("front: too many patterns of one subscriber")
)

// isPattern tells whether a name of v1 stands for all channels that begin with what is ahead of its star.
func isPattern(name []byte) bool { return len(name) > 0 && name[len(name)-1] == '*' }

// pattern is one of a subscriber: it subscribes by itself to the channels whose names begin with prefix.
type pattern struct {
	prefix   string
	start    hub.Start // in channels that were before
	presence bool
	grant    *auth.Grant
	walk     uint64 // number of the walk that finds those channels
	full     bool   // the subscriber was told that it has too many channels
}

// name is the pattern as clients write it.
func (p *pattern) name() string { return p.prefix + "*" }

// allows tells whether the token that the pattern came with, if any, is good for a channel.
func (p *pattern) allows(now time.Time, name string) bool {
	return p.grant == nil || !p.grant.Expired(now) && p.grant.MaySubscribe([]byte(name))
}

// follower is what is kept of a subscriber with patterns.
type follower struct {
	patterns []pattern                 // at most patternsMax
	origin   string                    // of the page that it belongs to
	backlog  []arrival                 // channels that wait until the output is out; at most Options.ChannelsMax
	asked    map[questionable]struct{} // about which the application is being asked; nil where there is no hook
}

// find returns the pattern with that prefix, nil if there is none. It is valid until the next change.
func (f *follower) find(prefix string) *pattern {
	if i := slices.IndexFunc(f.patterns, func(p pattern) bool { return p.prefix == prefix }); i >= 0 {
		return &f.patterns[i]
	}
	return nil
}

// covers tells whether any pattern is for that channel.
func (f *follower) covers(name string) bool {
	return slices.ContainsFunc(f.patterns, func(p pattern) bool { return strings.HasPrefix(name, p.prefix) })
}

// followers are the subscribers of a loop with patterns. Others cost nothing.
type followers struct {
	byFd     map[int32]*follower
	byPrefix hub.Prefixes[map[int32]struct{}] // descriptors
}

// follows tells whether s has patterns, so that it stays without a channel.
func (d *Door) follows(s *subscriber) bool { return d.followers.byFd[s.fd] != nil }

// judgePattern refuses w if it is a pattern that is not permitted.
func (d *Door) judgePattern(w *want, kind delivery.Kind) {
	switch {
	case !w.pattern || w.refusal != nil:
	case d.options.Tokens || !d.options.Access.Patterns.Match(w.name):
		w.refusal = errNoPatterns
	case kind == delivery.Poll:
		w.refusal = errPatternPoll
	}
}

// takePattern subscribes s to a pattern, and returns what it is told at once, as it goes out. The channels come
// by and by.
func (d *Door) takePattern(s *subscriber, w *want) []byte {
	if err := d.checkPattern(s, w); err != nil {
		return d.appendText(nil, s, d.problem(w, err))
	}
	prefix := string(w.name[:len(w.name)-1])
	d.follow(s, pattern{
		prefix: prefix, start: w.start, presence: w.presence, grant: w.grant, walk: d.walks.join(prefix, s.fd),
	}, w.origin)
	d.beginWalk()
	return d.appendPositioned(nil, s, nil, delivery.AppendFollowed(nil, w.id, w.name))
}

// checkPattern says why s cannot have a pattern, nil if it can.
func (d *Door) checkPattern(s *subscriber, w *want) error {
	if w.refusal != nil {
		return w.refusal
	}
	if err := d.options.Hub.CheckName(w.name); err != nil {
		return err
	}
	f := d.followers.byFd[s.fd]
	switch {
	case f == nil:
		return nil
	case f.find(string(w.name[:len(w.name)-1])) != nil:
		return errTwice
	case len(f.patterns) == patternsMax:
		return errTooManyPatterns
	}
	return nil
}

// follow adds a pattern to s.
func (d *Door) follow(s *subscriber, p pattern, origin string) {
	f := d.followers.byFd[s.fd]
	if f == nil {
		f = &follower{}
		d.followers.byFd[s.fd] = f
	}
	if origin != "" {
		f.origin = origin
	}
	f.patterns = append(f.patterns, p)
	fds, ok := d.followers.byPrefix.Get(p.prefix)
	if !ok {
		fds = map[int32]struct{}{}
		d.followers.byPrefix.Set(p.prefix, fds)
		d.options.Hub.Follow(d.loop.Number(), p.prefix)
	}
	fds[s.fd] = struct{}{}
	d.Counters.Patterns.Add(1)
}

// unfollow ends a pattern of the subscriber with that descriptor, but not the channels that it has brought.
func (d *Door) unfollow(fd int32, prefix string) {
	f := d.followers.byFd[fd]
	f.patterns = slices.DeleteFunc(f.patterns, func(p pattern) bool { return p.prefix == prefix })
	if len(f.patterns) == 0 {
		delete(d.followers.byFd, fd)
	}
	fds, _ := d.followers.byPrefix.Get(prefix)
	if delete(fds, fd); len(fds) == 0 {
		d.followers.byPrefix.Delete(prefix)
		d.options.Hub.Unfollow(d.loop.Number(), prefix)
	}
	d.Counters.Patterns.Add(-1)
}

// unfollowAll ends all patterns of s.
func (d *Door) unfollowAll(s *subscriber) {
	for f := d.followers.byFd[s.fd]; f != nil && len(f.patterns) > 0; {
		d.unfollow(s.fd, f.patterns[0].prefix)
	}
}

// dropPattern ends a pattern of s with the channels that it has brought and no other pattern brings. It tells
// whether s had it.
func (d *Door) dropPattern(s *subscriber, prefix string) bool {
	f := d.followers.byFd[s.fd]
	if f == nil || f.find(prefix) == nil {
		return false
	}
	d.unfollow(s.fd, prefix)
	var ended []hub.ChannelID
	d.each(s, func(_ uint32, u *subscription) bool {
		if u.marks&markWeak != 0 && !f.covers(d.options.Hub.Name(u.channel)) {
			ended = append(ended, u.channel)
		}
		return true
	})
	for _, id := range ended {
		if n, ok := d.find(s, id); ok {
			d.unsubscribe(n)
		}
	}
	d.countMemory()
	return true
}

// regrant makes a fresh grant that of all patterns of s.
func (d *Door) regrant(s *subscriber, grant *auth.Grant) {
	if f := d.followers.byFd[s.fd]; f != nil {
		for i := range f.patterns {
			f.patterns[i].grant = grant
		}
	}
}
