package config

import (
	"time"
)

// Config is everything an operator can set. It is a plain value: once made it is read, never changed.
type Config struct {
	// File is the absolute path of the file these values come from; "" for the defaults.
	File string
	// Pidfile is an absolute path; "" means that no pidfile is written.
	Pidfile string
	// Loops is the number of event loops; 0 lets the server decide.
	Loops  int
	Logger Logger
	Admin  Admin
	Front  Front
	JWT    JWT
	Hook   Hook
	// Webhook is where events go.
	Webhook Webhook
}

// Logger says where records of the log go.
type Logger struct {
	// Level is one of none, fatal, error, warn, info, debug, trace.
	Level string
	// Output is "stdout", "stderr" or an absolute path.
	Output string
	// RotateBytes is the size at which a log file is put aside; at least 1048576.
	RotateBytes int64
}

// Admin is the private door.
type Admin struct {
	// Listen has at least one entry.
	Listen []Listen
	// Allow and Deny are the rules as written; Access is what they mean.
	Allow, Deny []string
	Access      Access
	// HeadBytes and BodyBytes bound one request.
	HeadBytes, BodyBytes int
}

// Front is the public door, and the limits of what is behind it.
type Front struct {
	// Listen has at least one entry.
	Listen []Listen
	// Auth says what a subscription needs.
	Auth Auth
	// Origins are the web pages that may use the door, as patterns; none means all.
	Origins []string

	// MaxChannels and MaxSubscribersPerChannel refuse everything when 0, as iComet does.
	MaxChannels              int
	MaxSubscribersPerChannel int
	// MaxChannelsPerSubscriber is at least 1.
	MaxChannelsPerSubscriber int
	// MaxConnections is 0 when the server is to derive it: MaxChannels, or what one descriptor table
	// holds if that is more.
	MaxConnections int
	// Publish are names of channels, or their beginnings with a "*" behind, that anybody may publish to
	// by WebSocket.
	Publish []string
	// Patterns are beginnings of names with a "*" behind: what clients may subscribe by patterns that begin
	// like them.
	Patterns []string
	// Presence are names of channels, or their beginnings with a "*" behind, whose members are known.
	Presence []string
	// ClientIDs says whether clients say by themselves who they are.
	ClientIDs bool
	// MaxMembersPerChannel bounds the members that are known by name.
	MaxMembersPerChannel int
	// ChannelBufferSize is the number of messages kept per channel.
	ChannelBufferSize int

	// ChannelTimeout and PollingTimeout are whole seconds, at least one.
	ChannelTimeout time.Duration
	PollingTimeout time.Duration

	// MemberGrace is whole seconds, 0 for none.
	MemberGrace time.Duration

	// HeadTimeout, KeepaliveTimeout and SendTimeout are whole seconds, at least one.
	HeadTimeout      time.Duration
	KeepaliveTimeout time.Duration
	SendTimeout      time.Duration

	// OutputBytes bounds what is queued for one connection, HeadBytes one request head.
	OutputBytes int
	HeadBytes   int
}

// Webhook says which events are posted where.
type Webhook struct {
	// URL is "" for nowhere.
	URL string
	// Secret is the key of signatures; the zero value for none.
	Secret Secret
	// Events are channel_occupied, channel_vacated, member_joined, member_left, or some of them.
	Events []string
	// Timeout is whole seconds, at least one.
	Timeout time.Duration
}

// Default returns what the server runs with when it is given no file: front on 0.0.0.0:8100, admin on
// 127.0.0.1:8000 for this machine only, log on stderr. The other values are in the table of keys.
func Default() Config {
	r := newReader("", "")
	r.read(nil, func(k *Key) string { return k.Default })
	r.relate()
	if err := r.err(); err != nil {
		panic("config: the table of keys has a bad default: " + err.Error())
	}
	return r.config
}
