package reliability

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/icomettest"
)

// What memory is held to. Raising a figure needs a reason in the same change.
const (
	// emptyMemoryMax is the resident memory of a server that has just started.
	emptyMemoryMax = 24 << 20
	// subscriberMemoryMax is what an idle subscriber with a channel of its own costs in user space.
	subscriberMemoryMax = 256
	// keptShareMax is the part, one in so many, by which memory may stay above what it should come back to.
	keptShareMax = 4
	// backLimit is how long that may take.
	backLimit = 60 * time.Second
	// growthShareMax is how much more memory a wave may need than the third one, one in so many.
	growthShareMax = 20
	// budgetSubscribers is the size of the crowd that the budget is measured with.
	budgetSubscribers = 100_000
)

// pollOf makes the request of a long poll on a channel of its own with a random name.
func pollOf(random *rand.Rand) func(int) []byte {
	seed := random.Uint64()
	return func(n int) []byte {
		own := newRandom(seed, n)
		return []byte(get(fmt.Sprintf("/sub?cname=%016x%016x&seq=1", own.Uint64(), own.Uint64())))
	}
}

// settlesAt waits until resident memory is at most limit.
func settlesAt(t *testing.T, s *icomettest.Process, limit int64) {
	t.Helper()
	begun, resident := time.Now(), int64(0)
	icomettest.Within(backLimit, func() bool {
		resident = s.Resident(t)
		return resident <= limit
	})
	t.Logf("%s resident after %v, at most %s is allowed", mebibytes(resident), time.Since(begun).Round(time.Millisecond), mebibytes(limit))
	if resident > limit {
		t.Errorf("%s are resident %v after the subscribers have left, more than %s", mebibytes(resident), backLimit, mebibytes(limit))
	}
}

func TestMemoryBudgetOfAHundredThousandSubscribers(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short")
	}
	s := icomettest.StartProcess(t, fmt.Sprint("max_connections: ", budgetSubscribers), "channel_timeout: 2")
	empty := s.Resident(t)
	if empty > emptyMemoryMax {
		t.Errorf("an empty server takes %s, at most %s is allowed", mebibytes(empty), mebibytes(emptyMemoryMax))
	}
	crowd, err := icomettest.NewCrowd(s.Front, budgetSubscribers, pollOf(newRandom(newSeed(t), 0)))
	if err != nil {
		t.Fatal(err)
	}
	defer crowd.Stop()
	begun := time.Now()
	if err := crowd.Open(t.Context(), budgetSubscribers); err != nil {
		t.Fatal(err)
	}
	cost := s.Resident(t) - empty
	t.Logf("empty %s, %d subscribers after %v: %d bytes each", mebibytes(empty), budgetSubscribers,
		time.Since(begun).Round(time.Millisecond), cost/budgetSubscribers)
	if cost/budgetSubscribers > subscriberMemoryMax {
		t.Errorf("a subscriber costs %d bytes, at most %d are allowed", cost/budgetSubscribers, subscriberMemoryMax)
	}
	const stays = 10 // one in so many
	crowd.Leave(stays)
	rest := empty + cost/stays
	settlesAt(t, s, rest+rest/keptShareMax)
}

func TestMemoryAndDescriptorsComeBackAfterWaves(t *testing.T) {
	s := icomettest.StartProcess(t, fmt.Sprint("max_connections: ", *crowdFlag), "channel_timeout: 2")
	mustGet(t, s.Admin, "/metrics")
	empty, descriptors := s.Resident(t), openDescriptors(t, s)
	random := newRandom(newSeed(t), 0)
	var peaks []int64
	for range *wavesFlag {
		peak := wave(t, s, random)
		peaks = append(peaks, peak)
		settlesAt(t, s, empty+(peak-empty)/keptShareMax)
		if n := openDescriptors(t, s); n > descriptors {
			t.Errorf("%d descriptors are open, before there were %d", n, descriptors)
		}
	}
	t.Logf("resident bytes with %d subscribers, by wave: %v", *crowdFlag, peaks)
	for i := 3; i < len(peaks); i++ {
		if peaks[i] > peaks[2]+peaks[2]/growthShareMax {
			t.Errorf("wave %d takes %s, wave 3 took %s", i+1, mebibytes(peaks[i]), mebibytes(peaks[2]))
		}
	}
}

// wave lets subscribers come and go, and returns the resident memory when all were there.
func wave(t *testing.T, s *icomettest.Process, random *rand.Rand) (peak int64) {
	t.Helper()
	crowd, err := icomettest.NewCrowd(s.Front, *crowdFlag, pollOf(random))
	if err != nil {
		t.Fatal(err)
	}
	defer crowd.Stop()
	if err := crowd.Open(t.Context(), *crowdFlag); err != nil {
		t.Fatal(err)
	}
	peak = s.Resident(t)
	crowd.Leave(0)
	gone := func() bool {
		return strings.Contains(mustGet(t, s.Admin, "/info"), `"channels": 0, "subscribers": 0}`)
	}
	if !icomettest.Within(ioLimit, gone) {
		t.Fatal("the server has not noticed that all subscribers have left")
	}
	return peak
}

// openDescriptors counts the descriptors of a server in all tables that its threads have.
func openDescriptors(t *testing.T, s *icomettest.Process) (n int) {
	t.Helper()
	tables, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/fd", s.Cmd.Process.Pid))
	if err != nil || len(tables) == 0 {
		t.Skipf("SKIPPED: no list of descriptors: %v", err)
	}
	for _, table := range tables {
		names, err := os.ReadDir(table)
		if err != nil {
			continue // the thread has ended
		}
		n = max(n, len(names))
	}
	return n
}
