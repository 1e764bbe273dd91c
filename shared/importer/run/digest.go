package run

import (
	"crypto/sha256"
	"encoding/hex"
)

// Digest is "sha256:" and the digest of a text in hex. A report and a result of the state machine are digested as
// stringify.Marshal writes them: compact, members in the order of the type, maps in alphabetical order. `jq -cj` writes
// the same.
func Digest(text []byte) string {
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}
