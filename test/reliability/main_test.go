package reliability

import (
	"flag"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/icomet/icomet/internal/icomettest"
)

var (
	seedFlag     = flag.Uint64("reliability.seed", 0, "seed of all random choices; 0 takes a new one")
	durationFlag = flag.Duration("reliability.duration", 4*time.Second, "how long the delivery check goes on")
	v1Flag       = flag.Duration("reliability.v1", 3*time.Second, "how long the delivery check of protocol v1 goes on")
	followFlag   = flag.Int("reliability.followers", 200, "how many subscribers come back half as many times a second, under as many pushes")
	repeatsFlag  = flag.Int("reliability.repeats", 20_000, "how often a push must be seen by the next poll")
	roundsFlag   = flag.Int("reliability.rounds", 8, "how often a server is stopped under load")
	crowdFlag    = flag.Int("reliability.crowd", budgetSubscribers, "how many subscribers a wave has")
	wavesFlag    = flag.Int("reliability.waves", 4, "how many waves come and go")
)

func TestMain(m *testing.M) { os.Exit(icomettest.Main(m)) }

// newSeed chooses the seed of a test and prints it.
func newSeed(t testing.TB) uint64 {
	t.Helper()
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("replay with -reliability.seed=%d", seed)
	return seed
}

// newRandom is the source of random choices number n of a seed.
func newRandom(seed uint64, n int) *rand.Rand { return rand.New(rand.NewPCG(seed, uint64(n))) }
