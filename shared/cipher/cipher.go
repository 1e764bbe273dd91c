// Package cipher encrypts texts as Better Auth's symmetricEncrypt does, so that each of the two servers can read what
// the other one has stored. It reads the settings BETTER_AUTH_SECRETS and BETTER_AUTH_SECRET.
package cipher

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

// ErrCannotDecrypt means that a text was encrypted with a secret that the settings do not have, or was changed.
var ErrCannotDecrypt = errors.New("cannot decrypt")

var errOtherSecret = fmt.Errorf("%w: another secret, or the text was changed", ErrCannotDecrypt)

// encrypt returns prefix and Better Auth's encryption of text: the hex of a nonce and of XChaCha20-Poly1305 with the
// SHA-256 of key.
func encrypt(key []byte, prefix, text string) string {
	sum := sha256.Sum256(key)
	aead, err := chacha20poly1305.NewX(sum[:])
	if err != nil {
		panic(err) // only possible with another key length
	}
	nonce := make([]byte, chacha20poly1305.NonceSizeX, chacha20poly1305.NonceSizeX+len(text)+chacha20poly1305.Overhead)
	rand.Read(nonce) // never returns an error
	data := aead.Seal(nonce, nonce, []byte(text), nil)
	out := make([]byte, 0, len(prefix)+hex.EncodedLen(len(data)))
	return string(hex.AppendEncode(append(out, prefix...), data))
}

// decrypt returns the text that encrypt has encrypted without a prefix, or an error that is ErrCannotDecrypt.
func decrypt(key []byte, encrypted string) (string, error) {
	sum := sha256.Sum256(key)
	aead, err := chacha20poly1305.NewX(sum[:])
	if err != nil {
		return "", fmt.Errorf("decrypt: %w", err)
	}
	data, err := hex.DecodeString(encrypted)
	if err != nil || len(data) < chacha20poly1305.NonceSizeX {
		return "", errOtherSecret
	}
	text, err := aead.Open(nil, data[:chacha20poly1305.NonceSizeX], data[chacha20poly1305.NonceSizeX:], nil)
	if err != nil {
		return "", errOtherSecret
	}
	return string(text), nil
}
