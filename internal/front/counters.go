package front

import (
	"sync/atomic"

	"github.com/icomet/icomet/internal/delivery"
)

// Counters are counted on one loop and read by anybody.
type Counters struct {
	Subscribers         [delivery.Kinds]atomic.Int64  // now
	Subscribed          [delivery.Kinds]atomic.Uint64 // requests that asked for a subscription
	Subscriptions       atomic.Int64                  // channels of all subscribers now
	Patterns            atomic.Int64                  // of all subscribers now
	Deliveries          atomic.Uint64                 // messages sent to subscribers, without those of the history
	Replayed            atomic.Uint64                 // messages sent from the history
	Noops               atomic.Uint64
	WrongToken          atomic.Uint64
	NoChannel           atomic.Uint64 // refused since there are too many channels
	NoSubscriber        atomic.Uint64 // refused since the channel has too many subscribers
	Gaps                atomic.Uint64 // gaps told
	Skipped             atomic.Uint64 // messages not queued for subscribers of v1 that read too slowly, to be read from the history
	WrongOrigin         atomic.Uint64 // requests of pages that may not come
	Expired             atomic.Uint64 // subscribers ended since their tokens had expired
	TooManyOfOne        atomic.Uint64 // refused since the subscriber has too many channels
	Published           atomic.Uint64 // messages of WebSockets that got a number
	BadRequests         atomic.Uint64 // subscriptions and commands of v1 that are wrong
	MemberEvents        atomic.Uint64 // joins and leaves sent to subscribers
	MemberEventsSkipped atomic.Uint64 // joins and leaves not sent to subscribers that read too slowly
	SubscriberMemory    atomic.Int64  // bytes mapped for the records of subscribers and subscriptions
}
