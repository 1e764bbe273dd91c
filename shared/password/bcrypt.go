package password

import (
	"strconv"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// maxBcryptCost is the ceiling: an imported hash may ask for no more. See the package comment on its time.
const maxBcryptCost = 13

const (
	bcryptAlphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	bcryptLength   = 53       // characters of salt and key together
	bcryptMemory   = 5 * 1024 // bytes, measured
)

// parseBcrypt reads $2$, $2a$, $2b$, $2x$ and $2y$, all computed alike, as Supabase Auth does. The algorithm itself uses
// the first 72 bytes of a password: a longer one matches on these, here as there, until it is rehashed in another format.
func parseBcrypt(stored string) (check, bool) {
	rest := strings.TrimPrefix(stored, "$2")
	if rest != "" && strings.IndexByte("abxy", rest[0]) >= 0 {
		rest = rest[1:]
	}
	if len(rest) != len("$10$")+bcryptLength || rest[0] != '$' || rest[3] != '$' || strings.Trim(rest[4:], bcryptAlphabet) != "" {
		return check{}, false
	}
	cost, err := strconv.ParseUint(rest[1:3], 10, 8)
	if err != nil || !between(bcrypt.MinCost, int(cost), maxBcryptCost) {
		return check{}, false
	}
	return check{
		form{scheme: "bcrypt", memory: bcryptMemory, time: int(cost)},
		func(password string) bool {
			return bcrypt.CompareHashAndPassword([]byte(stored), []byte(password)) == nil
		},
	}, true
}
