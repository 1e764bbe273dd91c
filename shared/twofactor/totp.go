package twofactor

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // G505: TOTP uses HMAC-SHA-1, whose security does not need collision resistance
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/random"
	"github.com/xenon-auth/xenon/shared/redirect"
)

// The parameters of the codes of authenticator apps (RFC 6238), as in Better Auth.
const (
	totpPeriod = 30 * time.Second
	totpDigits = 6

	totpSecretLength   = 32
	totpSecretAlphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
)

// base32Prefix begins a stored secret that is the base32 of the key, such as one that was imported from Supabase. The
// key of any other secret is its text in UTF-8.
const base32Prefix = "base32:"

var errInvalidBase32 = errors.New("the stored secret is not base32")

// newTOTPSecret returns a random secret in the form in which Better Auth creates it.
func newTOTPSecret() string { return random.String(totpSecretAlphabet, totpSecretLength) }

// totpKey returns the HMAC key of a stored secret.
func totpKey(secret string) ([]byte, error) {
	text, isBase32 := strings.CutPrefix(secret, base32Prefix)
	if !isBase32 {
		return []byte(secret), nil
	}
	text, _, _ = strings.Cut(strings.ToUpper(text), "=")
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	if err != nil || len(key) == 0 {
		return nil, errInvalidBase32
	}
	return key, nil
}

// totpCode returns the code of a key for one counter, which is the number of periods since 1970 (RFC 4226, section 5).
func totpCode(key []byte, counter int64) string {
	h := hmac.New(sha1.New, key)
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(counter))) //nolint:gosec // G115: only its bits matter
	sum := h.Sum(nil)
	offset := sum[len(sum)-1] & 0xf
	number := binary.BigEndian.Uint32(sum[offset:offset+4]) & 0x7fffffff
	return fmt.Sprintf("%0*d", totpDigits, number%1_000_000)
}

// matchTOTP returns the counter of a code that is valid at now: that of the current period, the one before or the one
// after it. It compares in constant time.
func matchTOTP(key []byte, code string, now time.Time) (counter int64, ok bool) {
	current := now.Unix() / int64(totpPeriod.Seconds())
	for c := current - 1; c <= current+1; c++ {
		if subtle.ConstantTimeCompare([]byte(totpCode(key, c)), []byte(code)) == 1 {
			counter, ok = c, true
		}
	}
	return counter, ok
}

// totpCodeEnds returns when the code of a counter is no longer valid.
func totpCodeEnds(counter int64) time.Time {
	return time.Unix((counter+2)*int64(totpPeriod.Seconds()), 0)
}

// totpURI returns the URI with which an authenticator app stores a key, as Better Auth forms it.
func totpURI(key []byte, issuer, email string) string {
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(key)
	return "otpauth://totp/" + redirect.EncodeURIComponent(issuer) + ":" + redirect.EncodeURIComponent(email) +
		"?secret=" + text + "&issuer=" + redirect.FormEncode(issuer) +
		fmt.Sprintf("&digits=%d&period=%d", totpDigits, int(totpPeriod.Seconds()))
}
