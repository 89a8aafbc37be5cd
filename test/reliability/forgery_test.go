package reliability

import (
	"bytes"
	"fmt"
	"regexp"
	"testing"
	"time"
)

// changeNumber makes a fault that changes the last digit of a number by delta, where that needs no carry. before
// stands ahead of the number.
func changeNumber(before string, delta int) fault {
	pattern := regexp.MustCompile(regexp.QuoteMeta(before) + `\d+`)
	return func(p *faultyProxy, chunk []byte) []byte {
		at := pattern.FindIndex(chunk)
		if at == nil {
			return chunk
		}
		digit := int(chunk[at[1]-1]-'0') + delta
		if digit < 1 || digit > 9 || !p.strikes() {
			return chunk
		}
		chunk[at[1]-1] = byte('0' + digit)
		return chunk
	}
}

// changeEpoch makes a message one of another life.
func changeEpoch(p *faultyProxy, chunk []byte) []byte {
	const before = `"epoch":"`
	i := bytes.Index(chunk, []byte(before)) + len(before)
	if p.strikes() {
		chunk[i] = 'A' + (chunk[i]-'A'+1)%26
	}
	return chunk
}

// doubleAtSeam sends the first message of an answer twice: what a server does that registers a subscriber before it
// has read the history.
func doubleAtSeam(p *faultyProxy, chunk []byte) []byte {
	if p.first {
		return doubleOne(p, chunk)
	}
	return chunk
}

var messagePattern = regexp.MustCompile(`\{"type":"data","cname":"([^"]+)","seq":(\d+),"epoch":"([^"]+)".*\}`)

// inventGap announces as lost what is not.
func inventGap(reason string) fault {
	return func(p *faultyProxy, chunk []byte) []byte {
		if !p.strikes() {
			return chunk
		}
		_, body, _ := bytes.Cut(chunk, []byte("\r\n"))
		body = messagePattern.ReplaceAll(bytes.TrimSuffix(body, []byte("\r\n")),
			[]byte(`{"type":"gap","cname":"$1","epoch":"$3","from":$2,"to":$2,"reason":"`+reason+`"}`))
		return fmt.Appendf(nil, "%x\r\n%s\r\n", len(body), body)
	}
}

// Each of these must turn the checker of v1 red.
func TestForgeriesOfV1TurnTheCheckerRed(t *testing.T) {
	const aboutGap, aboutRestart, aboutSubscribed = `"reason":"trimmed"`, `"reason":"restarted"`, `"type":"subscribed"`
	for _, c := range []struct {
		name    string
		fault   fault
		about   string
		over    string
		history int
		closes  bool
		calm    bool
		want    violation // none if empty
	}{
		{name: "no fault", fault: forward, about: aboutData, over: "v1 stream", history: 10, closes: true},
		{name: "no fault, events", fault: forward, about: aboutData, over: "v1 sse resumed", history: 10, closes: true},
		{name: "message doubled at the seam", fault: doubleAtSeam, about: aboutData, over: "v1 stream", want: doubled},
		{name: "event doubled at the seam", fault: doubleAtSeam, about: aboutData, over: "v1 sse resumed", want: doubled},
		{name: "message dropped", fault: dropOne, about: aboutData, over: "v1 iframe", calm: true, want: lost},
		{name: "message dropped at the seam", fault: dropAtSeam, about: aboutData, over: "v1 stream by POST", want: lost},
		{name: "message of another life", fault: changeEpoch, about: aboutData, over: "v1 stream", want: wrong},
		{name: "message forged", fault: changeOne, about: `"content":"p`, over: "v1 stream", calm: true, want: wrong},
		{name: "gap begins too late", fault: changeNumber(`"from":`, 1), about: aboutGap, over: "v1 stream", history: 10, want: wrong},
		{name: "gap begins too early", fault: changeNumber(`"from":`, -1), about: aboutGap, over: "v1 stream", history: 10, want: wrong},
		{name: "gap ends too early", fault: changeNumber(`"to":`, -1), about: aboutGap, over: "v1 stream", history: 10, want: lost},
		{name: "gap ends too late", fault: changeNumber(`"to":`, 1), about: aboutGap, over: "v1 stream", history: 10, want: doubled},
		{name: "gap dropped", fault: dropOne, about: aboutGap, over: "v1 stream", history: 10, want: lost},
		{name: "gap invented", fault: inventGap("trimmed"), about: aboutData, over: "v1 stream", want: wrong},
		{name: "gap invented for a slow reader", fault: inventGap("slow"), about: aboutData, over: "v1 stream", calm: true, want: wrong},
		{name: "restart not announced", fault: dropOne, about: aboutRestart, over: "v1 stream", closes: true, want: lost},
		{name: "subscribed elsewhere", fault: changeNumber(`"seq":`, 1), about: aboutSubscribed, over: "v1 stream", want: wrong},
		{name: "never woken", fault: neverWake, about: aboutData, over: "v1 stream", calm: true, want: late},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := plan{seed: newSeed(t), channels: 1, followers: 8, historySize: allInReach, only: transportNamed(t, c.over), calm: c.calm}
			if c.history > 0 {
				p.historySize = c.history
			}
			if c.closes {
				p.closeShare = 2
			}
			s := startServerOfV1(t, p.historySize, outputBytesDefault)
			p.front, p.admin = startFaultyProxy(t, s.Front, c.fault, c.about), s.Admin
			p.socketDoor, p.stay = s.Front, 20*time.Millisecond
			ck := newChecker(p)
			ck.start(t)
			for begun := time.Now(); ck.ledger.found(c.want) == 0 && time.Since(begun) < 10*time.Second; {
				if err := ck.round(200, 3*time.Second); err != nil {
					t.Fatal(err)
				}
				if c.want == "" {
					break
				}
			}
			if c.want == "" {
				ck.ledger.report(t)
			} else if ck.ledger.found(c.want) == 0 {
				t.Errorf("not found: %v", c.want)
			}
		})
	}
}
