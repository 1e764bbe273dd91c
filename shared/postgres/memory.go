package postgres

import "syscall"

// memory is the directory of Linux whose files are in memory.
const memory = "/dev/shm"

// hasRoom reports whether the directory exists and has space for the databases of all tests, which is 4 GiB. Containers
// often have a small one.
func hasRoom(dir string) bool {
	var s syscall.Statfs_t
	return syscall.Statfs(dir, &s) == nil && s.Bavail*uint64(s.Bsize) >= 4<<30 //nolint:gosec // a size is positive
}
