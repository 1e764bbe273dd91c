// Package bridge computes the digests by which Xenon recognizes refresh tokens of Supabase. The import stores the
// digests of the tokens that are valid; POST /api/auth/sign-in/supabase looks up the digest of the token that a client
// sends. The digest has a key, because tokens of version 1 have only 60 random bits: with a plain hash, the owner of a
// stolen database could find them.
//
// A token of version 1 is 12 characters. A token of version 2 is base64url of these bytes: 0, the id of the session
// (16), a counter (uvarint), the first 16 bytes of an HMAC-SHA-256 of all bytes before, and the first 4 bytes of the
// SHA-256 of all bytes before.
package bridge

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"regexp"
	"strings"
)

// MaxTokenLength is the length of the longest refresh token, in characters.
const MaxTokenLength = 62

// minV2Length is the length of the shortest token of version 2, in characters.
const minV2Length = 51

// The parts of a token of version 2, in bytes.
const (
	v2Start        = 1 + 16 // before the counter
	macLength      = 16
	checksumLength = 4
)

// keyLabel separates the key of the digests from all other keys that are derived from the same secret.
const keyLabel = "xenon:supabase-refresh-token:v1"

// ErrForm is the error for a text that is not a refresh token of Supabase.
var ErrForm = errors.New("no refresh token of Supabase")

var v1Pattern = regexp.MustCompile(`^[a-z0-9]{12}$`)

// Key returns the key of the digests, which is derived from BETTER_AUTH_SECRET.
func Key(secret []byte) []byte {
	key, err := hkdf.Key(sha256.New, secret, nil, keyLabel, sha256.Size)
	if err != nil {
		panic(err) // not possible: SHA-256 can derive a key of this length
	}
	return key
}

// Digest returns the HMAC-SHA-256 of a refresh token: of the 12 characters of version 1, or of the decoded bytes of
// version 2. Base64url has several spellings of the last character, and all have the same digest, as at Supabase. The
// error is ErrForm if the text has neither form. Digest does not check the parts of a token of version 2: those of an
// invalid one have another digest.
func Digest(key []byte, token string) ([]byte, error) {
	text := []byte(token)
	if !v1Pattern.MatchString(token) {
		var err error
		if text, err = decodeV2(token); err != nil {
			return nil, err
		}
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(text)
	return mac.Sum(nil), nil
}

// decodeV2 returns the bytes of a token of version 2.
func decodeV2(token string) ([]byte, error) {
	if len(token) < minV2Length || len(token) > MaxTokenLength || strings.ContainsAny(token, "\r\n") {
		return nil, ErrForm // the decoder would ignore line breaks
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || raw[0] != 0 {
		return nil, ErrForm
	}
	return raw, nil
}

// Token returns the refresh token of version 2 that Supabase's auth server makes for a session and a counter, with the
// key of the session. The import computes the tokens that the server may have made after it read the session.
func Token(sessionID [16]byte, counter uint64, hmacKey []byte) string {
	raw := make([]byte, 1, v2Start+binary.MaxVarintLen64+macLength+checksumLength)
	raw = append(raw, sessionID[:]...)
	raw = binary.AppendUvarint(raw, counter)
	mac := hmac.New(sha256.New, hmacKey)
	mac.Write(raw)
	raw = append(raw, mac.Sum(nil)[:macLength]...)
	sum := sha256.Sum256(raw)
	return base64.RawURLEncoding.EncodeToString(append(raw, sum[:checksumLength]...))
}
