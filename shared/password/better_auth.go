package password

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"strings"

	"golang.org/x/crypto/scrypt"
	"golang.org/x/text/unicode/norm"
)

// What Better Auth computes; the stored text does not say so.
const (
	betterAuthN      = 16384
	betterAuthR      = 16
	betterAuthP      = 1
	betterAuthKey    = 64 // bytes
	betterAuthMemory = 128 * betterAuthN * betterAuthR
)

func hashBetterAuth(password string) string {
	salt := make([]byte, 16)
	rand.Read(salt) // never returns an error
	return betterAuthText(salt, deriveBetterAuth(password, hex.EncodeToString(salt)))
}

func betterAuthText(salt, key []byte) string {
	return hex.EncodeToString(salt) + ":" + hex.EncodeToString(key)
}

// parseBetterAuth reads salt and key in lower-case hex with a colon between.
func parseBetterAuth(stored string) (check, bool) {
	salt, key, _ := strings.Cut(stored, ":")
	want, err := hex.DecodeString(key)
	if err != nil || len(want) != betterAuthKey || salt == "" || strings.Trim(salt+key, "0123456789abcdef") != "" {
		return check{}, false
	}
	return check{
		form{"scrypt", betterAuthMemory, betterAuthR, betterAuthP, len(salt) / 2, betterAuthKey},
		func(password string) bool {
			return subtle.ConstantTimeCompare(deriveBetterAuth(password, salt), want) == 1
		},
	}, true
}

// deriveBetterAuth salts with the text of the hex, not with the bytes it stands for, and normalises the password: both
// as Better Auth does, and both for this format only.
func deriveBetterAuth(password, salt string) []byte {
	key, err := scrypt.Key([]byte(norm.NFKC.String(password)), []byte(salt), betterAuthN, betterAuthR, betterAuthP, betterAuthKey)
	if err != nil {
		panic(err) // only wrong parameters fail, and these are constants
	}
	return key
}
