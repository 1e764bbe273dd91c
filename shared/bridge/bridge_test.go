package bridge_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/shared/bridge"
)

// vectors are tokens that Supabase's auth server made, and their digests, which another implementation computed.
type vectors struct {
	Secret, Key string
	Digests     []struct{ Token, Digest string }
	Tokens      []struct {
		Session string
		Counter uint64
		HMACKey string
		Token   string
	}
}

func readVectors(t *testing.T) (v vectors) {
	t.Helper()
	text, err := os.ReadFile("testdata/refresh_tokens.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Digests) < 20 || len(v.Tokens) < 8 {
		t.Fatalf("vectors: got %d digests and %d tokens, want at least 20 and 8", len(v.Digests), len(v.Tokens))
	}
	return v
}

func decodeHex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDigestIsThatOfTheVectors(t *testing.T) {
	t.Parallel()
	v := readVectors(t)
	key := bridge.Key([]byte(v.Secret))
	if want := decodeHex(t, v.Key); !bytes.Equal(key, want) {
		t.Fatalf("key: got %x, want %x", key, want)
	}
	for _, each := range v.Digests {
		got, err := bridge.Digest(key, each.Token)
		if want := decodeHex(t, each.Digest); err != nil || !bytes.Equal(got, want) {
			t.Errorf("digest of %s: got %x and the error %v, want %x", each.Token, got, err, want)
		}
	}
}

func TestTokenIsTheOneThatSupabaseMakes(t *testing.T) {
	t.Parallel()
	for _, each := range readVectors(t).Tokens {
		key, err := base64.RawURLEncoding.DecodeString(each.HMACKey)
		if err != nil {
			t.Fatal(err)
		}
		id := [16]byte(decodeHex(t, strings.ReplaceAll(each.Session, "-", "")))
		if got := bridge.Token(id, each.Counter, key); got != each.Token {
			t.Errorf("token of session %s with counter %d: got %s, want %s", each.Session, each.Counter, got, each.Token)
		}
	}
}

// The last of 51 characters has four bits, of which two are ignored.
func TestDigestIsTheSameForEverySpellingOfTheLastCharacter(t *testing.T) {
	t.Parallel()
	const token = "AOe_pJGyakVuiu8lH1gQU_IDqT5c2VJHSa9yIbOuZsvHpiigYto"
	key := bridge.Key([]byte("secret"))
	want, err := bridge.Digest(key, token)
	if err != nil {
		t.Fatal(err)
	}
	for _, last := range []string{"o", "p", "q", "r"} {
		got, err := bridge.Digest(key, token[:50]+last)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("digest of the spelling with the last character %s: got %x and the error %v, want %x", last, got, err, want)
		}
	}
	if got, err := bridge.Digest(key, token[:50]+"s"); err != nil || bytes.Equal(got, want) {
		t.Errorf("digest of another token: got %x and the error %v, want another one than %x", got, err, want)
	}
}

func TestDigestDependsOnTheSecret(t *testing.T) {
	t.Parallel()
	one, err := bridge.Digest(bridge.Key([]byte("one")), "nvqqcysrgban")
	other, err2 := bridge.Digest(bridge.Key([]byte("other")), "nvqqcysrgban")
	if err != nil || err2 != nil || bytes.Equal(one, other) {
		t.Errorf("digests with two secrets: got %x and %x (errors %v, %v), want two different ones", one, other, err, err2)
	}
}

func TestDigestRejectsOtherForms(t *testing.T) {
	t.Parallel()
	const v2 = "AOe_pJGyakVuiu8lH1gQU_IDqT5c2VJHSa9yIbOuZsvHpiigYto"
	for name, token := range map[string]string{
		"empty":                      "",
		"11 characters":              "nvqqcysrgba",
		"13 characters":              "nvqqcysrgbana",
		"upper case":                 "NVQQCYSRGBAN",
		"not ASCII":                  "nvqqcysrgbaé",
		"line break after v1":        "nvqqcysrgban\n",
		"50 characters":              v2[:50],
		"63 characters":              v2 + strings.Repeat("A", 12),
		"a length that base64 lacks": v2 + "AA",
		"standard base64":            strings.ReplaceAll(v2, "_", "/"),
		"padding":                    v2 + "=",
		"line break in v2":           v2[:20] + "\n" + v2[20:],
		"another version":            "BO" + v2[2:],
	} {
		if got, err := bridge.Digest(make([]byte, 32), token); !errors.Is(err, bridge.ErrForm) || got != nil {
			t.Errorf("%s: got %x and the error %v, want the error %v", name, got, err, bridge.ErrForm)
		}
	}
}

// The lengths of tokens of version 2 that the form allows, from the smallest counter to the largest.
func TestTokensOfEveryCounterHaveADigest(t *testing.T) {
	t.Parallel()
	for counter, want := range map[uint64]int{0: 51, 127: 51, 128: 52, 1<<63 - 1: 62} {
		token := bridge.Token([16]byte{1}, counter, make([]byte, 32))
		if _, err := bridge.Digest(make([]byte, 32), token); err != nil || len(token) != want {
			t.Errorf("token with counter %d: got %d characters and the error %v, want %d", counter, len(token), err, want)
		}
	}
}
