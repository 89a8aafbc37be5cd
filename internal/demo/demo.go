package demo

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"

	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/hub"
	"github.com/icomet/icomet/sdk/js"
	"github.com/icomet/icomet/web"
)

// What the demos need of the rest of the server.
const (
	// ChatRooms are the channels that anybody may publish to, and whose members are known.
	ChatRooms = chatPrefix + "*"
	// MessageBytesMax bounds what anybody may publish.
	MessageBytesMax = 4 << 10
	// HistorySize is how many messages a channel has to keep: the longest text of the tokens fits in, and ten
	// seconds of the chart.
	HistorySize = 256
)

// Demo is the handler of the public door. It must be made before the hub is used, and hears who comes and goes.
type Demo struct {
	http.Handler

	// Set before use, never changed.
	hub *hub.Hub
	now func() int64

	work   work
	charts charts
	tokens tokens
}

// New returns the demos on a hub; now is the hub's clock.
func New(h *hub.Hub, now func() int64) *Demo {
	d := &Demo{hub: h, now: now, work: newWork(), charts: charts{byName: map[string]*chart{}}}
	h.SetListener(d)
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServerFS(web.Demo))
	mux.Handle("/icomet.js", script(js.Client))
	mux.Handle("/icomet.esm.js", script(js.Module))
	mux.HandleFunc("POST /demo/chat/message", d.postMessage)
	mux.HandleFunc("GET /demo/chat/members", d.getMembers)
	mux.HandleFunc("GET /demo/chart/clock", getClock)
	mux.HandleFunc("POST /demo/tokens", d.postTokens)
	d.Handler = withPolicy(mux)
	return d
}

// Stop ends all that the demos do, and waits until it has ended. The hub may still be used, and nothing begins
// any more.
func (d *Demo) Stop() { d.work.stop() }

// withPolicy adds the headers that keep a page with other people's text harmless.
func withPolicy(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'; connect-src *")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	})
}

func script(text []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", delivery.ScriptType)
		w.Write(text)
	})
}

func answer(w http.ResponseWriter, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	writeJSON(w, body)
}

func writeJSON(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Write(append(body, '\n'))
}

// busy answers that something is full at the moment.
func busy(w http.ResponseWriter, text string) {
	w.Header().Set("Retry-After", "5")
	http.Error(w, text, http.StatusTooManyRequests)
}

// work are goroutines that end when the demos do.
type work struct {
	context.Context
	cancel context.CancelFunc

	mu      sync.Mutex
	stopped bool           // guarded by mu
	all     sync.WaitGroup // nothing is added once stopped is set
}

func newWork() work {
	ctx, cancel := context.WithCancel(context.Background())
	return work{Context: ctx, cancel: cancel}
}

// begin runs f on a goroutine of its own, which has to end soon after the context has. It returns false if the demos
// have ended. It may be called with a shard of the hub locked.
func (w *work) begin(f func()) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return false
	}
	w.all.Go(f)
	return true
}

func (w *work) stop() {
	w.mu.Lock()
	w.stopped = true
	w.mu.Unlock()
	w.cancel()
	w.all.Wait()
}
