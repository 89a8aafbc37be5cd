package hub

import "errors"

var (
	// ErrName is returned when a channel's name is longer than NameBytesMax.
	ErrName = errors.New("hub: channel name too long")
	// ErrKey is returned when an idempotency key is longer than KeyBytesMax.
	ErrKey = errors.New("hub: idempotency key too long")
	// ErrTooManyChannels is returned when a channel does not exist and Options.MaxChannels exist.
	ErrTooManyChannels = errors.New("hub: too many channels")
	// ErrToken is returned when a subscription needs the channel's token and shows another or none.
	ErrToken = errors.New("hub: wrong token")
	// ErrTooManySubscribers is returned when a channel has Options.MaxSubscribers already.
	ErrTooManySubscribers = errors.New("hub: too many subscribers")
	// ErrGone is returned when a weak subscription is of a life of the channel that is over.
	ErrGone = errors.New("hub: channel gone")
	// ErrOverloaded is returned when a loop with subscribers of the channel is too far behind; the
	// message was not stored and got no number, so the publisher may try again.
	ErrOverloaded = errors.New("hub: overloaded")
	// ErrTooManyWatchers is returned when WatchersMax watch presence already.
	ErrTooManyWatchers = errors.New("hub: too many watchers")
)
