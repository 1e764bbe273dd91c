package password

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"strings"

	"golang.org/x/crypto/scrypt"
	"golang.org/x/text/unicode/norm"
)

// Better Auth's scrypt parameters, which the stored text does not contain.
const (
	betterAuthN           = 16384
	betterAuthR           = 16
	betterAuthP           = 1
	betterAuthKeyBytes    = 64 // bytes
	betterAuthMemoryBytes = 128 * betterAuthN * betterAuthR
)

func hashBetterAuth(password string) string {
	salt := make([]byte, 16)
	rand.Read(salt) // rand.Read never returns an error
	return encodeBetterAuth(salt, deriveBetterAuth(password, hex.EncodeToString(salt)))
}

func encodeBetterAuth(salt, key []byte) string {
	return hex.EncodeToString(salt) + ":" + hex.EncodeToString(key)
}

// parseBetterAuth reads "salt:key", both in lower-case hex.
func parseBetterAuth(stored string) (parsedHash, bool) {
	salt, key, _ := strings.Cut(stored, ":")
	want, err := hex.DecodeString(key)
	if err != nil || len(want) != betterAuthKeyBytes || salt == "" || strings.Trim(salt+key, "0123456789abcdef") != "" {
		return parsedHash{}, false
	}
	return parsedHash{
		schemeAndCost{"scrypt", betterAuthMemoryBytes, betterAuthR, betterAuthP, len(salt), betterAuthKeyBytes},
		func(password string) bool {
			return subtle.ConstantTimeCompare(deriveBetterAuth(password, salt), want) == 1
		},
	}, true
}

// deriveBetterAuth uses the hex text as the salt, not the bytes that it encodes, and normalises the password, as Better
// Auth does.
func deriveBetterAuth(password, salt string) []byte {
	normalised := []byte(norm.NFKC.String(password))
	key, err := scrypt.Key(normalised, []byte(salt), betterAuthN, betterAuthR, betterAuthP, betterAuthKeyBytes)
	if err != nil {
		panic(err) // scrypt.Key fails for wrong parameters only
	}
	return key
}
