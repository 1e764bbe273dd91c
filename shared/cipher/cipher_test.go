package cipher_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/shared/cipher"
)

// parse returns the keys of the two settings.
func parse(t *testing.T, versioned, single string) cipher.Keys {
	t.Helper()
	k, err := cipher.ParseKeys(versioned, single)
	if err != nil {
		t.Fatalf("ParseKeys: got %v, want no error", err)
	}
	return k
}

// readVectors reads texts of better-auth 1.7.25.
func readVectors(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile("../../conformance/vectors/" + name)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestTextsOfBetterAuthAreDecrypted(t *testing.T) {
	t.Parallel()
	var vectors struct {
		Secret    string
		Encrypted []struct{ What, Plaintext, Stored string }
	}
	readVectors(t, "two_factor.json", &vectors)
	if len(vectors.Encrypted) < 6 {
		t.Fatalf("got %d texts, want at least 6", len(vectors.Encrypted))
	}
	k := parse(t, "", vectors.Secret)
	for _, v := range vectors.Encrypted {
		if got, err := k.Decrypt(v.Stored); got != v.Plaintext || err != nil {
			t.Errorf("%s: got %q, %v, want %q", v.What, got, err, v.Plaintext)
		}
		if got := k.Encrypt(v.Plaintext); len(got) != len(v.Stored) {
			t.Errorf("%s: encrypted, it has %d characters, want %d as at Better Auth", v.What, len(got), len(v.Stored))
		}
	}
}

// Each text is decrypted, or is an error, as in Better Auth with the same two settings.
func TestTextsWithVersionsAreDecryptedAsInBetterAuth(t *testing.T) {
	t.Parallel()
	var vectors []struct {
		Secrets, Secret string // the settings
		Signing         string // the secret that signs
		Prefix          string // of a text that these settings encrypt
		Texts           []struct {
			Purpose, Stored string
			Plain           *string // nil: Better Auth throws an error
		}
	}
	readVectors(t, "versioned_secrets.json", &vectors)
	read, refused := 0, 0
	for _, v := range vectors {
		k := parse(t, v.Secrets, v.Secret)
		if got := string(k.Secrets()[0]); got != v.Signing {
			t.Errorf("BETTER_AUTH_SECRETS=%s: got the signing secret %q, want %q", v.Secrets, got, v.Signing)
		}
		if got := k.Encrypt("x"); !strings.HasPrefix(got, v.Prefix) || strings.Contains(got[len(v.Prefix):], "$") {
			t.Errorf("BETTER_AUTH_SECRETS=%s: encrypted %q, want the prefix %q and hex", v.Secrets, got, v.Prefix)
		}
		for _, text := range v.Texts {
			got, err := k.For(text.Purpose).Decrypt(text.Stored)
			switch {
			case text.Plain == nil && !errors.Is(err, cipher.ErrCannotDecrypt):
				t.Errorf("%s with BETTER_AUTH_SECRETS=%s: got %q, %v, want ErrCannotDecrypt", text.Stored, v.Secrets, got, err)
			case text.Plain == nil:
				refused++
			case got != *text.Plain || err != nil:
				t.Errorf("%s with BETTER_AUTH_SECRETS=%s: got %q, %v, want %q", text.Stored, v.Secrets, got, err, *text.Plain)
			default:
				read++
			}
		}
	}
	if read < 10 || refused < 10 {
		t.Errorf("got %d decrypted texts and %d refused ones, want at least 10 of each", read, refused)
	}
}

func TestOnlyTheSameKeyDecrypts(t *testing.T) {
	t.Parallel()
	secret := strings.Repeat("a key ", 6)
	for _, k := range []cipher.Keys{parse(t, "", secret), parse(t, "7:"+secret, ""), parse(t, "", secret).For("x")} {
		encrypted := k.Encrypt("a text")
		if encrypted == k.Encrypt("a text") {
			t.Error("two encryptions of one text are equal, want different ones")
		}
		if got, err := k.Decrypt(encrypted); got != "a text" || err != nil {
			t.Errorf("decrypt the text: got %q, %v, want it without an error", got, err)
		}
		for _, changed := range []string{"", "zz", encrypted[:20], encrypted[:len(encrypted)-2], encrypted + "00"} {
			if _, err := k.Decrypt(changed); !errors.Is(err, cipher.ErrCannotDecrypt) {
				t.Errorf("decrypt the changed text %q: got %v, want ErrCannotDecrypt", changed, err)
			}
		}
		for _, other := range []cipher.Keys{
			parse(t, "", secret+"x"), parse(t, "7:"+secret+"x", secret+"x"), parse(t, "8:"+secret, ""), k.For("y"),
		} {
			if _, err := other.Decrypt(encrypted); !errors.Is(err, cipher.ErrCannotDecrypt) {
				t.Errorf("decrypt with another key: got %v, want ErrCannotDecrypt", err)
			}
		}
	}
}

// The error names the version or the setting to add, so that an operator can tell what is missing.
func TestErrorSaysWhichSecretIsMissing(t *testing.T) {
	t.Parallel()
	secret := strings.Repeat("s", cipher.MinSecretLength)
	bare := parse(t, "", secret).Encrypt("x")
	for _, c := range []struct {
		keys       cipher.Keys
		text, want string
	}{
		{parse(t, "2:"+secret, ""), bare, "the text has no version, and BETTER_AUTH_SECRET is not set"},
		{parse(t, "2:"+secret, ""), "$ba$1$" + bare, "version 1 of the secret is not in BETTER_AUTH_SECRETS"},
		{parse(t, "", secret), "$ba$1$" + bare, "version 1 of the secret is not in BETTER_AUTH_SECRETS"},
		{parse(t, "1:"+secret+"x", ""), "$ba$1$" + bare, "another secret, or the text was changed"},
	} {
		if _, err := c.keys.Decrypt(c.text); err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("decrypt %.12q: got %v, want %q", c.text, err, c.want)
		}
	}
}

// One text takes as many allocations as before the secrets had versions.
func TestVersionsTakeNoMoreAllocations(t *testing.T) {
	secret := strings.Repeat("s", cipher.MinSecretLength)
	single, versioned := parse(t, "", secret), parse(t, "3:"+secret+",2:"+secret+",1:"+secret, secret)
	count := func(k cipher.Keys) float64 {
		return testing.AllocsPerRun(100, func() {
			if _, err := k.For("p").Decrypt(k.For("p").Encrypt("a text")); err != nil {
				t.Fatal(err)
			}
		})
	}
	if one, three := count(single), count(versioned); three > one {
		t.Errorf("a text takes %.0f allocations with versions and %.0f without, want no more", three, one)
	}
}
