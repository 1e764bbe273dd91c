package social

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
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

var errCannotDecrypt = errors.New("cannot decrypt: another secret, or the text was changed")

// encrypt returns Better Auth's encryption of text: the hex of a nonce and of XChaCha20-Poly1305 with the SHA-256 of
// key.
func encrypt(key []byte, text string) string {
	sum := sha256.Sum256(key)
	aead, err := chacha20poly1305.NewX(sum[:])
	if err != nil {
		panic(err) // only possible with another key length
	}
	nonce := make([]byte, chacha20poly1305.NonceSizeX, chacha20poly1305.NonceSizeX+len(text)+chacha20poly1305.Overhead)
	rand.Read(nonce) // never returns an error
	return hex.EncodeToString(aead.Seal(nonce, nonce, []byte(text), nil))
}

// decrypt returns the text that encrypt has encrypted.
func decrypt(key []byte, encrypted string) (string, error) {
	sum := sha256.Sum256(key)
	aead, err := chacha20poly1305.NewX(sum[:])
	if err != nil {
		return "", fmt.Errorf("decrypt: %w", err)
	}
	data, err := hex.DecodeString(encrypted)
	if err != nil || len(data) < chacha20poly1305.NonceSizeX {
		return "", errCannotDecrypt
	}
	text, err := aead.Open(nil, data[:chacha20poly1305.NonceSizeX], data[chacha20poly1305.NonceSizeX:], nil)
	if err != nil {
		return "", errCannotDecrypt
	}
	return string(text), nil
}
