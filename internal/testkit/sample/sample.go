// Package sample chooses the cases that a long test tries: all of them in `make nightly`, otherwise a random sample.
package sample

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// RunsAllCases reports whether the long tests run all their cases (XENON_WHOLE=1). Otherwise each of them runs a sample
// of its cases.
func RunsAllCases() bool { return os.Getenv("XENON_WHOLE") != "" }

// NewRandom returns the source of random numbers with which a test chooses its sample. It logs the seed; XENON_SEED
// sets the seed.
func NewRandom(t *testing.T) *rand.Rand {
	t.Helper()
	seed := rand.Uint64() //nolint:gosec // it needs no secrecy
	if text := os.Getenv("XENON_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("XENON_SEED is not a number: %v", err)
		}
	}
	t.Logf("the seed of the sample is %d: XENON_SEED=%[1]d chooses the same cases", seed)
	return rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // it needs no secrecy
}
