//go:build unix

package postgres

import "syscall"

// inMemoryDir is a directory whose files Linux keeps in memory.
const inMemoryDir = "/dev/shm"

// hasSpaceForTests reports whether the directory exists and has 4 GiB of free space, which is enough for the databases
// of all tests. In containers /dev/shm is often smaller.
func hasSpaceForTests(dir string) bool {
	var s syscall.Statfs_t
	return syscall.Statfs(dir, &s) == nil && s.Bavail*uint64(s.Bsize) >= 4<<30 //nolint:gosec // a size is positive
}
