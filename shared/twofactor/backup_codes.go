package twofactor

import (
	"crypto/subtle"
	"encoding/json"

	"github.com/xenon-auth/xenon/shared/cipher"
	"github.com/xenon-auth/xenon/shared/random"
	"github.com/xenon-auth/xenon/shared/stringify"
)

// The number and form of backup codes, as in Better Auth: xxxxx-xxxxx.
const (
	backupCodeCount      = 10
	backupCodeHalfLength = 5
	backupCodeAlphabet   = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// newBackupCodes returns random backup codes.
func newBackupCodes() []string {
	codes := make([]string, backupCodeCount)
	for i := range codes {
		half := func() string { return random.String(backupCodeAlphabet, backupCodeHalfLength) }
		codes[i] = half() + "-" + half()
	}
	return codes
}

// encryptBackupCodes returns the codes as they are stored.
func encryptBackupCodes(keys cipher.Keys, codes []string) (string, error) {
	text, err := stringify.Marshal(codes)
	if err != nil {
		return "", err
	}
	return keys.Encrypt(string(text)), nil
}

// useBackupCode reports whether code is one of the stored codes, and returns those that are left, as they are stored. A
// stored text that is no list of codes has no valid code, as in Better Auth. An error means that the text cannot be
// decrypted.
func useBackupCode(keys cipher.Keys, stored, code string) (rest string, ok bool, err error) {
	text, err := keys.Decrypt(stored)
	if err != nil {
		return "", false, err
	}
	var codes []string
	if json.Unmarshal([]byte(text), &codes) != nil {
		return "", false, nil
	}
	left := []string{}
	for _, each := range codes {
		if subtle.ConstantTimeCompare([]byte(each), []byte(code)) == 1 {
			ok = true
		} else {
			left = append(left, each)
		}
	}
	if !ok {
		return "", false, nil
	}
	rest, err = encryptBackupCodes(keys, left)
	return rest, true, err
}
