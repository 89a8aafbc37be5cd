package icomet

import "time"

// Channel is what is subscribed, and from where on.
type Channel struct {
	Name string
	// From is where it begins; Live() if not set.
	From Start
	// Token is the channel's own token, as the server's /sign gives it, where the server wants one.
	Token string
	// Presence asks for Join and Leave.
	Presence bool
}

// phase is how far a channel is on the present connection.
type phase int

const (
	idle    phase = iota // not asked for
	asked                // no answer yet: what comes under its name is of a former subscription
	on                   // subscribed
	delayed              // refused for now; asked for again at retryAt
)

// wanted is a channel that a client has subscribed. Guarded by Client.mu; at is written by the session's
// reader only.
type wanted struct {
	Channel
	owner *Subscription

	at      Position // where to go on; Seq 0: not known yet
	phase   phase
	shown   int       // how many tokens the session had shown when it was asked for
	askID   uint64    // of the command that asked for it; 0 on transports without commands
	retryAt time.Time // of a delayed one; zero: once the token is renewed
	retry   backoff

	admission *admission // whoever waits for the first answer
	answered  bool       // the server has accepted it once
	denied    bool       // its token was refused, and it was asked for again with a fresh one
}

// ask is how the channel is asked for at present.
func (w *wanted) ask() ask {
	a := ask{Channel: w.Name, Token: w.Token, Presence: w.Presence}
	switch {
	case w.at.Seq > 0:
		a.Seq, a.Epoch = w.at.Seq, w.at.Epoch
	case w.From.last > 0:
		a.Last = w.From.last
	case !w.From.since.IsZero():
		a.Since = float64(w.From.since.UnixMilli()) / 1000
	}
	return a
}

// admission is a call that waits until the server has answered for all channels that it subscribes.
// Guarded by Client.mu, until done is closed.
type admission struct {
	left int
	err  error // the first refusal
	done chan struct{}
	over bool
}

// settle ends the wait.
func (a *admission) settle(err error) {
	if !a.over {
		a.err, a.over = err, true
		close(a.done)
	}
}

// accept counts one channel off.
func (a *admission) accept() {
	if a.left--; a.left == 0 {
		a.settle(nil)
	}
}
