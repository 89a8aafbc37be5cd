package admin_test

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/icomet/icomet/internal/hub"
	"github.com/icomet/icomet/internal/icomettest"
)

const (
	jsonBody  = "Content-Type: application/json"
	linesBody = "Content-Type: application/x-ndjson"
)

// list is a JSON array with an element for each number below n.
func list(n int, element func(i int) string) string {
	all := make([]string, n)
	for i := range all {
		all[i] = element(i)
	}
	return "[" + strings.Join(all, ",") + "]"
}

// message is an item for channel c.
func message(i int) string { return fmt.Sprintf(`{"channel":"c","content":"%d"}`, i) }

// published is the answer to message i if it became number i+1 of a channel with one subscriber.
func published(i int) string {
	return fmt.Sprintf(`{"results":[{"channel":"c","seq":%d,"epoch":"E","receivers":1}]}`, i+1)
}

var epochs = regexp.MustCompile(`"epoch":"[\w-]{11}"`)

// plain is an answer without what no test can know.
func plain(body string) string { return epochs.ReplaceAllString(body, `"epoch":"E"`) }

func TestALargeBatchIsDoneInSteps(t *testing.T) {
	h := newHouse(t, 1<<20)
	h.subscribe("c")
	batch, other := h.dial(), h.dial()
	sent := make(chan struct{})
	h.onEach(func(n int, m *hub.Message) {
		if n == 1 { // the loop stands still in the first step while another request comes
			other.Get("/push?cname=c&content=other")
			close(sent)
		}
	})
	const n = 2000
	before := h.group.Stats().Turns
	batch.Request("POST", "/v1/publish", list(n, message), jsonBody)
	<-sent
	other.Answer()
	a := batch.Answer()
	if a.Status != 200 || strings.Count(a.Body, `"receivers":1`) != n {
		t.Fatalf("%s\n%.200s", a.Head, a.Body)
	}
	h.checkTurns(before, n)
	next := 0
	for i, m := range h.messages() {
		if int(m.Seq) != i+1 {
			t.Fatalf("delivery %d has number %d", i, m.Seq)
		}
		switch m.Content {
		case "other":
		case fmt.Sprint(next):
			next++
		default:
			t.Fatalf("delivery %d is %s, want %d", i, m.Content, next)
		}
	}
}

func TestItemsThatAreRefusedTakeStepsToo(t *testing.T) {
	h := newHouse(t, 1<<20)
	const n = 5000
	c := h.dial()
	before := h.group.Stats().Turns
	c.Request("POST", "/v1/publish", list(n, func(int) string { return "{}" }), jsonBody)
	if a := c.Answer(); a.Status != 400 || strings.Count(a.Body, "error") != n {
		t.Errorf("%s\n%.300s", a.Head, a.Body)
	}
	h.checkTurns(before, n)
}

func TestTheAnswerToALargeBatchIsWhole(t *testing.T) {
	h := newHouse(t, 1<<20)
	h.subscribe("c")
	const n = 3000
	c := h.dial()
	c.Request("POST", "/v1/publish", list(n, message), jsonBody)
	c.Get("/info") // waits behind it
	if got, want := plain(c.Answer().Body), list(n, published)+"\n"; got != want {
		t.Errorf("got %.300s, want %.300s", got, want)
	}
	if a := c.Answer(); a.Status != 200 || !strings.Contains(a.Body, `"channels": 1,`) {
		t.Errorf("the next answer is %s %s", a.Head, a.Body)
	}
}

// The loop learns of the end some time after it, depending on the driver; so a batch may be done before.
func TestABatchEndsWithItsClient(t *testing.T) {
	h := newHouse(t, 1<<20)
	h.subscribe("c")
	const n = 10_000
	abandoned := &h.door.Counters.Abandoned
	for round := 1; abandoned.Load() == 0; round++ {
		if round > 100 {
			t.Fatalf("%d batches were done although their clients had gone", round)
		}
		c := h.dial()
		h.onEach(func(i int, _ *hub.Message) {
			if i == (round-1)*n+300 {
				c.Reset()
			}
		})
		c.Request("POST", "/v1/publish", list(n, message), jsonBody)
		if !icomettest.Within(patience, func() bool { return abandoned.Load() == 1 || len(h.messages()) == round*n }) {
			t.Fatalf("in round %d the batch is neither done nor given up", round)
		}
		if published := len(h.messages()); abandoned.Load() == 1 && published >= round*n {
			t.Errorf("%d messages were published of a batch that was given up", published)
		}
	}
}

func TestABatchOfAClientThatHasFinishedSendingIsDone(t *testing.T) {
	h := newHouse(t, 1<<20)
	h.subscribe("c")
	c := h.dial()
	const n = 1000
	c.Request("POST", "/v1/publish", list(n, message), jsonBody)
	c.Half()
	if got, want := plain(c.Answer().Body), list(n, published)+"\n"; got != want {
		t.Errorf("got %.300s", got)
	}
	c.AwaitEnd()
}

// What a server that stops has begun to publish is published, and what comes then is refused.
func TestADrainingDoorEndsItsBatches(t *testing.T) {
	h := newHouse(t, 1<<20)
	h.subscribe("c")
	c, late := h.dial(), h.dial()
	late.Get("/info")
	late.Answer()
	drained := make(chan (<-chan struct{}), 1)
	h.onEach(func(n int, m *hub.Message) {
		switch n {
		case 300:
			drained <- h.door.Drain()
		case 600: // a step later
			late.Request("POST", "/v1/publish", message(1), jsonBody)
		}
	})
	const n = 2000
	c.Request("POST", "/v1/publish", list(n, message), jsonBody)
	<-<-drained
	if got := len(h.messages()); got != n {
		t.Errorf("when the door was drained %d messages were published, want %d", got, n)
	}
	if a := c.Answer(); a.Status != 200 || plain(a.Body) != list(n, published)+"\n" {
		t.Errorf("%s\n%.200s", a.Head, a.Body)
	}
	if a := late.Answer(); a.Status != 503 || a.Header("Connection") != "close" {
		t.Errorf("a late request gets %s", a.Head)
	}
}

func TestADoorWithoutBatchesIsDrainedAtOnce(t *testing.T) {
	h := newHouse(t, 1<<20)
	<-h.door.Drain()
}

func TestAnOverloadedLoopFailsItemsOneByOne(t *testing.T) {
	h := newHouse(t, 1<<20)
	h.subscribe("c")
	h.overloadAt(2)
	c := h.dial()
	c.Request("POST", "/v1/publish", list(3, message), jsonBody)
	a := c.Answer()
	want := "[" + published(0) + `,{"error":{"code":503,"text":"overloaded; try again"}},` + published(1) + "]\n"
	if a.Status != 503 || a.Header("Retry-After") != "1" || plain(a.Body) != want {
		t.Errorf("%s\n%s, want %s", a.Head, a.Body, want)
	}
	if n := h.door.Counters.Overloaded.Load(); n != 1 {
		t.Errorf("%d were counted", n)
	}
}

// An answer for which there is no room behind earlier ones waits until those are out.
func TestAnswersOfASlowClientAreNotLost(t *testing.T) {
	h := newHouse(t, 16<<10)
	h.subscribe("c")
	c := h.dial()
	c.Shrink()
	name := strings.Repeat("n", 1000)
	batch := list(300, message)
	const rounds, infos = 100, 50
	var sending sync.WaitGroup
	sending.Go(func() {
		for range rounds {
			for range infos {
				c.Get("/info?cname=" + name)
			}
			c.Request("POST", "/v1/publish", batch, jsonBody)
		}
	})
	for round := range rounds {
		for range infos {
			if a := c.Answer(); !strings.Contains(a.Body, name) {
				t.Fatalf("round %d: %s %s", round, a.Head, a.Body)
			}
		}
		want := list(300, func(i int) string { return published(300*round + i) }) + "\n"
		if got := plain(c.Answer().Body); got != want {
			t.Fatalf("round %d: got %.200s, want %.200s", round, got, want)
		}
	}
	sending.Wait()
}

// Messages of a batch and of others to the same channel come in the order of their numbers, each sender's in
// the order in which they were sent.
func TestBatchesAndPushesKeepTheirOrder(t *testing.T) {
	s := icomettest.Start(t)
	const each, senders = 1500, 3
	front := s.DialFront(t)
	front.Get("/stream?cname=c&seq=1")
	s.AwaitSubscribers(t, 1)
	var sending sync.WaitGroup
	defer sending.Wait()
	for sender := range senders {
		c := s.DialAdmin(t)
		sending.Go(func() {
			if sender > 0 {
				c.Request("POST", "/v1/publish", list(each, func(i int) string {
					return fmt.Sprintf(`{"channel":"c","content":"%d %d"}`, sender, i)
				}), jsonBody)
				return
			}
			for i := range each {
				c.Get(fmt.Sprintf("/push?cname=c&content=0+%d", i))
			}
		})
	}
	front.Head()
	var next [senders]int
	for seq := 1; seq <= senders*each; {
		for line := range strings.Lines(front.Chunk()) {
			var n, sender, i int
			const form = `{"type":"data","cname":"c","seq":%d,"content":"%d %d"}`
			if _, err := fmt.Sscanf(line, form, &n, &sender, &i); err != nil || n != seq || i != next[sender] {
				t.Fatalf("message %d is %q, want number %d of its sender: %v", seq, line, next[sender], err)
			}
			next[sender]++
			seq++
		}
	}
}

func TestItemsAreBounded(t *testing.T) {
	h := newHouse(t, 1<<20)
	lines := func(n int, end string) string {
		return strings.TrimSuffix(strings.Repeat("{}\n", n), "\n") + end
	}
	const tooMany = `{"error":{"code":413,"text":"more than 10000 items in one request"}}` + "\n"
	empty := func(int) string { return "{}" }
	for _, c := range []struct {
		name, body, contentType string
		status, items           int
	}{
		{"array of the most", list(10_000, empty), jsonBody, 400, 10_000},
		{"array of more", list(10_001, empty), jsonBody, 413, 0},
		{"lines of the most", lines(10_000, "\n"), linesBody, 400, 10_000},
		{"lines of the most without the last end", lines(10_000, ""), linesBody, 400, 10_000},
		{"lines of more", lines(10_001, ""), linesBody, 413, 0},
		{"lines of more with the last end", lines(10_001, "\n"), linesBody, 413, 0},
	} {
		before := h.door.Counters.Items.Load()
		client := h.dial()
		client.Request("POST", "/v1/publish", c.body, c.contentType)
		a := client.Answer()
		if a.Status != c.status || c.items == 0 && a.Body != tooMany || strings.Count(a.Body, "exactly one of") != c.items {
			t.Errorf("%s: %s\n%.200s", c.name, a.Head, a.Body)
		}
		if n := h.door.Counters.Items.Load() - before; int(n) != c.items {
			t.Errorf("%s: %d items were read", c.name, n)
		}
	}
}

func TestPublicationsOfARequestAreBounded(t *testing.T) {
	h := newHouse(t, 1<<20)
	thousand := `{"channels":` + list(1000, func(i int) string { return fmt.Sprintf(`"%d"`, i) }) + `,"content":""}`
	const one = `{"channel":"0","content":"last"}`
	items := strings.Repeat(thousand+",", 9) + one + "," + thousand
	for range 999 {
		items += "," + one
	}
	items += "," + one
	c := h.dial()
	c.Request("POST", "/v1/publish", "["+items+"]", jsonBody)
	a := c.Answer()
	const refused = `{"error":{"code":413,"text":"more than 10000 publications in one request"}}`
	if a.Status != 413 || strings.Count(a.Body, `"seq"`) != 10_000 || strings.Count(a.Body, refused) != 2 || !strings.HasSuffix(a.Body, refused+"]\n") {
		t.Errorf("%s\n%d results, %d refused", a.Head, strings.Count(a.Body, `"seq"`), strings.Count(a.Body, refused))
	}
	if next, _ := h.hub.Clear([]byte("0")); next != 1010 {
		t.Errorf("the next number is %d", next)
	}
}

func TestAnItemForManyChannelsIsDoneInSteps(t *testing.T) {
	h := newHouse(t, 1<<20)
	const n = 1000
	name := func(i int) string { return fmt.Sprintf(`"c%d"`, i) }
	for i := range n {
		h.subscribe(fmt.Sprintf("c%d", i))
	}
	c, other := h.dial(), h.dial()
	sent := make(chan struct{})
	h.onEach(func(n int, m *hub.Message) {
		if n == 1 {
			other.Get("/push?cname=c0&content=other")
			close(sent)
		}
	})
	before := h.group.Stats().Turns
	c.Request("POST", "/v1/publish", `{"channels":`+list(n, name)+`,"data":{}}`, jsonBody)
	<-sent
	other.Answer()
	want := `{"results":` + list(n, func(i int) string {
		return fmt.Sprintf(`{"channel":%s,"seq":1,"epoch":"E","receivers":1}`, name(i))
	}) + "}\n"
	if got := plain(c.Answer().Body); got != want {
		t.Errorf("got %.300s", got)
	}
	h.checkTurns(before, n)
	for i, m := range h.messages() {
		if m.Content != "other" && (m.Form != hub.JSON || m.Content != "{}") {
			t.Errorf("delivery %d: %+v", i, m.Payload)
		}
	}
}
