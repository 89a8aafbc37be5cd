package front

import (
	"fmt"

	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/http1"
	"github.com/icomet/icomet/internal/httploop"
)

// Serve implements httploop.Service.
func (d *Door) Serve(x *httploop.Exchange) {
	if !d.serveRoute(x, x.Request.Path) && !d.serveRoute(x, http1.AppendPath(nil, x.Request.Path)) {
		d.serveOther(x)
	}
}

// serveRoute serves the routes of the public door, and tells whether path is one.
func (d *Door) serveRoute(x *httploop.Exchange, path []byte) bool {
	switch string(path) {
	case "/sub", "/poll":
		d.serveSubscription(x, delivery.Poll)
	case "/stream":
		d.serveSubscription(x, delivery.Stream)
	case "/sse":
		d.serveSubscription(x, delivery.SSE)
	case "/iframe":
		d.serveSubscription(x, delivery.Iframe)
	case "/ws":
		d.serveWebSocket(x)
	case "/ping":
		d.servePing(x)
	default:
		return false
	}
	return true
}

// serveOther serves the paths that are not ours.
func (d *Door) serveOther(x *httploop.Exchange) {
	switch {
	case !x.KnowsMethod():
		x.NotImplemented()
	case d.options.Home != nil:
		x.Bridge(d.options.Home)
	default:
		x.NotFound()
	}
}

// corsPreflight are the headers that let pages of any origin subscribe.
const corsPreflight = "Access-Control-Allow-Methods: GET, HEAD, OPTIONS, POST\r\n" +
	"Access-Control-Allow-Headers: Accept, Authorization, Cache-Control, Content-Type, Last-Event-ID, X-Requested-With\r\n" +
	"Access-Control-Max-Age: 86400\r\n"

// The methods that subscriptions and /ping serve. Of these only /ping was served by POST too.
const (
	subscriptionMethods = "GET, HEAD, OPTIONS"
	v1Methods           = "GET, HEAD, OPTIONS, POST"
	pingMethods         = "GET, POST, HEAD, OPTIONS"
)

// answersMethod answers requests that are not GET or HEAD, and tells whether it has. allowed is told to
// those that ask.
func answersMethod(x *httploop.Exchange, allowed string) bool {
	switch {
	case x.IsMethod("GET"), x.IsMethod("HEAD"):
		return false
	case x.IsMethod("OPTIONS"):
		x.Status(204)
		x.Header("Allow", allowed)
		x.Lines(allOrigins + corsPreflight)
		x.EndWithoutBody()
	case x.KnowsMethod():
		x.Status(405)
		x.Header("Allow", allowed)
		x.Lines(allOrigins)
		x.End("")
	default:
		x.NotImplemented()
	}
	return true
}

const (
	allOrigins = "Access-Control-Allow-Origin: *\r\n"
)

// servePing answers /ping: JSONP that tells the heartbeat.
func (d *Door) servePing(x *httploop.Exchange) {
	if !x.IsMethod("POST") && answersMethod(x, pingMethods) {
		return
	}
	callback, ok := http1.Form{Query: x.Request.Query, Body: x.Body}.Get("cb")
	if !ok {
		callback = []byte("icomet_cb")
	}
	callback = http1.AppendUnescape(nil, callback)
	if len(callback) > 0 && !delivery.IsCallback(callback) {
		badCallback(x)
		return
	}
	x.Status(200)
	x.Header("Content-Type", delivery.ScriptType)
	x.Lines(allOrigins + httploop.NoSniff)
	x.End(fmt.Sprintf("%s({\"type\":\"ping\",\"sub_timeout\":%d});\n", callback, int(d.options.PollingTimeout.Seconds())))
}

const badCallbackText = "cb must be a JavaScript name such as icomet_cb or app.onMessage"

func badCallback(x *httploop.Exchange) { badRequest(x, badCallbackText+"\n") }

func badRequest(x *httploop.Exchange, text string) {
	x.Status(400)
	x.Header("Content-Type", "text/plain; charset=utf-8")
	x.Lines(allOrigins + httploop.NoSniff)
	x.End(text)
}

// unavailable sends a client away from a server that stops.
func unavailable(x *httploop.Exchange) {
	x.CloseAfter()
	x.Status(503)
	x.Header("Retry-After", "1")
	x.Lines(allOrigins + "Access-Control-Expose-Headers: Retry-After\r\n")
	x.End("")
}
