package password

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// The maximum cost of an imported Argon2 hash. The package comment says how long such a hash takes.
const (
	maxArgon2MemoryKiB      = 256 * 1024 // KiB
	maxArgon2Passes         = 10         // number of passes
	maxArgon2KiBTimesPasses = 640 * 1024 // KiB times passes
	maxArgon2Threads        = 8
)

const (
	argon2SaltLength   = 16
	argon2KeyLength    = 32
	minArgon2KeyLength = 4 // RFC 9106, section 3.1; an empty key would match every password
)

// argon2Cost holds the cost parameters of a hash; memory is in KiB.
type argon2Cost struct {
	memory, time uint32
	threads      uint8
}

func (c argon2Cost) hash(password string) string {
	salt := make([]byte, argon2SaltLength)
	rand.Read(salt) // rand.Read never returns an error
	return c.text(salt, argon2.IDKey([]byte(password), salt, c.time, c.memory, c.threads, argon2KeyLength))
}

// text returns the PHC string of an Argon2id hash.
func (c argon2Cost) text(salt, key []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memory, c.time, c.threads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

// parseArgon2 reads $argon2id$v=19$m=,t=,p=$salt$key, or argon2i, with unpadded base64. Like Supabase Auth it rejects
// other versions, argon2d, keyid and data.
func parseArgon2(stored string) (parsedHash, bool) {
	parts := strings.Split(stored, "$")
	if len(parts) != 6 || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return parsedHash{}, false
	}
	derive := argon2.IDKey
	switch parts[1] {
	case "argon2id":
	case "argon2i":
		derive = argon2.Key
	default:
		return parsedHash{}, false
	}
	n, ok := parseNumbers(parts[3], "m", "t", "p")
	if !ok || !isBetween(1, n[0], maxArgon2MemoryKiB) || !isBetween(1, n[1], maxArgon2Passes) ||
		!isBetween(1, n[2], maxArgon2Threads) || n[0]*n[1] > maxArgon2KiBTimesPasses {
		return parsedHash{}, false
	}
	salt, saltOK := decodeBase64(base64.RawStdEncoding, parts[4])
	want, keyOK := decodeBase64(base64.RawStdEncoding, parts[5])
	if !saltOK || !keyOK || len(salt) == 0 || len(want) < minArgon2KeyLength {
		return parsedHash{}, false
	}
	return parsedHash{
		schemeAndCost{parts[1], int64(n[0]) * 1024, n[1], n[2], len(salt), len(want)},
		func(password string) bool {
			//nolint:gosec // the values are checked above
			got := derive([]byte(password), salt, uint32(n[1]), uint32(n[0]), uint8(n[2]), uint32(len(want)))
			return subtle.ConstantTimeCompare(got, want) == 1
		},
	}, true
}
