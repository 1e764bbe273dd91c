package social

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
)

// The purposes for which Better Auth derives a separate key from the secret.
const (
	linkKeyPurpose  = "oauth-link-session-token" // encrypts the session token in the state of a link
	stateKeyPurpose = "oauth-state-cookie"       // encrypts the state, with STATE_STRATEGY=cookie
)

// deriveKey returns Better Auth's key for a purpose: HKDF-SHA-256 of the secret, in lower-case hex.
func deriveKey(secret []byte, purpose string) []byte {
	key, err := hkdf.Key(sha256.New, secret, []byte("better-auth:oauth-encryption:v1"), "better-auth:"+purpose+":v1", 32)
	if err != nil {
		panic(err) // only possible with a longer key
	}
	return []byte(hex.EncodeToString(key))
}
