package reliability

import (
	"fmt"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/icomettest"
)

// churnStay is how long visits last at the average: so that, while a quarter of all stay, there are at least half as
// many reconnects a second as there are subscribers.
const churnStay = 1300 * time.Millisecond

// churnPublishers are enough to keep the rate up where a batch takes long to be answered.
const churnPublishers = 16

// A subscriber in four is a client of the original. With -reliability.followers=2000 -reliability.v1=60s these are
// 1,000 reconnects a second under 2,000 pushes a second.
func TestSubscribersThatReconnectAllTheTimeLoseNothing(t *testing.T) {
	s := icomettest.StartProcess(t, fmt.Sprint("channel_buffer_size: ", allInReach), "publish: *", "channel_timeout: 3600")
	crowd := *followFlag
	c := newChecker(plan{
		seed: newSeed(t), channels: max(1, crowd/8), subscribers: crowd / 4, followers: crowd - crowd/4, channelsEach: 4,
		historySize: allInReach, front: s.Front, admin: s.Admin, stay: churnStay, publishing: churnPublishers, batch: max(batchMax, crowd/32), every: time.Second / time.Duration(crowd),
	})
	c.start(t)
	begun, visits, processor := time.Now(), c.ledger.visits.Load(), s.Processor(t)
	publishes := int(v1Flag.Seconds() * float64(crowd))
	c.published = func() {
		took := time.Since(begun).Seconds()
		t.Logf("%.1f s: %.0f pushes, %.0f connections, %.0f deliveries a second; the server took %.0f %% of a processor",
			took, float64(publishes)/took, float64(c.ledger.visits.Load()-visits)/took, float64(c.ledger.deliveries.Load())/took,
			100*(s.Processor(t)-processor).Seconds()/took)
	}
	if err := c.round(publishes, catchUpLimit); err != nil {
		t.Fatal(err)
	}
	t.Logf("everybody had everything %v after the first push", time.Since(begun).Round(time.Millisecond))
	c.ledger.report(t)
}
