package importtest

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// Whole says that the long tests run whole, as XENON_WHOLE=1 asks for. Otherwise they run a sample, in which every kind
// of case occurs.
func Whole() bool { return os.Getenv("XENON_WHOLE") != "" }

// Random is for the choice of a sample. It prints its seed; XENON_SEED sets it.
func Random(t *testing.T) *rand.Rand {
	t.Helper()
	seed := rand.Uint64() //nolint:gosec // chooses a sample
	if text := os.Getenv("XENON_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("XENON_SEED: %v", err)
		}
	}
	t.Logf("the sample's seed is %d: XENON_SEED=%[1]d repeats it", seed)
	return rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // chooses a sample
}
