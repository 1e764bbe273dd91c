package random_test

import (
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/shared/random"
)

func TestStringUsesTheWholeAlphabet(t *testing.T) {
	t.Parallel()
	const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	counts := map[rune]int{}
	const tokens, length = 2000, 93 // 62 characters, each 3000 times on average
	for range tokens {
		token := random.String(alphabet, length)
		if len(token) != length {
			t.Fatalf("String(alphabet, %d) has %d characters", length, len(token))
		}
		for _, c := range token {
			counts[c]++
		}
	}
	const mean, tolerance = tokens * length / len(alphabet), 400 // seven standard deviations
	for _, c := range alphabet {
		if n := counts[c]; n < mean-tolerance || n > mean+tolerance {
			t.Errorf("the character %c occurs %d times, want %d ± %d", c, n, mean, tolerance)
		}
		delete(counts, c)
	}
	if len(counts) > 0 {
		t.Errorf("got characters outside of the alphabet: %v, want none", counts)
	}
}

func TestStringsDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		token := random.String("0123456789abcdefghijklmnopqrstuvwxyz", 32)
		if seen[token] || strings.Trim(token, "0123456789abcdefghijklmnopqrstuvwxyz") != "" {
			t.Fatalf("the token %q was returned before or has characters outside of the alphabet", token)
		}
		seen[token] = true
	}
}
