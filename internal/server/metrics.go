package server

import (
	"strconv"
	"sync/atomic"

	"github.com/icomet/icomet/internal/admin"
	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/front"
	"github.com/icomet/icomet/internal/httploop"
	"github.com/icomet/icomet/internal/metrics"
	"github.com/icomet/icomet/internal/reactor"
	"github.com/icomet/icomet/internal/webhook"
)

// Metrics describes what /metrics shows of the server itself, for the manual.
func (s *Server) Metrics() []metrics.Metric { return s.metrics.All() }

// describeMetrics gives every counter of the house its name.
func (s *Server) describeMetrics() {
	m := s.metrics
	s.describeHub(m)
	s.describeFront(m)
	s.describeAuth(m)
	s.describeAdmin(m)
	s.describeWebhook(m)
	s.describeLoops(m)
	s.describeHTTP(m, "front", s.frontHTTPs)
	s.describeHTTP(m, "admin", s.adminHTTPs)
}

func (s *Server) describeHub(m *metrics.Set) {
	m.Gauge("channels", "Channels that exist.", nil, func() float64 {
		channels, _ := s.hub.Info()
		return float64(channels)
	})
	m.Gauge("members", "Members of all channels now, those in their grace included.", nil, func() float64 {
		return float64(s.hub.MemberTotal())
	})
	m.Counter("idempotency_keys_forgotten_total", "Idempotency keys forgotten before their time, since too many were used.", nil,
		func() float64 { return float64(s.hub.KeysForgotten()) })
}

func (s *Server) describeFront(m *metrics.Set) {
	for k := range delivery.Kinds {
		m.Gauge("subscribers", "Subscribers now, by kind.", metrics.Labels{"kind": k.String()}, func() float64 {
			return sum(s.fronts, func(d *front.Door) float64 { return float64(d.Counters.Subscribers[k].Load()) })
		})
	}
	for k := range delivery.Kinds {
		m.Counter("subscriptions_total", "Requests for a subscription, by kind.", metrics.Labels{"kind": k.String()}, func() float64 {
			return sum(s.fronts, func(d *front.Door) float64 { return float64(d.Counters.Subscribed[k].Load()) })
		})
	}
	counter := func(name, help string, labels metrics.Labels, of func(c *front.Counters) *atomic.Uint64) {
		m.Counter(name, help, labels, func() float64 {
			return sum(s.fronts, func(d *front.Door) float64 { return float64(of(&d.Counters).Load()) })
		})
	}
	counter("deliveries_total", "Messages sent to subscribers as they were published.", nil,
		func(c *front.Counters) *atomic.Uint64 { return &c.Deliveries })
	counter("replayed_total", "Messages sent to subscribers from the history.", nil,
		func(c *front.Counters) *atomic.Uint64 { return &c.Replayed })
	counter("noops_total", "Heartbeats sent.", nil,
		func(c *front.Counters) *atomic.Uint64 { return &c.Noops })
	counter("member_events_total", "Joins and leaves sent to subscribers.", nil,
		func(c *front.Counters) *atomic.Uint64 { return &c.MemberEvents })
	counter("member_events_skipped_total", "Joins and leaves not sent to subscribers since they read too slowly.", nil,
		func(c *front.Counters) *atomic.Uint64 { return &c.MemberEventsSkipped })
	const refused = "subscriptions_refused_total"
	const refusedHelp = "Subscriptions refused, by reason."
	counter(refused, refusedHelp, metrics.Labels{"reason": "token"},
		func(c *front.Counters) *atomic.Uint64 { return &c.WrongToken })
	counter(refused, refusedHelp, metrics.Labels{"reason": "max_channels"},
		func(c *front.Counters) *atomic.Uint64 { return &c.NoChannel })
	counter(refused, refusedHelp, metrics.Labels{"reason": "max_subscribers_per_channel"},
		func(c *front.Counters) *atomic.Uint64 { return &c.NoSubscriber })
	counter(refused, refusedHelp, metrics.Labels{"reason": "max_channels_per_subscriber"},
		func(c *front.Counters) *atomic.Uint64 { return &c.TooManyOfOne })
	counter(refused, refusedHelp, metrics.Labels{"reason": "origin"},
		func(c *front.Counters) *atomic.Uint64 { return &c.WrongOrigin })
	counter("gaps_total", "Gaps told to subscribers of v1.", nil,
		func(c *front.Counters) *atomic.Uint64 { return &c.Gaps })
	counter("deliveries_put_off_total", "Messages left for subscribers of v1 that read too slowly to read from the history later.", nil,
		func(c *front.Counters) *atomic.Uint64 { return &c.Skipped })
	counter("commands_bad_total", "Subscriptions and commands of v1 that were wrong.", nil,
		func(c *front.Counters) *atomic.Uint64 { return &c.BadRequests })
	counter("subscribers_expired_total", "Subscribers ended since their tokens had expired.", nil,
		func(c *front.Counters) *atomic.Uint64 { return &c.Expired })
	counter("websocket_published_total", "Messages published by WebSocket.", nil,
		func(c *front.Counters) *atomic.Uint64 { return &c.Published })
	m.Gauge("subscriptions", "Channels of all subscribers now.", nil, func() float64 {
		return sum(s.fronts, func(d *front.Door) float64 { return float64(d.Counters.Subscriptions.Load()) })
	})
	m.Gauge("patterns", "Patterns of all subscribers now.", nil, func() float64 {
		return sum(s.fronts, func(d *front.Door) float64 { return float64(d.Counters.Patterns.Load()) })
	})
	m.Gauge("subscriber_memory_bytes", "Memory mapped for the records of subscribers.", nil, func() float64 {
		return sum(s.fronts, func(d *front.Door) float64 { return float64(d.Counters.SubscriberMemory.Load()) })
	})
}

// countAdmins adds a counter of the private door, over all loops.
func (s *Server) countAdmins(m *metrics.Set, name, help string, labels metrics.Labels, of func(c *admin.Counters) *atomic.Uint64) {
	m.Counter(name, help, labels, func() float64 {
		return sum(s.admins, func(d *admin.Door) float64 { return float64(of(&d.Counters).Load()) })
	})
}

func (s *Server) describeAdmin(m *metrics.Set) {
	counter := func(name, help string, of func(c *admin.Counters) *atomic.Uint64) {
		s.countAdmins(m, name, help, nil, of)
	}
	counter("published_total", "Messages published to a channel.",
		func(c *admin.Counters) *atomic.Uint64 { return &c.Published })
	counter("publishes_overloaded_total", "Publishes refused since the loops were too far behind.",
		func(c *admin.Counters) *atomic.Uint64 { return &c.Overloaded })
	counter("publish_items_total", "Items read from the bodies of /v1/publish.",
		func(c *admin.Counters) *atomic.Uint64 { return &c.Items })
	counter("publish_repeated_total", "Publications to a channel that had no effect since their key had been used before.",
		func(c *admin.Counters) *atomic.Uint64 { return &c.Repeated })
	counter("publish_abandoned_total", "Requests to /v1/publish given up in the middle since the client had gone.",
		func(c *admin.Counters) *atomic.Uint64 { return &c.Abandoned })
	for reason := range admin.Reasons {
		s.countAdmins(m, "publish_errors_total", "What /v1/publish has refused: requests, items, or channels of an item; by reason and code.",
			metrics.Labels{"code": strconv.Itoa(reason.Code()), "reason": reason.String()},
			func(c *admin.Counters) *atomic.Uint64 { return &c.Errors[reason] })
	}
	counter("admin_refused_total", "Requests to the admin port from addresses that are not allowed.",
		func(c *admin.Counters) *atomic.Uint64 { return &c.Refused })
	counter("presence_missed_total", "Presence watchers closed since events came faster than the loops could pass them on.",
		func(c *admin.Counters) *atomic.Uint64 { return &c.Missed })
	m.Gauge("presence_watchers", "Connections to /psub now.", nil, func() float64 {
		return sum(s.admins, func(d *admin.Door) float64 { return float64(d.Counters.Watchers.Load()) })
	})
	m.Counter("broadcast_steps_total", "Steps in which broadcasts were done.", nil,
		func() float64 { return float64(s.broadcaster.Steps.Load()) })
	m.Counter("broadcasts_refused_total", "Broadcasts refused since too many waited.", nil,
		func() float64 { return float64(s.broadcaster.Refused.Load()) })
}

// describeWebhook also describes a webhook that there is not, whose figures are 0.
func (s *Server) describeWebhook(m *metrics.Set) {
	h := s.webhook
	if h == nil {
		h = &webhook.Hook{}
	}
	counter := func(name, help string, of *atomic.Uint64) {
		m.Counter(name, help, nil, func() float64 { return float64(of.Load()) })
	}
	counter("webhook_events_total", "Events that the receiver of the webhook has taken.", &h.Counters.Delivered)
	counter("webhook_batches_total", "Requests to the webhook that succeeded.", &h.Counters.Batches)
	counter("webhook_failures_total", "Requests to the webhook that failed.", &h.Counters.Failures)
	counter("webhook_lost_total", "Events dropped, since too many waited or the webhook failed for too long.", &h.Counters.Lost)
	m.Gauge("webhook_queued", "Events that wait for the webhook.", nil, func() float64 { return float64(h.Queued()) })
}

func (s *Server) describeLoops(m *metrics.Set) {
	gauge := func(name, help string, of func(r *reactor.Stats) int64) {
		m.Gauge(name, help, nil, func() float64 { r := s.group.Stats(); return float64(of(&r)) })
	}
	counter := func(name, help string, labels metrics.Labels, of func(r *reactor.Stats) uint64) {
		m.Counter(name, help, labels, func() float64 { r := s.group.Stats(); return float64(of(&r)) })
	}
	gauge("loops", "Event loops.", func(r *reactor.Stats) int64 { return int64(r.Loops) })
	gauge("connections", "Open connections, of both ports.", func(r *reactor.Stats) int64 { return r.Conns })
	gauge("connections_max", "Connections that the front port takes at most.",
		func(*reactor.Stats) int64 { return int64(s.group.ConnsMax()) })
	gauge("connections_busy", "Connections that own buffers now.", func(r *reactor.Stats) int64 { return r.Busy })
	gauge("connection_memory_bytes", "Memory mapped for the records of connections.",
		func(r *reactor.Stats) int64 { return r.ConnBytes })
	gauge("output_queued_bytes", "Output that waits for slow clients.", func(r *reactor.Stats) int64 { return r.OutputQueued })
	gauge("loop_mail", "Mail that waits for the loops.", func(r *reactor.Stats) int64 { return r.Mail })
	counter("loop_turns_total", "Turns of the loops.", nil, func(r *reactor.Stats) uint64 { return r.Turns })
	counter("connections_accepted_total", "Connections accepted.", nil, func(r *reactor.Stats) uint64 { return r.Accepted })
	for reason := range reactor.Reasons {
		counter("connections_closed_total", "Connections closed, by reason.", metrics.Labels{"reason": reason.String()},
			func(r *reactor.Stats) uint64 { return r.Closed[reason] })
	}
	counter("received_bytes_total", "Bytes received.", nil, func(r *reactor.Stats) uint64 { return r.BytesIn })
	counter("sent_bytes_total", "Bytes sent.", nil, func(r *reactor.Stats) uint64 { return r.BytesOut })
	counter("accept_paused_total", "Times a loop stopped accepting for want of room.", nil,
		func(r *reactor.Stats) uint64 { return r.AcceptPaused })
	const failed, failedHelp = "accept_failed_total", "Failures to accept a connection, by what was missing."
	counter(failed, failedHelp, metrics.Labels{"missing": "descriptor"}, func(r *reactor.Stats) uint64 { return r.AcceptNoDescriptor })
	counter(failed, failedHelp, metrics.Labels{"missing": "memory"}, func(r *reactor.Stats) uint64 { return r.AcceptNoMemory })
	counter(failed, failedHelp, metrics.Labels{"missing": "other"}, func(r *reactor.Stats) uint64 { return r.AcceptOther })
}

// describeHTTP adds a door's figures. Those of both doors together are one metric with a label.
func (s *Server) describeHTTP(m *metrics.Set, door string, handlers []*httploop.Handler) {
	m.Counter("requests_total", "Whole requests received, by door.", metrics.Labels{"door": door}, func() float64 {
		return sum(handlers, func(h *httploop.Handler) float64 { return float64(h.Counters.Requests.Load()) })
	})
	m.Counter("requests_malformed_total", "Requests that broke the protocol, by door.", metrics.Labels{"door": door}, func() float64 {
		return sum(handlers, func(h *httploop.Handler) float64 { return float64(h.Counters.Malformed.Load()) })
	})
	for class := 1; class <= 5; class++ {
		labels := metrics.Labels{"door": door, "class": string(rune('0'+class)) + "xx"}
		m.Counter("answers_total", "Answers, by door and class of status.", labels, func() float64 {
			return sum(handlers, func(h *httploop.Handler) float64 { return float64(h.Counters.Answers[class].Load()) })
		})
	}
}

func sum[T any](all []T, of func(T) float64) (total float64) {
	for _, one := range all {
		total += of(one)
	}
	return total
}
