package dbtest

import (
	"testing"
	"time"
)

// lockTimeout is the time after which AwaitLockWaits fails the test.
const lockTimeout = 20 * time.Second

// AwaitLockWaits waits until at least n statements in the database wait for a lock, or until done is closed. If neither
// happens, it fails the test.
func AwaitLockWaits(t testing.TB, url string, n int, done <-chan struct{}) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(lockTimeout)
	for {
		waiting := Value[int](t, url, `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock'`)
		if waiting >= n {
			return
		}
		select {
		case <-done:
			return
		case <-timeout:
			t.Fatalf("statements that wait for a lock: got %d after %v, want %d", waiting, lockTimeout, n)
		case <-tick.C:
		}
	}
}
