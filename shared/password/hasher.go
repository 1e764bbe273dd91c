package password

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/xenon-auth/xenon/shared/config"
)

// Hashing beyond one a processor gains nothing and only takes memory, so there are as many slots as processors, up to
// maxSlots. Each comes with the memory of one hash of either written format. What an imported hash takes beyond that
// comes out of largeMemory, which holds the rest of the largest permitted one. So at most 32 MiB a processor and 224 MiB
// are hashed in, and at most 480 MiB altogether.
const (
	slotMemory  = 32 << 20
	maxSlots    = 8
	largeMemory = maxArgon2Memory*1024 - slotMemory
)

// Hasher hashes and verifies, a bounded number at a time. Make one a process and share it: the bound is the Hasher's.
type Hasher struct {
	write func(password string) string
	decoy check // costs exactly what verifying a hash made by write costs
	floor floor
	slots *semaphore.Weighted
	large *semaphore.Weighted // bytes
}

// New returns a Hasher that writes config.Argon2id or config.Scrypt.
//
// Argon2id is the minimum OWASP recommends (19 MiB, two passes, one lane), which Supabase Auth reads too; scrypt is what
// a stock Better Auth server reads.
func New(format string) *Hasher {
	h := withArgon2id(argon2Cost{memory: 19 * 1024, time: 2, threads: 1})
	h.floor.times = 5 // bcrypt of cost 10, both scrypts and Argon2id with 64 MiB were measured at 1.7 to 3.8 times
	if format == config.Scrypt {
		h.write, h.decoy = hashBetterAuth, mustParse(betterAuthText(make([]byte, 16), make([]byte, betterAuthKey)))
		h.floor.times = 2 // and here at 0.5 to 1.2
	}
	h.floor.least = FailureFloor
	return h
}

// Cheap returns a Hasher for tests of other rooms: Argon2id at the least cost there is, and no FailureFloor. What it
// writes is far too weak to be stored for a real person.
func Cheap() *Hasher { return withArgon2id(argon2Cost{memory: 8, time: 1, threads: 1}) }

func withArgon2id(cost argon2Cost) *Hasher {
	return &Hasher{
		write: cost.hash,
		decoy: mustParse(cost.text(make([]byte, argon2SaltLength), make([]byte, argon2KeyLength))),
		slots: semaphore.NewWeighted(int64(min(runtime.GOMAXPROCS(0), maxSlots))),
		large: semaphore.NewWeighted(largeMemory),
	}
}

// Hash returns what to store for password. The only error is that of ctx, when it ends in the queue.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	var stored string
	err := hold(ctx, h.slots, 1, func() error {
		stored = h.write(password)
		return nil
	})
	return stored, err
}

// Verify reports whether password, exactly as received, is the one stored was made of. A stored text that is not Known,
// such as "" where there is no hash, is a mismatch and takes the time of one. A mismatch is answered after FailureFloor
// (see the package comment) or when ctx ends. The only error is that of ctx, when it ends in the queue; then nothing
// was verified.
func (h *Hasher) Verify(ctx context.Context, stored, password string) (bool, error) {
	c, known := parse(stored)
	if !known {
		c = h.decoy
	}
	var ok bool
	var failed <-chan time.Time
	err := hold(ctx, h.slots, 1, func() error {
		// Not before there is a slot: the wait for one is the same for every hash and must not use the floor up. The
		// wait for more memory is not, so the floor has to cover it.
		start := time.Now() //nolint:forbidigo // a stopwatch
		err := hold(ctx, h.large, max(0, c.memory-slotMemory), func() error {
			ok = h.match(c, password) && known
			return nil
		})
		if !ok && err == nil && h.floor.unknown() {
			h.match(h.decoy, password)
		}
		failed = time.After(h.floor.delay() - time.Since(start))
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

// match does the work of c and, when that is a written hash, notes what it took.
func (h *Hasher) match(c check, password string) bool {
	start := time.Now() //nolint:forbidigo // a stopwatch
	ok := c.match(password)
	if c.form == h.decoy.form {
		h.floor.observe(time.Since(start))
	}
	return ok
}

// Current reports whether stored has the format and cost that Hash writes. When it has not, the caller rehashes the
// password once it was verified.
func (h *Hasher) Current(stored string) bool {
	c, known := parse(stored)
	return known && c.form == h.decoy.form
}

// hold works while it has n of what there is; for n = 0 it does not even queue.
func hold(ctx context.Context, of *semaphore.Weighted, n int64, work func() error) error {
	if n > 0 {
		if err := of.Acquire(ctx, n); err != nil {
			return fmt.Errorf("wait to hash a password: %w", err)
		}
		defer of.Release(n)
	}
	return work()
}
