package config

import (
	"strings"
	"time"
)

const (
	countMax   = 1<<31 - 1 // what iComet's int holds
	secondsMax = 1<<31 - 1
	historyMax = 1 << 20 // messages per channel
	loopsMax   = 4096
	bytesMax   = 1 << 30 // of any buffer of one connection

	// rotateBytesMin is iComet's own lower bound; smaller values are raised to it.
	rotateBytesMin = 1 << 20
)

// webhookEvents are the events that can be posted.
var webhookEvents = []string{"channel_occupied", "channel_vacated", "member_joined", "member_left"}

// keyTable is the one place where keys are described.
var keyTable = []Key{
	{
		Name: "pidfile", Unit: "path",
		Meaning: "File that holds the process id while the server runs; a relative path starts at the folder of the configuration file",
		Danger:  "Without it `-s stop` and `-s restart` cannot find the server",
		set:     func(c *Config, v *value) { c.Pidfile = v.path() },
	},
	{
		Name: "loops", Unit: "loops", Default: "0", Missing: "0", Max: loopsMax, Ours: true,
		Meaning: "Number of event loops; 0 is as many as processors and descriptor limits ask for",
		set:     func(c *Config, v *value) { c.Loops = v.count() },
	},

	{
		Name: "logger.level", Unit: "level", Default: "info", Missing: "debug",
		Meaning: "Least important records that are written: none, fatal, error, warn, info, debug or trace; messages and " +
			"subscriptions are never logged one by one, so debug and trace are the same as info",
		set: func(c *Config, v *value) { c.Logger.Level = v.level() },
	},
	{
		Name: "logger.output", Unit: "path", Default: "stderr", Missing: "stdout",
		Meaning: "Where the log goes: stdout, stderr or a file; a relative path starts at the folder of the configuration file",
		set:     func(c *Config, v *value) { c.Logger.Output = v.output() },
	},
	{
		Name: "logger.rotate.size", Unit: "bytes", Default: "1000000000", Missing: "1048576", Min: rotateBytesMin, Max: 1 << 50,
		Meaning: "Size at which the log file is put aside and a new one begun, rounded up to whole MiB",
		Danger:  "Old log files are never deleted by the server",
		set:     func(c *Config, v *value) { c.Logger.RotateBytes = v.raisedNumber() },
	},

	{
		Name: "admin.listen", Unit: "address", Default: "127.0.0.1:8000", Required: true, Repeatable: true,
		Meaning: "Address and port of the private door: IP:PORT, [IPv6]:PORT, NAME:PORT or *:PORT, with a range of ports as 8000-8003",
		Danger:  "Whoever reaches this port can publish, close channels and see everything",
		set:     func(c *Config, v *value) { c.Admin.Listen = v.listen(c.Admin.Listen) },
	},
	{
		Name: "admin.allow", Unit: "rule", Default: "127.0.0.1 ::1", Repeatable: true,
		Meaning: "Who may use the private door: all, an address, the beginning of an IPv4 address, or a range such as 10.0.0.0/8",
		Danger:  "Without any allow and deny everybody may; a beginning is not bound to octets, so 10.1 also admits 10.10.0.1",
		set:     func(c *Config, v *value) { c.Admin.Allow = v.rule(c.Admin.Allow) },
	},
	{
		Name: "admin.deny", Unit: "rule", Repeatable: true,
		Meaning: "Who may not use the private door, written as for admin.allow; a matching allow other than all goes before any deny, whatever their order in the file",
		Danger:  "With only deny rules nobody is allowed",
		set:     func(c *Config, v *value) { c.Admin.Deny = v.rule(c.Admin.Deny) },
	},
	{
		Name: "admin.head_bytes", Unit: "bytes", Default: "262144", Missing: "262144", Min: 1024, Max: bytesMax, Ours: true,
		Meaning: "Longest request head at the private door; a message published by GET is part of it",
		set:     func(c *Config, v *value) { c.Admin.HeadBytes = v.count() },
	},
	{
		Name: "admin.body_bytes", Unit: "bytes", Default: "1048576", Missing: "1048576", Max: bytesMax, Ours: true,
		Meaning: "Longest request body at the private door, which bounds a message published by POST",
		set:     func(c *Config, v *value) { c.Admin.BodyBytes = v.count() },
	},

	{
		Name: "front.listen", Unit: "address", Default: "0.0.0.0:8100", Required: true, Repeatable: true,
		Meaning: "Address and port of the public door, written as for admin.listen",
		set:     func(c *Config, v *value) { c.Front.Listen = v.listen(c.Front.Listen) },
	},
	{
		Name: "front.auth", Unit: "choice", Default: "none", Missing: "none",
		Meaning: "What a subscription needs: token is one from /sign, jwt is a JSON Web Token that one of the keys below jwt has signed, none is nothing",
		Danger:  "With none whoever knows the name of a channel can read it",
		set:     func(c *Config, v *value) { c.Front.Auth = v.auth() },
	},
	{
		Name: "front.origin", Unit: "origin", Repeatable: true, Ours: true,
		Meaning: "Web pages whose scripts may use the public door, by origin: https://example.com, https://*.example.com for what is " +
			"below it, or *; without any line all may, and programs that are no browser always may",
		Danger: "It keeps other people's pages out, not other people's programs",
		set:    func(c *Config, v *value) { c.Front.Origins = v.several(c.Front.Origins) },
	},
	{
		Name: "front.max_channels", Unit: "channels", Default: "100000", Missing: "0", Max: countMax,
		Meaning: "Number of channels that may exist at a time",
		Danger:  "0, or a file without this key, refuses every new channel",
		set:     func(c *Config, v *value) { c.Front.MaxChannels = v.count() },
	},
	{
		Name: "front.max_subscribers_per_channel", Unit: "subscribers", Default: "10000", Missing: "0", Max: countMax,
		Meaning: "Number of open subscriptions of one channel",
		Danger:  "0, or a file without this key, refuses every subscriber",
		set:     func(c *Config, v *value) { c.Front.MaxSubscribersPerChannel = v.count() },
	},
	{
		Name: "front.max_channels_per_subscriber", Unit: "channels", Default: "4096", Missing: "4096", Min: 1, Max: 65535, Ours: true,
		Meaning: "Number of channels that one connection may subscribe, which takes a client of v1",
		set:     func(c *Config, v *value) { c.Front.MaxChannelsPerSubscriber = v.count() },
	},
	{
		Name: "front.publish", Unit: "channel", Repeatable: true, Ours: true,
		Meaning: "Channels that anybody may publish to by WebSocket: a name, or its beginning with a * behind",
		Danger:  "Whoever reaches the public port can then send anything to the subscribers of these channels",
		set:     func(c *Config, v *value) { c.Front.Publish = append(c.Front.Publish, v.text) },
	},
	{
		Name: "front.patterns", Unit: "pattern", Repeatable: true, Ours: true,
		Meaning: "Patterns that clients of v1 may subscribe: the beginning of names with a * behind, which permits all patterns that begin " +
			"like it; without any line no pattern may be subscribed, and with auth: token none either",
		Danger: "Whoever may subscribe a pattern learns the names of all its channels, and gets what is sent to any of them",
		set:    func(c *Config, v *value) { c.Front.Patterns = v.pattern(c.Front.Patterns) },
	},
	{
		Name: "front.presence", Unit: "channel", Repeatable: true, Ours: true,
		Meaning: "Channels whose members are known, and told to subscribers that ask: a name, or its beginning with a * behind",
		Danger:  "Each member costs some hundred bytes, and each that comes or goes a message to all that asked",
		set:     func(c *Config, v *value) { c.Front.Presence = append(c.Front.Presence, v.text) },
	},
	{
		Name: "front.client_ids", Unit: "choice", Default: "no", Missing: "no", Ours: true,
		Meaning: "Whether clients say by themselves who they are, with the parameters client and info: yes or no",
		Danger:  "With yes anybody can pose as anybody",
		set:     func(c *Config, v *value) { c.Front.ClientIDs = v.yes() },
	},
	{
		Name: "front.max_members_per_channel", Unit: "members", Default: "10000", Missing: "10000", Max: 1000000, Ours: true,
		Meaning: "Number of members of a channel that are known by name; further ones are only counted",
		set:     func(c *Config, v *value) { c.Front.MaxMembersPerChannel = v.count() },
	},
	{
		Name: "front.member_grace", Unit: "seconds", Default: "15", Missing: "15", Max: secondsMax, Ours: true,
		Meaning: "How long a member without a connection is still there, so that one that polls or reconnects does not come and go",
		Danger:  "Less than the pause of a client between two polls makes it leave and join with each",
		set:     func(c *Config, v *value) { c.Front.MemberGrace = v.seconds() },
	},
	{
		Name: "front.max_connections", Unit: "connections", Default: "0", Missing: "0", Max: countMax, Ours: true,
		Meaning: "Number of open connections at the public door; 0 is max_channels, or what one descriptor table holds if that is more",
		Danger:  "Each costs about 4 KB in the kernel and a few hundred bytes here",
		set:     func(c *Config, v *value) { c.Front.MaxConnections = v.count() },
	},
	{
		Name: "front.channel_buffer_size", Unit: "messages", Default: "10", Missing: "0", Max: historyMax,
		Meaning: "Number of messages kept per channel for those who come back",
		Danger:  "With 0 a long-polling client loses whatever is published between two of its polls",
		set:     func(c *Config, v *value) { c.Front.ChannelBufferSize = v.count() },
	},
	{
		Name: "front.channel_timeout", Unit: "seconds", Default: "30", Missing: "0", Min: -secondsMax, Max: secondsMax,
		Meaning: "How long a channel without subscribers is kept; 0 or less is half of polling_timeout",
		Danger:  "A client that returns later finds its messages gone and the numbering at 1",
		set:     func(c *Config, v *value) { c.Front.ChannelTimeout = v.seconds() },
	},
	{
		Name: "front.polling_timeout", Unit: "seconds", Default: "30", Required: true, Min: 1, Max: secondsMax,
		Meaning: "How long a subscriber gets nothing before it gets a noop, with which a poll ends",
		Danger:  "Proxies in front must wait longer than this",
		set:     func(c *Config, v *value) { c.Front.PollingTimeout = v.seconds() },
	},
	{
		Name: "front.head_timeout", Unit: "seconds", Default: "10", Missing: "10", Min: 1, Max: secondsMax, Ours: true,
		Meaning: "How long a request head may take to arrive",
		set:     func(c *Config, v *value) { c.Front.HeadTimeout = v.seconds() },
	},
	{
		Name: "front.keepalive_timeout", Unit: "seconds", Default: "75", Missing: "75", Min: 1, Max: secondsMax, Ours: true,
		Meaning: "How long a connection without a request is kept",
		set:     func(c *Config, v *value) { c.Front.KeepaliveTimeout = v.seconds() },
	},
	{
		Name: "front.send_timeout", Unit: "seconds", Default: "30", Missing: "30", Min: 1, Max: secondsMax, Ours: true,
		Meaning: "How long a subscriber may read nothing while something is queued for it",
		set:     func(c *Config, v *value) { c.Front.SendTimeout = v.seconds() },
	},
	{
		Name: "front.output_bytes", Unit: "bytes", Default: "262144", Missing: "262144", Min: 4096, Max: bytesMax, Ours: true,
		Meaning: "How much may be queued for one subscriber that does not read; one with more is closed, or reads on from the history if it speaks version 1",
		Danger:  "Slow subscribers together can take this much memory each",
		set:     func(c *Config, v *value) { c.Front.OutputBytes = v.count() },
	},
	{
		Name: "front.head_bytes", Unit: "bytes", Default: "16384", Missing: "16384", Min: 1024, Max: bytesMax, Ours: true,
		Meaning: "Longest request head at the public door",
		set:     func(c *Config, v *value) { c.Front.HeadBytes = v.count() },
	},

	{
		Name: "jwt.secret", Unit: "secret", Repeatable: true, Ours: true,
		Meaning: "Secret that tokens are signed with by HS256: the text itself, or file:PATH for the content of a file, whose last newline does " +
			"not count; at least 32 bytes",
		Danger: "Whoever knows it can make any token",
		set:    func(c *Config, v *value) { c.JWT.Secrets = v.secret(c.JWT.Secrets) },
	},
	{
		Name: "jwt.public_key", Unit: "path", Repeatable: true, Ours: true,
		Meaning: "PEM file with the public key of who signs tokens: RSA of 2048 bits or more for RS256, P-256 for ES256, Ed25519 for EdDSA",
		set:     func(c *Config, v *value) { c.JWT.PublicKeys = v.file(c.JWT.PublicKeys) },
	},
	{
		Name: "jwt.jwks_url", Unit: "URL", Ours: true,
		Meaning: "Where the public keys of who signs tokens are fetched from, as a JSON Web Key Set",
		Danger:  "With http:// whoever is on the way can put in a key of its own",
		set:     func(c *Config, v *value) { c.JWT.JWKSURL = v.url() },
	},
	{
		Name: "jwt.jwks_refresh", Unit: "seconds", Default: "300", Missing: "300", Min: 10, Max: 86400, Ours: true,
		Meaning: "How often the key set is fetched again; a token with a key that is not in it also asks for that, at most every ten seconds",
		Danger:  "A key that was taken out of the set is good for this long",
		set:     func(c *Config, v *value) { c.JWT.JWKSRefresh = v.seconds() },
	},
	{
		Name: "jwt.audience", Unit: "name", Ours: true,
		Meaning: "What the claim aud of a token has to be or to hold; without it aud is not looked at",
		Danger:  "Without it tokens that were made for other services of the same signer are taken too",
		set:     func(c *Config, v *value) { c.JWT.Audience = v.text },
	},
	{
		Name: "jwt.issuer", Unit: "name", Ours: true,
		Meaning: "What the claim iss of a token has to be; without it iss is not looked at",
		set:     func(c *Config, v *value) { c.JWT.Issuer = v.text },
	},
	{
		Name: "jwt.leeway", Unit: "seconds", Default: "30", Missing: "30", Max: 3600, Ours: true,
		Meaning: "How far the clock of who signs tokens may be from the one here",
		Danger:  "Tokens live this much longer",
		set:     func(c *Config, v *value) { c.JWT.Leeway = v.seconds() },
	},

	{
		Name: "hook.subscribe", Unit: "URL", Ours: true,
		Meaning: "URL of your application that is asked by POST whether a subscription is all right",
		set:     func(c *Config, v *value) { c.Hook.SubscribeURL = v.url() },
	},
	{
		Name: "hook.timeout", Unit: "seconds", Default: "5", Missing: "5", Min: 1, Max: 60, Ours: true,
		Meaning: "How long the application may take to answer",
		set:     func(c *Config, v *value) { c.Hook.Timeout = v.seconds() },
	},
	{
		Name: "hook.cache", Unit: "answers", Default: "65536", Missing: "65536", Max: 1 << 24, Ours: true,
		Meaning: "Number of answers of the application that are kept for as long as their ttl says; 0 keeps none",
		Danger:  "Each takes about 150 bytes",
		set:     func(c *Config, v *value) { c.Hook.Cache = v.count() },
	},
	{
		Name: "hook.failure", Unit: "choice", Default: "refuse", Missing: "refuse", Ours: true,
		Meaning: "What happens to a subscription when the application cannot be asked: refuse or allow",
		Danger:  "With allow an application that is down is one that allows everything",
		set:     func(c *Config, v *value) { c.Hook.FailOpen = v.failure() },
	},

	{
		Name: "webhook.url", Unit: "URL", Ours: true,
		Meaning: "Where events are posted, of http or https; nowhere without it",
		set:     func(c *Config, v *value) { c.Webhook.URL = v.url() },
	},
	{
		Name: "webhook.secret", Unit: "secret", Ours: true,
		Meaning: "Key of the signatures by which the receiver knows that events come from here, written as for jwt.secret",
		Danger:  "Without it events are not signed, and whoever knows the URL can forge them",
		set:     func(c *Config, v *value) { c.Webhook.Secret = v.anySecret() },
	},
	{
		Name: "webhook.events", Unit: "event", Repeatable: true, Ours: true,
		Default: strings.Join(webhookEvents, " "), Missing: strings.Join(webhookEvents, " "),
		Meaning: "Events that are posted",
		set:     func(c *Config, v *value) { c.Webhook.Events = v.event(c.Webhook.Events) },
	},
	{
		Name: "webhook.timeout", Unit: "seconds", Default: "5", Missing: "5", Min: 1, Max: 3600, Ours: true,
		Meaning: "How long the receiver may take to answer a request",
		set:     func(c *Config, v *value) { c.Webhook.Timeout = v.seconds() },
	},
}

// seconds is a number of seconds as a duration.
func (v *value) seconds() time.Duration { return time.Duration(v.number()) * time.Second }

// count is a number that the table bounds to what an int32 holds.
func (v *value) count() int { return int(v.number()) }
