package password

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/base64"
	"slices"
	"strings"

	"golang.org/x/crypto/scrypt"
)

// The maximum cost of a Firebase hash. The package comment says how long such a hash takes. The block size has its own
// limit, because scrypt takes memory for it in addition to 128·N·r.
const (
	maxScryptWorkBytes = 128 << 20 // 128·N·r·p, in bytes
	maxScryptBlockSize = 64        // limit of the parameter r
	maxScryptThreads   = 8         // limit of the parameter p
)

const (
	firebaseKeyBytes     = 32 // bytes of the derived key, for AES-256
	minFirebaseHashBytes = 4  // minimum bytes of a stored hash; an empty one would match every password
)

// parseFirebase reads Firebase's scrypt as Supabase Auth stores it:
// $fbscrypt$v=1,n=<log2 N>,r=,p=[,ss=<salt separator>][,sk=<signer key>]$<salt>$<hash>, base64 with padding.
func parseFirebase(stored string) (parsedHash, bool) {
	parts := strings.Split(stored, "$")
	if len(parts) != 5 {
		return parsedHash{}, false
	}
	head, signerText, _ := strings.Cut(parts[2], ",sk=")
	head, separatorText, _ := strings.Cut(head, ",ss=")
	n, ok := parseNumbers(head, "v", "n", "r", "p")
	if !ok || n[0] != 1 || !isBetween(1, n[1], 20) || !isBetween(1, n[2], maxScryptBlockSize) ||
		!isBetween(1, n[3], maxScryptThreads) {
		return parsedHash{}, false
	}
	memory := int64(128*n[2]) << n[1]
	signer, signerOK := decodeBase64(base64.StdEncoding, signerText)
	separator, separatorOK := decodeBase64(base64.StdEncoding, separatorText)
	salt, saltOK := decodeBase64(base64.StdEncoding, parts[3])
	want, wantOK := decodeBase64(base64.StdEncoding, parts[4])
	if memory*int64(n[3]) > maxScryptWorkBytes || !signerOK || !separatorOK || !saltOK || !wantOK ||
		len(salt) == 0 || len(want) < minFirebaseHashBytes || len(want) != len(signer) {
		return parsedHash{}, false
	}
	salted := slices.Concat(salt, separator)
	return parsedHash{
		schemeAndCost{"fbscrypt", memory, n[2], n[3], len(salt), len(want)},
		func(password string) bool {
			key, err := scrypt.Key([]byte(password), salted, 1<<n[1], n[2], n[3], firebaseKeyBytes)
			return err == nil && subtle.ConstantTimeCompare(encryptSigner(key, signer), want) == 1
		},
	}, true
}

// encryptSigner encrypts Firebase's signer key with the derived key, with AES-256-CTR and a counter that starts at
// zero.
func encryptSigner(key, signer []byte) []byte {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // the key always has firebaseKeyBytes bytes
	}
	signed := make([]byte, len(signer))
	cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(signed, signer) //nolint:gosec // as Firebase does
	return signed
}
