// Package atrest opens the values that Supabase's auth server encrypts in its database: password hashes, secrets of
// second factors and keys of sessions. It does so only if the operator has configured keys for its database encryption.
package atrest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

var (
	// ErrNoKey means that a value is encrypted with a key whose id is not in the keys.
	ErrNoKey = errors.New("the value is encrypted with a key that was not given")
	// ErrCannotOpen means that the key with the right id does not open the value: the key is another one, the value was
	// changed, or it belongs to another row.
	ErrCannotOpen = errors.New("the key does not open the encrypted value")
)

// keyLength is the length of a key, in bytes.
const keyLength = 32

// algorithm is the only algorithm of the auth server.
const algorithm = "aes-gcm-hkdf"

// Keys are keys of the database encryption, by id.
type Keys map[string][]byte

// ParseKeys reads keys of the form ID=KEY. KEY is the base64url of 32 bytes, as in the settings of the auth server. An
// error contains no key.
func ParseKeys(texts []string) (Keys, error) {
	keys := Keys{}
	for i, text := range texts {
		id, encoded, ok := strings.Cut(text, "=")
		if !ok || id == "" {
			return nil, fmt.Errorf("encryption key number %d is not of the form ID=KEY", i+1)
		}
		key, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimRight(encoded, "="))
		if err != nil || len(key) != keyLength {
			return nil, fmt.Errorf("the encryption key %q is not the base64url of %d bytes", id, keyLength)
		}
		keys[id] = key
	}
	return keys, nil
}

// envelope is an encrypted value as the auth server stores it, in JSON.
type envelope struct {
	KeyID     string `json:"key_id"`
	Algorithm string `json:"alg"`
	Data      []byte `json:"data"`
	Nonce     []byte `json:"nonce"`
}

// parse reads an envelope. ok is false if the stored text is not one: then the auth server takes it as the value.
func parse(stored string) (e envelope, ok bool) {
	if !strings.HasPrefix(stored, "{") || json.Unmarshal([]byte(stored), &e) != nil {
		return e, false
	}
	return e, e.Algorithm == algorithm && e.KeyID != "" && len(e.Data) > 0 && len(e.Nonce) > 0
}

// Open returns the value of a stored text: the text itself if it is not encrypted. id is the id of the row to which the
// value belongs, of the user, the second factor or the session. The error is ErrNoKey or ErrCannotOpen.
func (k Keys) Open(id, stored string) (string, error) {
	e, isEncrypted := parse(stored)
	if !isEncrypted {
		return stored, nil
	}
	key, ok := k[e.KeyID]
	if !ok {
		return "", ErrNoKey
	}
	aead, err := newAEAD(key, id)
	if err != nil {
		return "", err
	}
	if len(e.Nonce) != aead.NonceSize() {
		return "", ErrCannotOpen
	}
	value, err := aead.Open(nil, e.Nonce, e.Data, nil)
	if err != nil {
		return "", ErrCannotOpen
	}
	return string(value), nil
}

// newAEAD returns AES-256-GCM with the key of one row, which HKDF derives from the key and the id of the row.
func newAEAD(key []byte, id string) (cipher.AEAD, error) {
	derived, err := hkdf.Key(sha256.New, key, nil, id, keyLength)
	if err != nil {
		return nil, fmt.Errorf("derive the key of a row: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, fmt.Errorf("use the key of a row: %w", err)
	}
	return cipher.NewGCM(block)
}
