package cipher_test

import (
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/xenon-auth/xenon/shared/cipher"
)

// The encrypted texts are from better-auth 1.7.25.
func TestTextsOfBetterAuthAreDecrypted(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../conformance/vectors/two_factor.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct {
		Secret    string
		Encrypted []struct{ What, Plaintext, Stored string }
	}
	if err := json.Unmarshal(text, &vectors); err != nil || len(vectors.Encrypted) < 6 {
		t.Fatalf("read the vectors: got %d texts and the error %v, want at least 6", len(vectors.Encrypted), err)
	}
	for _, v := range vectors.Encrypted {
		if got, err := cipher.Decrypt([]byte(vectors.Secret), v.Stored); got != v.Plaintext || err != nil {
			t.Errorf("%s: got %q, %v, want %q", v.What, got, err, v.Plaintext)
		}
		if got := cipher.Encrypt([]byte(vectors.Secret), v.Plaintext); len(got) != len(v.Stored) {
			t.Errorf("%s: encrypted, it has %d characters, want %d as at Better Auth", v.What, len(got), len(v.Stored))
		}
	}
}

func TestOnlyTheSameKeyDecrypts(t *testing.T) {
	t.Parallel()
	key := []byte("a key")
	encrypted := cipher.Encrypt(key, "a text")
	if encrypted == cipher.Encrypt(key, "a text") {
		t.Error("two encryptions of one text are equal, want different ones")
	}
	if got, err := cipher.Decrypt(key, encrypted); got != "a text" || err != nil {
		t.Errorf("decrypt the text: got %q, %v, want it without an error", got, err)
	}
	for _, changed := range []string{"", "zz", encrypted[:20], encrypted[:len(encrypted)-2], encrypted + "00"} {
		if _, err := cipher.Decrypt(key, changed); !errors.Is(err, cipher.ErrCannotDecrypt) {
			t.Errorf("decrypt the changed text %q: got %v, want ErrCannotDecrypt", changed, err)
		}
	}
	if _, err := cipher.Decrypt([]byte("another key"), encrypted); !errors.Is(err, cipher.ErrCannotDecrypt) {
		t.Errorf("decrypt with another key: got %v, want ErrCannotDecrypt", err)
	}
}
