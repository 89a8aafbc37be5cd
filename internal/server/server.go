package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"sync"
	"time"

	"github.com/icomet/icomet/internal/admin"
	"github.com/icomet/icomet/internal/auth"
	"github.com/icomet/icomet/internal/config"
	"github.com/icomet/icomet/internal/demo"
	"github.com/icomet/icomet/internal/front"
	"github.com/icomet/icomet/internal/http1"
	"github.com/icomet/icomet/internal/httploop"
	"github.com/icomet/icomet/internal/hub"
	"github.com/icomet/icomet/internal/metrics"
	"github.com/icomet/icomet/internal/reactor"
	"github.com/icomet/icomet/internal/webhook"
)

// Version is the version of this server.
const Version = "1.0.0"

// The doors of the group of loops.
const (
	frontDoor = iota
	adminDoor
)

// Bounds that are not configurable.
const (
	bodyTimeout       = 30 * time.Second // for a request body to arrive
	frontBodyMax      = 64 << 10         // only mounted handlers read a body there
	adminOutputMax    = 1 << 20          // what waits for a slow reader of /psub
	bridgesMax        = 64               // mounted handlers that run at a time, for each door
	headerCountMax    = 100              // header lines of a request
	stopEventsTimeout = 5 * time.Second  // for events to reach the receiver when the server stops
	stopLoopsTimeout  = 10 * time.Second // for output to reach slow clients when the server stops
)

// Options say what to start.
type Options struct {
	Config config.Config
	Log    *slog.Logger // must follow the rules of package reactor
	// Demo serves the demos on the public door, and configures what they need.
	Demo bool
	// FirstSeq is the number of a channel's first message, for tests; 0 is 1.
	FirstSeq int64
}

// Server is a running server. Its methods are safe for concurrent use.
type Server struct {
	options Options
	hub     *hub.Hub
	group   *reactor.Group
	metrics *metrics.Set
	demo    *demo.Demo // nil for none
	bridges [2]*httploop.Bridges

	// By loop.
	fronts     []*front.Door
	admins     []*admin.Door
	frontHTTPs []*httploop.Handler
	adminHTTPs []*httploop.Handler

	// Who may subscribe. What is not configured is nil, but for origins.
	access   front.Access
	presence auth.Patterns // channels whose members are known

	broadcaster *admin.Broadcaster
	webhook     *webhook.Hook // nil for none
	cancel      context.CancelFunc
	background  sync.WaitGroup
	stopOnce    sync.Once
	stopErr     error
}

// Start builds a server and lets it serve. An error says what could not be had, such as a port.
func Start(o Options) (*Server, error) {
	if o.Demo {
		o.Config.Front = demoFront(o.Config.Front)
	}
	c := &o.Config
	s := &Server{options: o, metrics: metrics.NewSet()}
	for i := range s.bridges {
		s.bridges[i] = &httploop.Bridges{Max: bridgesMax, Log: func(text string) { o.Log.Error(text) }}
	}
	if err := s.newAuth(); err != nil {
		return nil, err
	}
	s.hub = hub.New(hub.Options{
		MaxChannels:    c.Front.MaxChannels,
		MaxSubscribers: c.Front.MaxSubscribersPerChannel,
		HistorySize:    c.Front.ChannelBufferSize,
		ChannelTimeout: int64(c.Front.ChannelTimeout / time.Second),
		MembersMax:     c.Front.MaxMembersPerChannel,
		MemberGrace:    int64(c.Front.MemberGrace / time.Second),
		FirstSeq:       o.FirstSeq,
	})
	if o.Demo {
		s.demo = demo.New(s.hub, s.seconds)
	}
	s.broadcaster = admin.NewBroadcaster(s.hub, s.seconds)
	err := s.newWebhook()
	if err == nil {
		err = s.startLoops()
	}
	if err != nil {
		s.hub.Free()
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.background.Go(func() { s.broadcaster.Run(ctx) })
	s.background.Go(func() { s.keepHouse(ctx) })
	s.runAuth(ctx)
	if s.webhook != nil {
		s.background.Go(func() { s.webhook.Run(ctx) })
	}
	return s, nil
}

func (s *Server) startLoops() error {
	c := &s.options.Config
	frontListen, err := resolve("front", c.Front.Listen)
	if err != nil {
		return err
	}
	adminListen, err := resolve("admin", c.Admin.Listen)
	if err != nil {
		return err
	}
	frontLimits := limits(c.Front.HeadBytes, frontBodyMax)
	adminLimits := limits(c.Admin.HeadBytes, c.Admin.BodyBytes)
	sinks := &sinkList{}
	_, err = reactor.New(reactor.Options{
		Loops:         c.Loops,
		PrivateTables: true,
		ConnsMax:      c.Front.MaxConnections,
		ConnsWanted:   c.Front.MaxChannels,
		SendTimeout:   c.Front.SendTimeout,
		Timeouts: httploop.Timeouts{
			Idle: c.Front.KeepaliveTimeout, Head: c.Front.HeadTimeout, Body: bodyTimeout,
		}.Classes(c.Front.PollingTimeout),
		BeforeStart: func(g *reactor.Group) {
			s.group = g
			s.hub.SetSinks(sinks.sinks)
			s.describeMetrics()
		},
		Log: func(text string) { s.options.Log.Warn(text) },
		Doors: []reactor.Door{
			frontDoor: {
				Name: "front", Listen: frontListen,
				NewHandler:     func(l *reactor.Loop) reactor.Handler { return s.newFront(l, frontLimits, sinks) },
				InputBytesMax:  httploop.InputBytesMax(frontLimits),
				OutputBytesMax: c.Front.OutputBytes,
			},
			adminDoor: {
				Name: "admin", Listen: adminListen, WantPeer: true, Reserved: true,
				NewHandler:     func(l *reactor.Loop) reactor.Handler { return s.newAdmin(l, adminLimits) },
				InputBytesMax:  httploop.InputBytesMax(adminLimits),
				OutputBytesMax: adminOutputMax,
			},
		},
	})
	return err
}

// sinkList gathers the doors of all loops for the hub.
type sinkList struct{ sinks []hub.Sink }

func limits(head, body int) *http1.Limits {
	return &http1.Limits{
		HeadBytesMax: head, HeaderCountMax: headerCountMax, TargetBytesMax: head - head/8, BodyBytesMax: body,
	}
}

func (s *Server) newFront(l *reactor.Loop, limits *http1.Limits, sinks *sinkList) reactor.Handler {
	c := &s.options.Config
	h := httploop.New(l, frontDoor, limits, s.bridges[frontDoor])
	o := front.Options{
		Hub: s.hub, Tokens: c.Front.Auth == config.AuthToken, PollingTimeout: c.Front.PollingTimeout,
		OutputBytesMax: c.Front.OutputBytes, ChannelsMax: c.Front.MaxChannelsPerSubscriber,
		Access: s.access, Presence: s.presence, ClientIDs: c.Front.ClientIDs,
	}
	if s.demo != nil {
		o.Home, o.Access.PublishBytesMax = s.demo, demo.MessageBytesMax
	}
	d := front.New(l, frontDoor, h, o)
	h.Start(d)
	s.fronts, s.frontHTTPs = append(s.fronts, d), append(s.frontHTTPs, h)
	sinks.sinks = append(sinks.sinks, d)
	return h
}

func (s *Server) newAdmin(l *reactor.Loop, limits *http1.Limits) reactor.Handler {
	c := &s.options.Config
	h := httploop.New(l, adminDoor, limits, s.bridges[adminDoor])
	d := admin.New(l, adminDoor, h, admin.Options{
		Hub: s.hub, Version: Version, Allowed: c.Admin.Access.Allowed,
		PollingTimeout: int(c.Front.PollingTimeout / time.Second),
		Broadcaster:    s.broadcaster,
		Mounts:         s.mounts(),
		Log:            func(text string) { s.options.Log.Info(text) },
	})
	h.Start(d)
	s.admins, s.adminHTTPs = append(s.admins, d), append(s.adminHTTPs, h)
	return h
}

// mounts are the handlers beside the routes of the private door.
func (s *Server) mounts() map[string]http.Handler {
	profiles := http.NewServeMux()
	profiles.HandleFunc("/debug/pprof/", pprof.Index)
	profiles.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	profiles.HandleFunc("/debug/pprof/profile", pprof.Profile)
	profiles.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	profiles.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return map[string]http.Handler{"/metrics": s.metrics.Handler(), "/debug/pprof/": profiles}
}

// FrontAddrs and AdminAddrs are the addresses that the doors listen on.
func (s *Server) FrontAddrs() []netip.AddrPort { return s.group.Addrs(frontDoor) }
func (s *Server) AdminAddrs() []netip.AddrPort { return s.group.Addrs(adminDoor) }

// Describe is a line about what was started, for the log.
func (s *Server) Describe() string {
	return fmt.Sprintf("loops=%d private_tables=%v max_connections=%d front=%s admin=%s",
		len(s.group.Loops()), s.group.PrivateTables(), s.group.ConnsMax(),
		list(s.FrontAddrs()), list(s.AdminAddrs()))
}

// seconds is the hub's clock.
func (s *Server) seconds() int64 { return s.group.Seconds() }

// Stop ends the server in good order: it accepts no more connections and publishes, delivers what was
// published, ends the answers of all subscribers, gives slow ones a bounded time, and closes. Only
// the first call does something; others wait for it.
func (s *Server) Stop(ctx context.Context) error {
	s.stopOnce.Do(func() { s.stopErr = s.stop(ctx) })
	return s.stopErr
}

func (s *Server) stop(ctx context.Context) error {
	s.group.StopAccepting()
	if s.demo != nil {
		s.demo.Stop()
	}
	ctx, cancel := context.WithTimeout(ctx, stopLoopsTimeout)
	defer cancel()
	err := errors.Join(s.endPublishing(ctx), s.drainFronts(ctx), s.endWebhook(ctx))
	s.cancel()
	s.group.Stop()
	s.background.Wait()
	for _, b := range s.bridges {
		b.Wait()
	}
	for _, d := range s.fronts {
		d.Free()
	}
	s.hub.Free()
	return err
}

// endPublishing makes all loops refuse publishes, and lets broadcasts come to their end. Only then may
// subscribers go, or one loop would say ok to a message whose subscribers another loop has already sent
// away.
func (s *Server) endPublishing(ctx context.Context) error {
	var all []<-chan struct{}
	for _, d := range s.admins {
		all = append(all, d.Drain())
	}
	for _, done := range all {
		<-done
	}
	if !within(ctx, func() bool { return s.broadcaster.Pending() == 0 }) {
		return fmt.Errorf("%d broadcasts were given up", s.broadcaster.Pending())
	}
	return nil
}

// drainFronts ends all subscriptions, and waits until their output is out.
func (s *Server) drainFronts(ctx context.Context) error {
	if s.webhook != nil {
		s.webhook.Close() // who is sent away here has not left by himself
	}
	for _, d := range s.fronts {
		d.Drain()
	}
	if !within(ctx, s.owesNothing) {
		return fmt.Errorf("%d subscribers and %d bytes of output were left at the end",
			s.Subscribers(), s.group.Stats().OutputQueued)
	}
	return nil
}

// owesNothing tells whether no subscriber is left and no output waits.
func (s *Server) owesNothing() bool {
	r := s.group.Stats()
	return s.Subscribers() == 0 && r.OutputQueued == 0 && r.Mail == 0
}

// within looks at a condition every few milliseconds until it holds, and tells whether it did before ctx
// ended.
func within(ctx context.Context, holds func() bool) bool {
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for !holds() {
		select {
		case <-look.C:
		case <-ctx.Done():
			return holds()
		}
	}
	return true
}

// Subscribers is the number of subscribers now.
func (s *Server) Subscribers() (n int64) {
	for _, d := range s.fronts {
		for k := range d.Counters.Subscribers {
			n += d.Counters.Subscribers[k].Load()
		}
	}
	return n
}
