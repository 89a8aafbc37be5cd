// Package icomet is the client of an icomet server: subscribers on its front port, publishers on its admin
// port.
//
// # Subscribing
//
// A Client is one connection. It subscribes any number of channels, and tells what happens on them by way
// of a Subscription:
//
//	c, err := icomet.NewClient("https://push.example", icomet.Options{})
//	...
//	defer c.Close()
//	sub, err := c.Subscribe(ctx, icomet.Channel{Name: "news", From: icomet.Last(10)})
//	...
//	for m, err := range sub.Messages(ctx) {
//		var gap *icomet.Gap
//		switch {
//		case errors.As(err, &gap):
//			reload(gap.Channel) // messages that cannot be had any more
//		case err != nil:
//			return err
//		default:
//			show(m.Content)
//		}
//	}
//
// The client uses a WebSocket where that gets through, else an endless answer, else long polls. When the
// connection is lost it comes back, after a growing wait, and goes on where it was: of each channel every
// message comes once and in order, or is announced as missing by a Gap. To have that across a restart of
// the program as well, keep Subscription.Position (or Message.After, once the message is dealt with) and
// begin At it.
//
// What is not taken from a subscription waits in its queue. When that is full the client stops reading, and
// the server sees a slow reader: it may leave out messages, and says so by a Gap. All subscriptions of a
// client wait then; those that must not hold up each other need a client each.
//
// # Publishing
//
// A Publisher publishes one message or several in a request, and repeats it as long as the server is busy
// or out of reach. Each message has an idempotency key, so it is published once:
//
//	p, err := icomet.NewPublisher("http://127.0.0.1:8000", icomet.PublisherOptions{})
//	...
//	_, err = p.Publish(ctx, "news", icomet.JSON(article), icomet.TTL(time.Hour))
//
// A Batcher gathers messages in the background, for those who publish many. Client.Publish publishes as a
// subscriber, where the server lets it.
//
// # Errors
//
// What a server refuses is an *Error, with the code of the protocol. Waits end with their context.
//
// The package knows the server by its protocol only. It does not check tokens, keep positions, or sign
// channels: that is for the application. Start reading at client.go and run.go, or publisher.go.
package icomet
