package password

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
)

const foreignHash = "$argon2i$v=19$m=1024,t=4,p=2$c2FsdHNhbHRzYWx0c2FsdA$XSMfnukKuyRH4IMIVj3m1WXCgeXa+YFM"

// slowDownDummy makes the dummy hash of h take the time d and never match. Verify computes the dummy, which has the
// format that Hash writes, for a user without a usable hash and to measure how long a hash takes.
func slowDownDummy(h *Hasher, d time.Duration) {
	h.dummy.match = func(string) bool {
		time.Sleep(d)
		return false
	}
}

func TestR18_MinimumFailureTimeGrowsOnASlowMachine(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name          string
		format        string
		took, minimum time.Duration
	}{
		{"fast enough", config.Argon2id, 50 * time.Millisecond, MinFailureTime},
		{"slow", config.Argon2id, 60 * time.Millisecond, 300 * time.Millisecond},
		{"very slow", config.Argon2id, 200 * time.Millisecond, time.Second},
		{"at the bound", config.Argon2id, 500 * time.Millisecond, 2 * time.Second},
		{"scrypt fast enough", config.Scrypt, 100 * time.Millisecond, MinFailureTime},
		{"scrypt slow", config.Scrypt, 300 * time.Millisecond, 600 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := New(tt.format)
				slowDownDummy(h, tt.took)
				// Already the first failed attempt of a process takes the minimum time, whatever the format of the hash.
				for _, stored := range []string{foreignHash, "", foreignHash, "malformed"} {
					if got := timeVerify(t, h, stored, "wrong", false); got < tt.minimum || got > tt.minimum*9/8 {
						t.Errorf("a wrong password for %q takes %v, want %v and up to an eighth more", stored, got, tt.minimum)
					}
				}
				if got := timeVerify(t, h, foreignHash, "argon-Pass-4", true); got != 0 {
					t.Errorf("the right password waits %v, want 0", got)
				}
			})
		})
	}
}

func TestMinimumFailureTimeDecreasesAfterFastHashes(t *testing.T) {
	t.Parallel()
	f := failureTime{least: MinFailureTime, factor: 5}
	f.record(time.Hour)
	if got, want := f.delay(), 8*MinFailureTime; got < want || got > want*9/8 {
		t.Errorf("after a hash of one hour the minimum is %v, want %v and up to an eighth more", got, want)
	}
	f.record(20 * time.Millisecond)
	if got, want := f.delay(), 8*MinFailureTime; got < want {
		t.Errorf("one fast hash later the minimum is %v, want still %v", got, want)
	}
	want := time.Hour - (time.Hour-20*time.Millisecond)/8
	if got := time.Duration(f.recent.Load()); got != want {
		t.Errorf("one fast hash later the recent duration is %v, want %v", got, want)
	}
	for range 150 {
		f.record(20 * time.Millisecond)
	}
	if got := f.delay(); got < MinFailureTime || got > MinFailureTime*9/8 {
		t.Errorf("many fast hashes later the minimum is %v, want %v and up to an eighth more", got, MinFailureTime)
	}
}

func TestCheapHasNoMinimumTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := NewCheap()
		slowDownDummy(h, time.Second)
		if got, want := timeVerify(t, h, "", "wrong", false), time.Second; got != want {
			t.Errorf("a failed attempt takes %v, want only the %v of its hash", got, want)
		}
	})
}
