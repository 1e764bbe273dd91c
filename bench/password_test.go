package bench

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"fmt"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/password"
)

const benchPassword = "bench-Password-1"

// BenchmarkVerify measures the verification of the right password for each stored format (ours), the hash function
// alone with the same parameters (bare), and the ratio of the two.
func BenchmarkVerify(b *testing.B) {
	h := password.New(config.Argon2id)
	for _, f := range passwordFormats(b) {
		ours := func() {
			if ok, err := h.Verify(b.Context(), f.stored, benchPassword); !ok || err != nil {
				b.Fatalf("%s: Verify = %v, %v, want true", f.name, ok, err)
			}
		}
		b.Run(f.name+"/ours", func(b *testing.B) { runBenchmarkLoop(b, ours) })
		b.Run(f.name+"/bare", func(b *testing.B) { runBenchmarkLoop(b, f.bare) })
		b.Run(f.name+"/ratio", func(b *testing.B) { reportRatio(b, ours, f.bare) })
	}
}

// BenchmarkHash measures the hash that a sign-up computes, for each format in which Xenon can write hashes.
func BenchmarkHash(b *testing.B) {
	for _, format := range []string{config.Argon2id, config.Scrypt} {
		h := password.New(format)
		b.Run(format, func(b *testing.B) {
			runBenchmarkLoop(b, func() {
				if _, err := h.Hash(b.Context(), benchPassword); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

// runBenchmarkLoop measures work, with its allocations.
func runBenchmarkLoop(b *testing.B, work func()) {
	b.ReportAllocs()
	for b.Loop() {
		work()
	}
}

// reportRatio runs ours and bare in turn, so that a busy machine slows both, and reports the ratio of their median
// times.
func reportRatio(b *testing.B, ours, bare func()) {
	var times [2][]time.Duration
	for b.Loop() {
		for i, work := range []func(){ours, bare} {
			start := time.Now()
			work()
			times[i] = append(times[i], time.Since(start))
		}
	}
	for i := range times {
		slices.Sort(times[i])
	}
	middle := len(times[0]) / 2
	b.ReportMetric(float64(times[0][middle])/float64(times[1][middle]), "ours/bare")
}

type passwordFormat struct {
	name, stored string
	bare         func()
}

// passwordFormats returns, for each stored format, a hash of benchPassword with the usual parameters, and a function
// that calls the package of the format directly, without Xenon's code.
func passwordFormats(b *testing.B) []passwordFormat {
	b.Helper()
	text := []byte(benchPassword)
	hash := func(format string) string {
		stored, err := password.New(format).Hash(b.Context(), benchPassword)
		if err != nil {
			b.Fatal(err)
		}
		return stored
	}
	fromBcrypt, err := bcrypt.GenerateFromPassword(text, bcrypt.DefaultCost)
	if err != nil {
		b.Fatal(err)
	}
	salt := make([]byte, 16)
	return []passwordFormat{
		{"argon2id", hash(config.Argon2id), func() { argon2.IDKey(text, salt, 2, 19*1024, 1, 32) }},
		{"bcrypt", string(fromBcrypt), func() { _ = bcrypt.CompareHashAndPassword(fromBcrypt, text) }},
		{"firebase", firebaseHash(salt), func() { _, _ = scrypt.Key(text, salt, 1<<14, 8, 1, 32) }},
		{"scrypt", hash(config.Scrypt), func() { _, _ = scrypt.Key(text, salt, 1<<14, 16, 1, 64) }},
	}
}

// firebaseHash returns the hash of benchPassword with Firebase's default cost and a signer key of zeros.
func firebaseHash(salt []byte) string {
	key, err := scrypt.Key([]byte(benchPassword), salt, 1<<14, 8, 1, 32)
	if err != nil {
		panic(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	signer := make([]byte, 64)
	signed := make([]byte, len(signer))
	cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(signed, signer)
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("$fbscrypt$v=1,n=14,r=8,p=1,sk=%s$%s$%s", b64(signer), b64(salt), b64(signed))
}
