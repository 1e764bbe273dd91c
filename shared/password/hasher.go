package password

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/xenon-auth/xenon/shared/config"
)

// Each hash needs a slot of a semaphore while it is computed. There is one slot for each processor, up to maxHashSlots:
// more hashes at the same time would not be faster, and would only use more memory. A slot includes memoryPerSlot,
// which is enough for a hash in both formats that Hash writes. An imported hash that needs more takes the rest from
// extraMemoryForLargeHashes, which is enough for the largest permitted hash. So hashing takes at most 32 MiB for each
// processor and 224 MiB more, and never more than 480 MiB.
const (
	memoryPerSlot             = 32 << 20
	maxHashSlots              = 8
	extraMemoryForLargeHashes = maxArgon2MemoryKiB*1024 - memoryPerSlot
)

// Hasher hashes and verifies passwords, a limited number at a time. Use one for the whole process, because each has its
// own limit. It is safe for concurrent use.
type Hasher struct {
	write   func(password string) string
	dummy   parsedHash // takes as long as a hash that write returned; Verify computes it if there is no usable hash
	failure failureTime
	slots   *semaphore.Weighted
	large   *semaphore.Weighted // limits the memory of large hashes, in bytes
}

// New returns a Hasher whose Hash writes the format config.Argon2id or config.Scrypt.
//
// The Argon2id cost is the minimum that OWASP recommends: 19 MiB, two passes, one thread. Supabase Auth reads such
// hashes too. An unchanged Better Auth server reads scrypt only.
func New(format string) *Hasher {
	h := withArgon2id(argon2Cost{memory: 19 * 1024, time: 2, threads: 1})
	// Measured: bcrypt of cost 10, both scrypts and Argon2id with 64 MiB take 1.7 to 3.8 times as long as this cost.
	h.failure.factor = 5
	if format == config.Scrypt {
		h.write, h.dummy = hashBetterAuth, mustParseHash(encodeBetterAuth(make([]byte, 16), make([]byte, betterAuthKeyBytes)))
		h.failure.factor = 2 // measured: the other formats take 0.5 to 1.2 times as long as a scrypt hash
	}
	h.failure.least = MinFailureTime
	return h
}

// NewCheap returns a Hasher for tests of other packages: Argon2id with the minimum cost, and no MinFailureTime. Its
// hashes are far too weak for real users.
func NewCheap() *Hasher { return withArgon2id(argon2Cost{memory: 8, time: 1, threads: 1}) }

func withArgon2id(cost argon2Cost) *Hasher {
	return &Hasher{
		write: cost.hash,
		dummy: mustParseHash(cost.text(make([]byte, argon2SaltLength), make([]byte, argon2KeyLength))),
		slots: semaphore.NewWeighted(int64(min(runtime.GOMAXPROCS(0), maxHashSlots))),
		large: semaphore.NewWeighted(extraMemoryForLargeHashes),
	}
}

// Hash returns the text to store for a password. It returns an error only if ctx ends while it waits for a slot.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	var stored string
	err := h.withSlot(ctx, h.dummy.memory, func() error {
		stored = h.write(password)
		return nil
	})
	return stored, err
}

// Verify reports whether stored is a hash of password, which must be as the client sent it. A stored text for which
// IsSupported is false, such as "" for a user without a password, never matches and takes as long as a wrong password.
// Verify returns a mismatch no earlier than MinFailureTime (see the package comment), or when ctx ends. It returns an
// error only if ctx ends while it waits for a slot or for memory; then nothing was verified.
func (h *Hasher) Verify(ctx context.Context, stored, password string) (bool, error) {
	c, known := parseHash(stored)
	if !known {
		c = h.dummy
	}
	var ok bool
	var failed <-chan time.Time
	err := h.withSlot(ctx, c.memory, func() error {
		// The minimum time does not include the wait for a slot, because this wait does not depend on the hash. It includes
		// the wait for large memory, because that wait depends on the hash.
		start := time.Now() //nolint:forbidigo // measures a duration
		err := withSemaphore(ctx, h.large, max(0, c.memory-memoryPerSlot), func() error {
			ok = h.match(c, password) && known
			return nil
		})
		if !ok && err == nil && !h.failure.isMeasured() {
			h.match(h.dummy, password)
		}
		failed = time.After(h.failure.delay() - time.Since(start))
		return err
	})
	if err != nil || ok {
		return ok, err
	}
	select {
	case <-failed:
	case <-ctx.Done():
	}
	return false, nil
}

// match compares the password with c. If c has the format and cost that Hash writes, match records the duration.
func (h *Hasher) match(c parsedHash, password string) bool {
	start := time.Now() //nolint:forbidigo // measures a duration
	ok := c.match(password)
	if c.schemeAndCost == h.dummy.schemeAndCost {
		h.failure.record(time.Since(start))
	}
	return ok
}

// IsCurrent reports whether stored has the format and cost that Hash writes. If not, the caller hashes the password
// again after it was verified.
func (h *Hasher) IsCurrent(stored string) bool {
	c, known := parseHash(stored)
	return known && c.schemeAndCost == h.dummy.schemeAndCost
}

// withSlot calls work, which computes a hash that takes memory bytes, while it holds a slot.
func (h *Hasher) withSlot(ctx context.Context, memory int64, work func() error) error {
	if err := h.slots.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("wait to hash a password: %w", err)
	}
	defer h.releaseSlot(memory)
	return work()
}

// releaseSlot releases a slot. If a hash has filled the memory of the slot, releaseSlot returns at once but the slot
// stays taken until the memory is free. Otherwise the buffer of the hash would wait for the garbage collector while the
// next hash takes another one. The collection takes about a millisecond, in which the caller waits for Postgres.
func (h *Hasher) releaseSlot(memory int64) {
	if memory < memoryPerSlot {
		h.slots.Release(1)
		return
	}
	go func() {
		runtime.GC()
		h.slots.Release(1)
	}()
}

// withSemaphore waits until it holds the weight n of the semaphore, and then calls work. For n = 0 it does not wait.
func withSemaphore(ctx context.Context, s *semaphore.Weighted, n int64, work func() error) error {
	if n > 0 {
		if err := s.Acquire(ctx, n); err != nil {
			return fmt.Errorf("wait to hash a password: %w", err)
		}
		defer s.Release(n)
	}
	return work()
}
