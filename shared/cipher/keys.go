package cipher

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Keys are the secrets of a deployment. The current secret signs and encrypts; every secret verifies and decrypts.
// ParseKeys returns them. Keys can be copied, and are safe for concurrent use.
type Keys struct {
	versions []version // the first one is the current one; empty without BETTER_AUTH_SECRETS
	legacy   []byte    // BETTER_AUTH_SECRET, which decrypts texts without a version; nil if it is not set
	all      [][]byte  // the secrets, the current one first
	purpose  string    // if not "", a key for this purpose is derived from each secret
}

// version is an entry of BETTER_AUTH_SECRETS.
type version struct {
	number int
	prefix string // of the texts that it has encrypted
	secret []byte
}

// String keeps secrets out of logs.
func (Keys) String() string { return "[redacted]" }

// GoString keeps secrets out of logs, too.
func (Keys) GoString() string { return "[redacted]" }

const prefixStart = "$ba$" // Better Auth's texts with a version are "$ba$", the version, "$", and hex

func prefixOf(number int) string { return prefixStart + strconv.Itoa(number) + "$" }

// Secrets returns all secrets. The first one is the current one, which signs cookies and the tokens in mails. The
// caller must not change them.
func (k Keys) Secrets() [][]byte { return k.all }

// current returns the current secret.
func (k Keys) current() []byte {
	if len(k.all) == 0 {
		return nil
	}
	return k.all[0]
}

// For returns the keys for one purpose, which Better Auth derives from the secrets: HKDF-SHA-256, in lower-case hex.
func (k Keys) For(purpose string) Keys {
	k.purpose = purpose
	return k
}

// Encrypt encrypts a text with the current secret. The result begins with the version of the secret if the secrets
// have versions.
func (k Keys) Encrypt(text string) string {
	return encrypt(k.derive(k.current()), k.CurrentPrefix(), text)
}

// CurrentPrefix returns the beginning of the texts that Encrypt returns. It is "" if the secrets have no versions.
func (k Keys) CurrentPrefix() string {
	if len(k.versions) > 0 {
		return k.versions[0].prefix
	}
	return ""
}

// Decrypt returns the text that Encrypt has encrypted with any of the secrets. Otherwise the error is ErrCannotDecrypt,
// and says which secret is missing.
func (k Keys) Decrypt(encrypted string) (string, error) {
	number, body, ok := cutVersion(encrypted)
	switch {
	case !ok && k.legacy == nil:
		return "", fmt.Errorf("%w: the text has no version, and BETTER_AUTH_SECRET is not set", ErrCannotDecrypt)
	case !ok:
		return decrypt(k.derive(k.legacy), body)
	}
	for _, v := range k.versions {
		if v.number == number {
			return decrypt(k.derive(v.secret), body)
		}
	}
	return "", fmt.Errorf("%w: version %d of the secret is not in BETTER_AUTH_SECRETS", ErrCannotDecrypt, number)
}

// HasLegacy reports whether BETTER_AUTH_SECRET is set, which decrypts texts without a version.
func (k Keys) HasLegacy() bool { return k.legacy != nil }

// Versions returns the versions of BETTER_AUTH_SECRETS, the current one first.
func (k Keys) Versions() []int {
	var numbers []int
	for _, v := range k.versions {
		numbers = append(numbers, v.number)
	}
	return numbers
}

// cutVersion splits an encrypted text into the version of its secret and the hex. If it has no version, ok is false and
// body is the text.
func cutVersion(encrypted string) (number int, body string, ok bool) {
	if rest, isVersioned := strings.CutPrefix(encrypted, prefixStart); isVersioned {
		digits, body, isComplete := strings.Cut(rest, "$")
		if number, ok := parseVersion(digits); ok && isComplete {
			return number, body, true
		}
	}
	return 0, encrypted, false
}

// LooksEncrypted reports whether Better Auth takes a text for an encrypted one: it is hex, or begins as a text with a
// version does.
func LooksEncrypted(text string) bool {
	if strings.HasPrefix(text, prefixStart) {
		return true
	}
	_, err := hex.DecodeString(text)
	return err == nil
}

func (k Keys) derive(secret []byte) []byte {
	if k.purpose == "" {
		return secret
	}
	const salt = "better-auth:oauth-encryption:v1"
	key, err := hkdf.Key(sha256.New, secret, []byte(salt), "better-auth:"+k.purpose+":v1", sha256.Size)
	if err != nil {
		panic(err) // only possible with a longer key
	}
	return hex.AppendEncode(nil, key)
}
