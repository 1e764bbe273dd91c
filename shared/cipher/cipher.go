// Package cipher encrypts texts as Better Auth's symmetricEncrypt does, so that each of the two servers can read what
// the other one has stored.
package cipher

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

// ErrCannotDecrypt means that a text was encrypted with another secret, or was changed.
var ErrCannotDecrypt = errors.New("cannot decrypt: another secret, or the text was changed")

// Encrypt returns Better Auth's encryption of text: the hex of a nonce and of XChaCha20-Poly1305 with the SHA-256 of
// key.
func Encrypt(key []byte, text string) string {
	sum := sha256.Sum256(key)
	aead, err := chacha20poly1305.NewX(sum[:])
	if err != nil {
		panic(err) // only possible with another key length
	}
	nonce := make([]byte, chacha20poly1305.NonceSizeX, chacha20poly1305.NonceSizeX+len(text)+chacha20poly1305.Overhead)
	rand.Read(nonce) // never returns an error
	return hex.EncodeToString(aead.Seal(nonce, nonce, []byte(text), nil))
}

// Decrypt returns the text that Encrypt has encrypted, or ErrCannotDecrypt.
func Decrypt(key []byte, encrypted string) (string, error) {
	sum := sha256.Sum256(key)
	aead, err := chacha20poly1305.NewX(sum[:])
	if err != nil {
		return "", fmt.Errorf("decrypt: %w", err)
	}
	data, err := hex.DecodeString(encrypted)
	if err != nil || len(data) < chacha20poly1305.NonceSizeX {
		return "", ErrCannotDecrypt
	}
	text, err := aead.Open(nil, data[:chacha20poly1305.NonceSizeX], data[chacha20poly1305.NonceSizeX:], nil)
	if err != nil {
		return "", ErrCannotDecrypt
	}
	return string(text), nil
}
