package password

import (
	"context"
	"errors"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/xenon-auth/xenon/shared/config"
)

func mustHash(t *testing.T, h *Hasher, password string) string {
	t.Helper()
	stored, err := h.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func TestR10_NewHashesHaveTheExactShape(t *testing.T) {
	t.Parallel()
	for format, shape := range map[string]string{
		config.Argon2id: `^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`,
		config.Scrypt:   `^[0-9a-f]{32}:[0-9a-f]{128}$`,
	} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			h := New(format)
			stored, again := mustHash(t, h, "pässwörd-€-😀"), mustHash(t, h, "pässwörd-€-😀")
			if !regexp.MustCompile(shape).MatchString(stored) {
				t.Errorf("Hash = %q, want the form %s", stored, shape)
			}
			if stored == again {
				t.Errorf("Hash gave %q twice, want another salt each time", stored)
			}
			checkVerify(t, stored, "pässwörd-€-😀", true)
			checkVerify(t, stored, "pässwörd-€-😁", false)
			checkVerify(t, stored, "", false)
			// Every Hasher reads all formats.
			if ok, err := New(config.Scrypt).Verify(t.Context(), stored, "pässwörd-€-😀"); !ok || err != nil {
				t.Errorf("Verify by a Hasher of scrypt = %v, %v, want true", ok, err)
			}
		})
	}
}

func TestIsCurrentAcceptsOnlyHashesOfTheConfiguredFormat(t *testing.T) {
	t.Parallel()
	const (
		tail       = "$" + salt22 + "$" + key43
		argon2id   = "$argon2id$v=19$m=19456,t=2,p=1" + tail
		betterAuth = "257a8ceeb0deb8c8d152e8d769ab57a9:3cf98fc56aa619744daec994f579de698be1ddf052eb130571a0aef9e3d919a0" +
			"fea609b665fa6586cf10324fcd0e0b25fd7d27184db4bad4246e00abcfa98898"
	)
	forArgon2id, forScrypt := New(config.Argon2id), New(config.Scrypt)
	tests := []struct {
		name   string
		hasher *Hasher
		stored string
		want   bool
	}{
		{"argon2id of this Hasher", forArgon2id, mustHash(t, forArgon2id, "password123"), true},
		{"argon2id of the same cost", forArgon2id, argon2id, true},
		{"argon2i", forArgon2id, "$argon2i$v=19$m=19456,t=2,p=1" + tail, false},
		{"more memory", forArgon2id, "$argon2id$v=19$m=65536,t=2,p=1" + tail, false},
		{"less memory", forArgon2id, "$argon2id$v=19$m=4096,t=2,p=1" + tail, false},
		{"more passes", forArgon2id, "$argon2id$v=19$m=19456,t=3,p=1" + tail, false},
		{"more lanes", forArgon2id, "$argon2id$v=19$m=19456,t=2,p=4" + tail, false},
		{"shorter key", forArgon2id, "$argon2id$v=19$m=19456,t=2,p=1$" + salt22 + "$+4L/tEkVoufdkyXuH+OskA", false},
		{"shorter salt", forArgon2id, "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$" + key43, false},
		{"bcrypt", forArgon2id, "$2a$10$" + tail53, false},
		{"scrypt, configured argon2id", forArgon2id, betterAuth, false},
		{"scrypt of this Hasher", forScrypt, mustHash(t, forScrypt, "password123"), true},
		{"scrypt of Better Auth", forScrypt, betterAuth, true},
		{"argon2id, configured scrypt", forScrypt, argon2id, false},
		{"none", forArgon2id, "", false},
		{"malformed", forArgon2id, argon2id + "$", false},
		{"cheap", NewCheap(), mustHash(t, NewCheap(), "password123"), true},
		{"hash of Cheap, configured argon2id", forArgon2id, mustHash(t, NewCheap(), "password123"), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.hasher.IsCurrent(tt.stored); got != tt.want {
				t.Errorf("IsCurrent(%q) = %v, want %v", tt.stored, got, tt.want)
			}
		})
	}
}

// In a synctest bubble hashing takes no time, so the duration of Verify is exactly the time that it waits.
func TestR18_EveryFailureIsAnsweredAfterTheMinimumTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := New(config.Argon2id)
		right := map[string]string{
			"native-Password-1": "$2a$10$vl1gsT0SRpqM.fZkG1XQJeHR39/9mSLkHUkBvQ2B5YD9P1dD4Rkfm",
			"argon-Pass-4":      "$argon2i$v=19$m=1024,t=4,p=2$c2FsdHNhbHRzYWx0c2FsdA$XSMfnukKuyRH4IMIVj3m1WXCgeXa+YFM",
			"fire-Pass-1": "$fbscrypt$v=1,n=14,r=8,p=1,ss=Cg==,sk=" + firebaseSigner +
				"$dXNlcnNhbHQwMQ==$ZTWFiGPElEExObq3Vs3juLtoTB80q4t8CnVloK8T/YE=",
			"ours-Password-1":   mustHash(t, New(config.Argon2id), "ours-Password-1"),
			"theirs-Password-1": mustHash(t, New(config.Scrypt), "theirs-Password-1"),
		}
		for password, stored := range right {
			if got := timeVerify(t, h, stored, password, true); got != 0 {
				t.Errorf("Verify of the right password for %q took %v, want 0", stored, got)
			}
		}
		right["unknown"], right["malformed"], right["above the ceiling"] = "", "$2a$10$", "$2b$31$"+tail53
		for _, stored := range right {
			if got := timeVerify(t, h, stored, "wrong", false); got < MinFailureTime || got > MinFailureTime*9/8 {
				t.Errorf("Verify of a wrong password for %q took %v, want %v and up to an eighth more",
					stored, got, MinFailureTime)
			}
		}
	})
}

// timeVerify fails the test unless Verify returns want, and returns how long Verify took.
func timeVerify(t *testing.T, h *Hasher, stored, password string, want bool) time.Duration {
	t.Helper()
	start := time.Now()
	if got, err := h.Verify(t.Context(), stored, password); got != want || err != nil {
		t.Errorf("Verify(%q, %q) = %v, %v, want %v", stored, password, got, err, want)
	}
	return time.Since(start)
}

// Without a usable stored hash, Verify computes a hash in the format that Hash writes; it does not just wait.
func TestR18_WithoutAHashTheWrittenFormatIsComputed(t *testing.T) {
	t.Parallel()
	for _, h := range []*Hasher{New(config.Argon2id), New(config.Scrypt), NewCheap()} {
		h.failure.least = 0
		written, known := parseHash(mustHash(t, h, "password123"))
		if !known || written.schemeAndCost != h.dummy.schemeAndCost {
			t.Errorf("the dummy is %+v, want %+v", h.dummy.schemeAndCost, written.schemeAndCost)
		}
		dummy, computed := h.dummy.match, 0
		h.dummy.match = func(password string) bool {
			computed++
			dummy(password)
			return true // Verify must return false even if the dummy matches
		}
		for _, stored := range []string{"", "malformed", "$2b$31$" + tail53} {
			if ok, err := h.Verify(t.Context(), stored, "password123"); ok || err != nil {
				t.Errorf("Verify(%q) = %v, %v, want false", stored, ok, err)
			}
		}
		if got, want := computed, 3; got != want {
			t.Errorf("three attempts without a usable hash computed the dummy %d times, want %d", got, want)
		}
	}
}

func TestConcurrentHashesStayWithinMemoryLimit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		memory int64
		want   int
	}{
		{"bcrypt", bcryptMemoryBytes, 4},
		{"the default", 19456 * 1024, 4},
		{"Better Auth's", betterAuthMemoryBytes, 4},
		{"one byte more than a slot has", memoryPerSlot + 1, 4},
		{"half of the rest", memoryPerSlot + extraMemoryForLargeHashes/2, 2},
		{"more than half of the rest", memoryPerSlot + extraMemoryForLargeHashes/2 + 1, 1},
		{"the largest", maxArgon2MemoryKiB * 1024, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				if got := maxConcurrentVerifies(t, newHasherWithSlots(4), tt.memory); got != tt.want {
					t.Errorf("Verify computed %d hashes at the same time, want %d", got, tt.want)
				}
			})
		})
	}
}

// maxConcurrentVerifies verifies twenty wrong passwords concurrently against a hash that needs the given memory in
// bytes. It returns the largest number that h verified at the same time.
func maxConcurrentVerifies(t *testing.T, h *Hasher, memory int64) int {
	t.Helper()
	var mu sync.Mutex
	var group sync.WaitGroup
	running, most := 0, 0
	count := func(by int) {
		mu.Lock()
		defer mu.Unlock()
		running += by
		most = max(most, running)
	}
	h.dummy.memory = memory
	h.dummy.match = func(string) bool {
		count(+1)
		defer count(-1)
		time.Sleep(time.Second)
		return false
	}
	for range 20 {
		group.Go(func() {
			if _, err := h.Verify(t.Context(), "", "password123"); err != nil {
				t.Errorf("Verify: %v", err)
			}
		})
	}
	group.Wait()
	return most
}

// A process that hashes one password at a time with scrypt holds the memory of one hash, not of two. This test is not
// parallel, because the hashes of others would count.
func TestMemoryOfAHashIsFreeBeforeTheNextHash(t *testing.T) {
	h := New(config.Scrypt)
	stored := mustHash(t, h, "password")
	for range 3 {
		if ok, err := h.Verify(t.Context(), stored, "password"); !ok || err != nil {
			t.Fatalf("Verify = %v, %v, want true", ok, err)
		}
		all := int64(min(runtime.GOMAXPROCS(0), maxHashSlots))
		if err := h.slots.Acquire(t.Context(), all); err != nil {
			t.Fatal(err)
		}
		var heap runtime.MemStats
		runtime.ReadMemStats(&heap)
		h.slots.Release(all)
		if heap.HeapAlloc >= betterAuthMemoryBytes {
			t.Errorf("heap when a slot is free again: %d bytes, want less than the %d of a hash",
				heap.HeapAlloc, betterAuthMemoryBytes)
		}
	}
}

// Verify of the right password computes one hash. Only a failed attempt may compute a second one, to measure how long a
// hash takes in the format that Hash writes.
func TestRightPasswordTakesOneHash(t *testing.T) {
	t.Parallel()
	h := New(config.Argon2id)
	h.dummy.match = func(string) bool { t.Error("Verify computed a second hash, the dummy"); return false }
	stored := mustHash(t, NewCheap(), "password123")
	if ok, err := h.Verify(t.Context(), stored, "password123"); !ok || err != nil {
		t.Errorf("Verify = %v, %v, want true", ok, err)
	}
}

func TestSmallHashDoesNotWaitForLargeOnes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHasherWithSlots(3)
		stored := mustHash(t, h, "password123")
		h.dummy.memory = maxArgon2MemoryKiB * 1024
		h.dummy.match = func(string) bool { time.Sleep(time.Hour); return false }
		var group sync.WaitGroup
		for range 2 { // one hashes, one waits for its memory
			group.Go(func() { timeVerify(t, h, "", "wrong", false) })
		}
		synctest.Wait()
		if got := timeVerify(t, h, stored, "password123", true); got != 0 {
			t.Errorf("Verify with a small hash took %v, want 0", got)
		}
		group.Wait()
	})
}

// A large hash needs one slot, like other hashes. If it waited for more, a client could measure that it is large.
func TestR18_LargeHashWaitsForASlotLikeOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHasherWithSlots(2)
		h.dummy.memory = maxArgon2MemoryKiB * 1024
		if !h.slots.TryAcquire(1) {
			t.Fatal("the test cannot take one of the two slots")
		}
		if got := timeVerify(t, h, "", "wrong", false); got != 0 {
			t.Errorf("Verify with a large hash took %v while another hash holds one of two slots, want 0", got)
		}
	})
}

func TestWaitingForASlotEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHasherWithSlots(1)
		stored := mustHash(t, h, "password123")
		if err := h.slots.Acquire(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if ok, err := h.Verify(ctx, stored, "password123"); ok || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Verify without a free slot = %v, %v, want false, %v", ok, err, context.DeadlineExceeded)
		}
		if got, err := h.Hash(ctx, "password123"); got != "" || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Hash without a free slot = %q, %v, want no hash and %v", got, err, context.DeadlineExceeded)
		}
		h.slots.Release(1)
		if ok, err := h.Verify(t.Context(), stored, "password123"); !ok || err != nil {
			t.Errorf("Verify with a free slot = %v, %v, want true", ok, err)
		}
	})
}

func TestWaitAfterFailureHoldsNoSlotAndEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHasherWithSlots(1)
		h.failure.least = time.Hour
		stored := mustHash(t, h, "password123")
		start := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error)
		go func() {
			_, err := h.Verify(ctx, "", "password123")
			failed <- err
		}()
		synctest.Wait() // the failure waits for its minimum time
		if ok, err := h.Verify(t.Context(), stored, "password123"); !ok || err != nil {
			t.Errorf("Verify while a failed attempt waits for its minimum time = %v, %v, want true", ok, err)
		}
		cancel()
		if err := <-failed; err != nil {
			t.Errorf("failed attempt whose context ended: got the error %v, want none", err)
		}
		if got := time.Since(start); got != 0 {
			t.Errorf("the wait took %v after the context ended, want 0", got)
		}
	})
}

func TestR18_WaitingForASlotDoesNotShortenTheMinimumTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHasherWithSlots(1)
		h.failure.least = MinFailureTime
		if !h.slots.TryAcquire(1) {
			t.Fatal("the test cannot take a slot, want one free")
		}
		time.AfterFunc(time.Hour, func() { h.slots.Release(1) })
		if got := timeVerify(t, h, "", "wrong", false) - time.Hour; got < MinFailureTime || got > MinFailureTime*9/8 {
			t.Errorf("a wrong password that waited an hour for a slot took %v more, want %v and up to an eighth more",
				got, MinFailureTime)
		}
	})
}

// newHasherWithSlots returns a Hasher that computes at most n hashes at a time.
func newHasherWithSlots(n int64) *Hasher {
	h := NewCheap()
	h.slots = semaphore.NewWeighted(n)
	return h
}

func TestSlotMemoryIsEnoughForNewHashes(t *testing.T) {
	t.Parallel()
	for _, h := range []*Hasher{New(config.Argon2id), New(config.Scrypt), NewCheap()} {
		if h.dummy.memory > memoryPerSlot {
			t.Errorf("a hash that Hash writes needs %d bytes of memory, want at most the %d of a slot",
				h.dummy.memory, memoryPerSlot)
		}
		if got := h.slots.TryAcquire(maxHashSlots + 1); got || !h.slots.TryAcquire(1) {
			t.Errorf("there are more than %d slots, or none", maxHashSlots)
		}
	}
}

func TestErrorsContainNoPasswordAndNoHash(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := NewCheap().Verify(ctx, "$2a$10$"+tail53, "secret-Password-1")
	if err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), tail53) {
		t.Errorf("Verify with a canceled context: got the error %v, want one without password and hash", err)
	}
}
