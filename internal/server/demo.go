package server

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/hub"
	"github.com/icomet/icomet/sdk/js"
	"github.com/icomet/icomet/web"
)

// The demo lets anybody who reaches the public door publish, so it is held to channels of its own and
// to short messages.
const (
	demoChannelPrefix = "chat-"
	demoNameMax       = 256
	demoContentMax    = 16 << 10
)

// demo is the chat on the public door of a server that was started without a configuration.
type demo struct {
	hub            *hub.Hub
	now            func() int64
	pollingTimeout int
}

func newDemo(h *hub.Hub, now func() int64, pollingTimeout int) http.Handler {
	d := &demo{h, now, pollingTimeout}
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServerFS(web.Demo))
	mux.HandleFunc("/icomet.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", delivery.ScriptType)
		w.Write(js.Client)
	})
	mux.HandleFunc("/demo/sign", d.sign)
	mux.HandleFunc("/demo/pub", d.pub)
	return withPolicy(mux)
}

// withPolicy adds the headers that keep a page with other people's text harmless.
func withPolicy(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'; connect-src *")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	})
}

// name reads the channel of a request, and answers when it is not one of the demo's.
func (d *demo) name(w http.ResponseWriter, r *http.Request) (string, bool) {
	name := r.FormValue("cname")
	if !strings.HasPrefix(name, demoChannelPrefix) || len(name) > demoNameMax {
		http.Error(w, "the demo serves channels that begin with "+demoChannelPrefix, http.StatusForbidden)
		return "", false
	}
	return name, true
}

func (d *demo) sign(w http.ResponseWriter, r *http.Request) {
	name, ok := d.name(w, r)
	if !ok {
		return
	}
	signed, err := d.hub.Sign(d.now(), []byte(name), 0)
	if err != nil {
		http.Error(w, err.Error(), http.StatusTooManyRequests)
		return
	}
	d.answer(w, r, struct {
		Type       string `json:"type"`
		Name       string `json:"cname"`
		Seq        int32  `json:"seq"`
		Token      string `json:"token"`
		Expires    int64  `json:"expires"`
		SubTimeout int    `json:"sub_timeout"`
	}{"sign", name, hub.WireSeq(signed.Seq), signed.Token, signed.Expires, d.pollingTimeout})
}

func (d *demo) pub(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4*demoContentMax)
	name, ok := d.name(w, r)
	if !ok {
		return
	}
	content := r.FormValue("content")
	if len(content) > demoContentMax {
		http.Error(w, "the demo takes at most "+strconv.Itoa(demoContentMax)+" bytes", http.StatusRequestEntityTooLarge)
		return
	}
	escaped := string(delivery.AppendContent(nil, content))
	if _, err := d.hub.Publish(d.now(), []byte(name), hub.Publication{Payload: hub.Payload{Content: escaped}}); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	d.answer(w, r, struct {
		Type string `json:"type"`
	}{"ok"})
}

// answer writes v as JSON, or as a script if the request names a callback.
func (d *demo) answer(w http.ResponseWriter, r *http.Request, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	callback := r.FormValue("cb")
	switch {
	case callback == "":
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	case delivery.IsCallback(callback):
		w.Header().Set("Content-Type", delivery.ScriptType)
		body = delivery.AppendCall(nil, callback, body)
	default:
		http.Error(w, "cb must be a JavaScript name", http.StatusBadRequest)
		return
	}
	w.Write(body)
}
