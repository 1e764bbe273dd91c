package run

import (
	"crypto/sha256"
	"encoding/hex"
)

// Digest returns "sha256:" and the SHA-256 of a text in hexadecimal. The text of a report or of a result of the state
// machine is the JSON of stringify.Marshal: compact, the fields in the order of the Go type, the keys of maps sorted.
// `jq -cj` writes the same text.
func Digest(text []byte) string {
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}
