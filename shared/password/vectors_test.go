package password

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/crypto/bcrypt"

	"github.com/xenon-auth/xenon/shared/config"
)

func readJSON(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("decode testdata/%s: %v", name, err)
	}
}

// checkVerify checks the result of Verify of a Hasher without a minimum time for failed attempts.
func checkVerify(t *testing.T, stored, password string, want bool) {
	t.Helper()
	got, err := NewCheap().Verify(t.Context(), stored, password)
	if err != nil || got != want {
		t.Errorf("Verify(%q, %q) = %v, %v, want %v", stored, password, got, err, want)
	}
}

// similarPasswords returns passwords that are similar to password. Verify must reject them.
func similarPasswords(password string) []string {
	first, size := utf8.DecodeRuneInString(password)
	otherCase := strings.ToUpper(string(first)) + password[size:]
	if otherCase == password {
		otherCase = "#" + password[size:]
	}
	return []string{"", otherCase, password + "x"}
}

func TestR09_BetterAuthVectors(t *testing.T) {
	t.Parallel()
	var file struct {
		Vectors []struct {
			Note, Password, Hash string
			UTF16Length          int
			AlsoVerifies         []string
		}
		MustNotVerify []struct{ Hash, Password string }
	}
	readJSON(t, "better_auth.json", &file)
	if len(file.Vectors) == 0 || len(file.MustNotVerify) == 0 {
		t.Fatal("got no vectors in the file, want some that verify and some that do not")
	}
	for _, v := range file.Vectors {
		t.Run(v.Note, func(t *testing.T) {
			t.Parallel()
			if got := UTF16Length(v.Password); got != v.UTF16Length {
				t.Errorf("Length = %d, want %d", got, v.UTF16Length)
			}
			for _, same := range append(v.AlsoVerifies, v.Password) {
				checkVerify(t, v.Hash, same, true)
			}
			for _, other := range similarPasswords(v.Password) {
				checkVerify(t, v.Hash, other, false)
			}
		})
	}
	for _, v := range file.MustNotVerify {
		checkVerify(t, v.Hash, v.Password, false)
	}
}

func TestR09_SupabaseVectors(t *testing.T) {
	t.Parallel()
	var file struct {
		Vectors []struct{ Form, Password, Hash string }
	}
	readJSON(t, "supabase.json", &file)
	if got, want := len(file.Vectors), 15; got != want {
		t.Fatalf("supabase.json has %d vectors, want %d", got, want)
	}
	for _, v := range file.Vectors {
		t.Run(v.Form, func(t *testing.T) {
			t.Parallel()
			if !IsSupported(v.Hash) {
				t.Error("IsSupported = false, want true")
			}
			checkVerify(t, v.Hash, v.Password, true)
			for _, other := range similarPasswords(v.Password) {
				checkVerify(t, v.Hash, other, false)
			}
		})
	}
}

// The hashes are from Firebase's repository "scrypt" and from another implementation, as the file says.
func TestR09_FirebaseVectors(t *testing.T) {
	t.Parallel()
	var file struct {
		SignerKey, SaltSeparator string
		Rounds, MemCost          int
		Vectors                  []struct{ Password, Salt, Hash string }
	}
	readJSON(t, "firebase.json", &file)
	if got, want := len(file.Vectors), 6; got != want {
		t.Fatalf("firebase.json has %d vectors, want %d", got, want)
	}
	for _, v := range file.Vectors {
		stored := fmt.Sprintf("$fbscrypt$v=1,n=%d,r=%d,p=1,ss=%s,sk=%s$%s$%s", file.MemCost, file.Rounds,
			file.SaltSeparator, file.SignerKey, v.Salt, v.Hash)
		if !IsSupported(stored) {
			t.Errorf("IsSupported of the hash of %q = false, want true", v.Password)
		}
		checkVerify(t, stored, v.Password, true)
		for _, other := range similarPasswords(v.Password) {
			checkVerify(t, stored, other, false)
		}
	}
}

// scrypt begins with an HMAC, which pads a key of less than 64 bytes with NULs, so a password with NULs at its end
// gives the same key. Better Auth and Supabase also accept it. Argon2 and bcrypt distinguish the two passwords.
func TestR09_NULAfterThePasswordMattersOnlyToArgon2AndBcrypt(t *testing.T) {
	t.Parallel()
	for _, h := range []*Hasher{NewCheap(), New(config.Scrypt)} {
		stored, err := h.Hash(t.Context(), "password123")
		if err != nil {
			t.Fatal(err)
		}
		checkVerify(t, stored, "password123\x00", !strings.HasPrefix(stored, "$argon2"))
	}
	checkVerify(t, "$2a$10$EMPajnJ2E1RsboYVhaRr5.SKGoNGqvzbSMlLUvVNLlGxz3mo/lT6e", "alpha-Pass-1\x00", false)
}

// Only Better Auth's own format normalizes the password (NFKC).
func TestR09_OtherFormatsDoNotNormalise(t *testing.T) {
	t.Parallel()
	const composed, decomposed = "fianc\u00e9123", "fiance\u0301123"
	fromBcrypt, err := bcrypt.GenerateFromPassword([]byte(composed), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	fromArgon2, err := NewCheap().Hash(t.Context(), composed)
	if err != nil {
		t.Fatal(err)
	}
	for _, stored := range []string{string(fromBcrypt), fromArgon2} {
		checkVerify(t, stored, composed, true)
		checkVerify(t, stored, decomposed, false)
	}
}

// bcrypt uses only the first 72 bytes of the password, also in Supabase. All other formats use the whole password.
func TestR09_OnlyBcryptTruncates(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 36) // 72 bytes
	fromBcrypt, err := bcrypt.GenerateFromPassword([]byte(long), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	checkVerify(t, string(fromBcrypt), long, true)
	checkVerify(t, string(fromBcrypt), long+" and a tail", true)
	checkVerify(t, string(fromBcrypt), long[:70], false)

	for _, h := range []*Hasher{NewCheap(), New(config.Scrypt)} {
		stored, err := h.Hash(t.Context(), long+" and a tail")
		if err != nil {
			t.Fatal(err)
		}
		checkVerify(t, stored, long+" and a tail", true)
		checkVerify(t, stored, long+" and a tale", false)
		checkVerify(t, stored, long, false)
	}
}
