package dump

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// hashConfig has the parameters with which a project of Firebase hashes passwords.
type hashConfig struct {
	signerKey, saltSeparator string // in standard base64
	signerKeyBytes           int
	rounds, memoryCost       int
}

// hashParameter matches a parameter as Firebase's console shows it, and as JSON has it.
var hashParameter = regexp.MustCompile(
	`(algorithm|base64_signer_key|base64_salt_separator|rounds|mem_cost)"?\s*:\s*"?([A-Za-z0-9+/=_-]+)`)

// maxHashConfigBytes is more than any file with the parameters has.
const maxHashConfigBytes = 64 << 10

// readHashConfig reads a file with the text that Firebase's console shows:
//
//	hash_config {
//	  algorithm: SCRYPT,
//	  base64_signer_key: …,
//	  base64_salt_separator: …,
//	  rounds: 8,
//	  mem_cost: 14,
//	}
func readHashConfig(path string) (hashConfig, error) {
	name := filepath.Base(path)
	if info, err := os.Stat(path); err == nil && info.Size() > maxHashConfigBytes {
		return hashConfig{}, refuse("%s is too large for a file with the password hash parameters of Firebase", name)
	}
	text, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return hashConfig{}, refuse("read the password hash parameters of Firebase: %w", err)
	}
	values := map[string]string{}
	for _, m := range hashParameter.FindAllStringSubmatch(string(text), -1) {
		values[m[1]] = m[2]
	}
	if a := values["algorithm"]; a != "" && a != "SCRYPT" {
		return hashConfig{}, refuse("%s has the algorithm %s. Xenon verifies SCRYPT, which Firebase uses for passwords that "+
			"were set in Firebase", name, a)
	}
	c, err := newHashConfig(values["base64_signer_key"], values["base64_salt_separator"], values["rounds"],
		values["mem_cost"])
	if err != nil {
		return c, refuse("%s does not have the password hash parameters of Firebase: %w. It must have the text hash_config "+
			"that the console shows", name, err)
	}
	return c, nil
}

// newHashConfig checks the parameters. Its errors have no values, because the signer key is a secret.
func newHashConfig(signerKey, saltSeparator, rounds, memoryCost string) (c hashConfig, err error) {
	key, ok := decodeAnyBase64(signerKey)
	if !ok || len(key) == 0 {
		return c, errors.New("base64_signer_key is missing or not base64")
	}
	separator, ok := decodeAnyBase64(saltSeparator)
	if !ok {
		return c, errors.New("base64_salt_separator is not base64")
	}
	c = hashConfig{
		signerKey: base64.StdEncoding.EncodeToString(key), signerKeyBytes: len(key),
		saltSeparator: base64.StdEncoding.EncodeToString(separator),
	}
	if c.rounds, err = strconv.Atoi(rounds); err != nil || c.rounds < 1 || c.rounds > 8 {
		return c, errors.New("rounds is not a number from 1 to 8")
	}
	if c.memoryCost, err = strconv.Atoi(memoryCost); err != nil || c.memoryCost < 1 || c.memoryCost > 14 {
		return c, errors.New("mem_cost is not a number from 1 to 14")
	}
	return c, nil
}

// encode returns a hash with its parameters, as shared/password reads it and Supabase Auth stores it. It returns false
// if the hash cannot be one of this project: its length must be that of the signer key.
func (c hashConfig) encode(hash, salt string) (text string, ok bool) {
	hashBytes, hashOK := decodeAnyBase64(hash)
	saltBytes, saltOK := decodeAnyBase64(salt)
	if !hashOK || !saltOK || len(saltBytes) == 0 || len(hashBytes) != c.signerKeyBytes {
		return "", false
	}
	return fmt.Sprintf("$fbscrypt$v=1,n=%d,r=%d,p=1,ss=%s,sk=%s$%s$%s", c.memoryCost, c.rounds, c.saltSeparator,
		c.signerKey, base64.StdEncoding.EncodeToString(saltBytes), base64.StdEncoding.EncodeToString(hashBytes)), true
}

var urlAlphabet = strings.NewReplacer("-", "+", "_", "/", "=", "")

// decodeAnyBase64 decodes base64 in both alphabets, with or without padding.
func decodeAnyBase64(text string) ([]byte, bool) {
	b, err := base64.RawStdEncoding.DecodeString(urlAlphabet.Replace(strings.TrimSpace(text)))
	return b, err == nil && !strings.ContainsAny(text, "\r\n")
}
