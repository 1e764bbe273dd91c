package password

import (
	"strings"
	"testing"
)

// For any stored text Verify does not panic and takes no more memory than permitted. The seeds are in
// testdata/fuzz/FuzzVerify.
func FuzzVerify(f *testing.F) {
	h := NewCheap()
	f.Fuzz(func(t *testing.T, stored, password string) {
		c, known := parseHash(stored)
		if known != IsSupported(stored) {
			t.Errorf("IsSupported(%q) = %v, want %v", stored, !known, known)
		}
		if known && (c.memory <= 0 || c.memory > maxArgon2MemoryKiB*1024) {
			t.Errorf("the hash %q needs %d bytes of memory, want 1 to %d", stored, c.memory, maxArgon2MemoryKiB*1024)
		}
		if known && tooSlowToFuzz(c) {
			return
		}
		ok, err := h.Verify(t.Context(), stored, password)
		if err != nil || ok && !known {
			t.Errorf("Verify(%q, %q) = %v, %v, want no error, and a match only of a supported hash", stored, password, ok, err)
		}
		if h.IsCurrent(stored) && !known {
			t.Errorf("IsCurrent(%q) = true, want false where the hash is not supported", stored)
		}
	})
}

// tooSlowToFuzz reports whether a permitted hash takes more than about 100 ms.
func tooSlowToFuzz(c parsedHash) bool {
	return c.memory > memoryPerSlot || c.scheme == "bcrypt" && c.time > 10 ||
		strings.HasPrefix(c.scheme, "argon2") && c.memory*int64(c.time) > 2*memoryPerSlot ||
		c.scheme == "fbscrypt" && c.memory*int64(c.threads) > memoryPerSlot
}
