// Package front is the public door: subscribers come in here.
//
// A [Door] is one loop's part of it: it serves the routes, turns a request into subscriptions of the
// hub, keeps a record of 20 bytes for each subscriber and one of 40 for each of its channels, and, as the
// hub's sink, passes messages on to the subscribers that its loop has. Everything of it runs on that
// loop's goroutine, but for [Door.Deliver] and [Door.Overloaded], which the hub calls from any.
//
// Deliberately absent: the format of messages (delivery), the framing of requests (httploop), and any
// knowledge of who publishes. Start at [Door.Serve], then subscriber.go, order.go and deliver.go.
package front
