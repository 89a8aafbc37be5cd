package front_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/server"
)

func TestMain(m *testing.M) { os.Exit(icomettest.Main(m)) }

const patience = 30 * time.Second

// message is the envelope as clients read it.
type message struct {
	Type    string `json:"type"`
	Name    string `json:"cname"`
	Seq     int32  `json:"seq"`
	Content string `json:"content"`
}

// messages reads the answer of a poll: an object or an array.
func messages(t testing.TB, body string) (list []message) {
	t.Helper()
	if !strings.HasPrefix(body, "[") {
		body = "[" + body + "]"
	}
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		t.Fatalf("%v in %q", err, body)
	}
	return list
}

// history makes a server keep so many messages of each channel.
func history(n int) func(o *server.Options) {
	return func(o *server.Options) { o.Config.Front.ChannelBufferSize = n }
}

// outputBytes makes a server queue so much for a subscriber, and replay so much in one go.
func outputBytes(n int) func(o *server.Options) {
	return func(o *server.Options) { o.Config.Front.OutputBytes = n }
}
