package server

import (
	"slices"
	"time"

	"github.com/icomet/icomet/internal/config"
	"github.com/icomet/icomet/internal/demo"
)

// demoMemberGrace is how long somebody who has left a room of the demo is still there, if not less: visitors want to
// see it happen.
const demoMemberGrace = 5 * time.Second

// demoFront is the configuration of a public door with the demos on it.
func demoFront(f config.Front) config.Front {
	f.Publish = append(slices.Clip(f.Publish), demo.ChatRooms)
	f.Presence = append(slices.Clip(f.Presence), demo.ChatRooms)
	f.ClientIDs = true
	f.MemberGrace = min(f.MemberGrace, demoMemberGrace)
	f.ChannelBufferSize = max(f.ChannelBufferSize, demo.HistorySize)
	return f
}
