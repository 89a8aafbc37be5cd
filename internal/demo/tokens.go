package demo

import (
	"crypto/rand"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/icomet/icomet/internal/delivery"
	"github.com/icomet/icomet/internal/hub"
)

const (
	tokensPrefix = "tokens-"
	// streamsMax is how many texts are told at a time.
	streamsMax = 32
	// tokenInterval is the time between two tokens.
	tokenInterval = 40 * time.Millisecond
	// tellMax is the time after which a text is given up that an overloaded server does not take.
	tellMax = time.Minute
)

// tokens counts the texts that are being told.
type tokens struct{ streams atomic.Int64 }

// enter counts one more, unless there are as many as may be.
func (t *tokens) enter() bool {
	if t.streams.Add(1) > streamsMax {
		t.streams.Add(-1)
		return false
	}
	return true
}

func (t *tokens) leave() { t.streams.Add(-1) }

// postTokens begins a text on a channel of its own and answers where its first token is. The channel's name cannot be
// guessed, so nobody else reads it.
func (d *Demo) postTokens(w http.ResponseWriter, r *http.Request) {
	text, ok := texts[r.URL.Query().Get("text")]
	if !ok {
		http.Error(w, "there is no such text", http.StatusNotFound)
		return
	}
	if !d.tokens.enter() {
		busy(w, "the server tells "+strconv.Itoa(streamsMax)+" texts already; try again")
		return
	}
	name := tokensPrefix + rand.Text()
	pieces := split(text)
	done, err := d.hub.Publish(d.now(), []byte(name), tokenOf(pieces[0]))
	if err != nil {
		d.tokens.leave()
		refuse(w, err)
		return
	}
	begun := d.work.begin(func() {
		defer d.tokens.leave()
		d.tell(name, pieces[1:])
	})
	if !begun {
		d.tokens.leave()
		http.Error(w, "the server stops", http.StatusServiceUnavailable)
		return
	}
	answer(w, position{Channel: name, Seq: done.Seq, Epoch: done.Epoch.String()})
}

// tell publishes the rest of a text and its end. What an overloaded server does not take is tried again.
func (d *Demo) tell(name string, pieces []string) {
	tick := time.NewTicker(tokenInterval)
	defer tick.Stop()
	end := time.NewTimer(tellMax)
	defer end.Stop()
	for i := 0; i <= len(pieces); {
		select {
		case <-d.work.Done():
			return
		case <-end.C:
			return
		case <-tick.C:
			message := hub.Publication{Payload: hub.Payload{Event: "end"}}
			if i < len(pieces) {
				message = tokenOf(pieces[i])
			}
			if _, err := d.hub.Publish(d.now(), []byte(name), message); err == nil {
				i++
			}
		}
	}
}

func tokenOf(piece string) hub.Publication {
	return hub.Publication{Payload: hub.Payload{Content: string(delivery.AppendContent(nil, piece)), Event: "token"}}
}
