// Package random generates random texts from a given alphabet and of a given length, as the formats of Better Auth's
// tokens require. Code that needs no special format can call crypto/rand.Text.
package random

import "crypto/rand"

// String returns length random characters of alphabet, which must be ASCII. All characters are equally likely.
func String(alphabet string, length int) string {
	limit := 256 - 256%len(alphabet) // larger bytes would make the first characters more likely
	out := make([]byte, 0, length)
	var buf [64]byte
	for len(out) < length {
		rand.Read(buf[:]) // rand.Read never returns an error
		for _, b := range buf {
			if int(b) < limit && len(out) < length {
				out = append(out, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(out)
}
