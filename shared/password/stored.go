package password

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// maxStoredHashBytes is the maximum length of a stored hash in bytes. Supabase stores at most 255, Better Auth writes
// 161.
const maxStoredHashBytes = 512

// parsedHash is a parsed stored hash whose cost is permitted.
type parsedHash struct {
	schemeAndCost
	match func(password string) bool // hashes the password and compares in constant time
}

// schemeAndCost is equal for two hashes of the same scheme and cost, with salts and keys of the same length.
type schemeAndCost struct {
	scheme        string
	memory        int64 // bytes that match needs
	time, threads int
	salt, key     int // lengths in bytes
}

// parseHash parses a stored hash. It does not hash.
func parseHash(stored string) (parsedHash, bool) {
	switch {
	case len(stored) > maxStoredHashBytes:
		return parsedHash{}, false
	case strings.HasPrefix(stored, "$argon2"):
		return parseArgon2(stored)
	case strings.HasPrefix(stored, "$2"):
		return parseBcrypt(stored)
	case strings.HasPrefix(stored, "$fbscrypt$"):
		return parseFirebase(stored)
	default:
		return parseBetterAuth(stored)
	}
}

// mustParseHash parses a hash that this package wrote.
func mustParseHash(stored string) parsedHash {
	c, known := parseHash(stored)
	if !known {
		panic("password: cannot parse its own hash")
	}
	return c
}

// parseNumbers reads "a=1,b=2" for the names a and b. It accepts exactly these names in this order, with decimal
// digits.
func parseNumbers(text string, names ...string) ([]int, bool) {
	fields := strings.Split(text, ",")
	if len(fields) != len(names) {
		return nil, false
	}
	values := make([]int, len(names))
	for i, name := range names {
		digits, named := strings.CutPrefix(fields[i], name+"=")
		n, err := strconv.ParseUint(digits, 10, 31)
		if !named || err != nil {
			return nil, false
		}
		values[i] = int(n)
	}
	return values, true
}

// decodeBase64 decodes base64. Unlike Go's decoder it rejects line breaks.
func decodeBase64(encoding *base64.Encoding, text string) ([]byte, bool) {
	b, err := encoding.DecodeString(text)
	return b, err == nil && !strings.ContainsAny(text, "\r\n")
}

func isBetween(low, n, high int) bool { return low <= n && n <= high }
