package password

import (
	"strconv"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// maxBcryptCost is the maximum cost of an imported bcrypt hash. The package comment says how long such a hash takes.
const maxBcryptCost = 13

const (
	bcryptAlphabet         = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	bcryptSaltAndKeyLength = 53       // characters of salt and key together
	bcryptMemoryBytes      = 5 * 1024 // bytes, measured
)

// parseBcrypt reads $2$, $2a$, $2b$, $2x$ and $2y$ and computes all of them in the same way, as Supabase Auth does.
// bcrypt uses only the first 72 bytes of a password. So only these count in a longer password, until it is rehashed in
// another format.
func parseBcrypt(stored string) (parsedHash, bool) {
	rest := strings.TrimPrefix(stored, "$2")
	if rest != "" && strings.IndexByte("abxy", rest[0]) >= 0 {
		rest = rest[1:]
	}
	if len(rest) != len("$10$")+bcryptSaltAndKeyLength || rest[0] != '$' || rest[3] != '$' ||
		strings.Trim(rest[4:], bcryptAlphabet) != "" {
		return parsedHash{}, false
	}
	cost, err := strconv.ParseUint(rest[1:3], 10, 8)
	if err != nil || !isBetween(bcrypt.MinCost, int(cost), maxBcryptCost) {
		return parsedHash{}, false
	}
	return parsedHash{
		schemeAndCost{scheme: "bcrypt", memory: bcryptMemoryBytes, time: int(cost)},
		func(password string) bool {
			return bcrypt.CompareHashAndPassword([]byte(stored), []byte(password)) == nil
		},
	}, true
}
