package conformance

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"regexp"

	"golang.org/x/crypto/chacha20poly1305"
)

// encryptedPattern matches a text that may be encrypted by a server, in hexadecimal. With nonce and tag it has at least
// 82 digits.
var encryptedPattern = regexp.MustCompile(`\b[0-9a-f]{82,}\b`)

// replaceEncrypted replaces an encrypted text by a name that depends on its content and its key. It does not change a
// text that it cannot decrypt.
func (n *nameTable) replaceEncrypted(s string) string {
	for _, use := range []string{"oauth-link-session-token", "oauth-state-cookie", "tokens"} {
		plain, err := n.decrypt(use, s)
		if err != nil {
			continue
		}
		content, err := decodeJSON(plain)
		if err != nil {
			content = string(plain)
		}
		return n.nameForToken("encrypted", map[string]any{"key": use, "content": n.replaceInValue(content)})
	}
	return s
}

// decrypt decrypts a text that a server has encrypted for a use, with XChaCha20-Poly1305. The key is the SHA-256 of a
// secret: for tokens the server's secret itself, for other uses a secret that HKDF derives from it.
func (n *nameTable) decrypt(use, text string) ([]byte, error) {
	secret := string(n.secret)
	if use != "tokens" {
		key, err := hkdf.Key(sha256.New, n.secret, []byte("better-auth:oauth-encryption:v1"), "better-auth:"+use+":v1", 32)
		if err != nil {
			return nil, err
		}
		secret = hex.EncodeToString(key)
	}
	key := sha256.Sum256([]byte(secret))
	cipher, err := chacha20poly1305.NewX(key[:])
	if err != nil {
		return nil, err
	}
	encrypted, err := hex.DecodeString(text)
	if err != nil || len(encrypted) < cipher.NonceSize() {
		return nil, errors.New("the text is not hexadecimal or too short to be encrypted")
	}
	return cipher.Open(nil, encrypted[:cipher.NonceSize()], encrypted[cipher.NonceSize():], nil)
}
