package twofactor

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/shared/cipher"
)

// vectors are values that better-auth 1.7.25 has made.
type vectors struct {
	Secret string
	TOTP   []struct {
		SecretText, HMACKeyHex, Base32InURI string
		Codes                               map[string]string
	}
	TOTPBase32 []struct {
		StoredPlaintext, HMACKeyHex, Base32InURI string
		Codes                                    map[string]string
	}
	Window struct {
		SecretText string
		At         int64
		Accepted   []struct{ Code string }
		Rejected   []struct{ Code string }
		Shape      []struct{ Code string }
	}
	OTPAuth   []struct{ Issuer, Account, SecretText, URI string }
	Encrypted []struct{ What, Plaintext, Stored string }
}

func readVectors(t *testing.T) (v vectors) {
	t.Helper()
	text, err := os.ReadFile("../../conformance/vectors/two_factor.json")
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil || len(v.TOTP) == 0 || len(v.TOTPBase32) == 0 || len(v.OTPAuth) == 0 || len(v.Window.Accepted) == 0 {
		t.Fatalf("read the vectors: got %+v and the error %v, want all kinds of vectors", v, err)
	}
	return v
}

func parseKeys(t *testing.T, secret string) cipher.Keys {
	t.Helper()
	keys, err := cipher.ParseKeys("", secret)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestCodesEqualThoseOfBetterAuth(t *testing.T) {
	t.Parallel()
	v := readVectors(t)
	check := func(stored, wantKey string, codes map[string]string) {
		key, err := totpKey(stored)
		if got := hex.EncodeToString(key); got != wantKey || err != nil {
			t.Errorf("the key of %q: got %s, %v, want %s", stored, got, err, wantKey)
		}
		for at, want := range codes {
			seconds, err := strconv.ParseInt(at, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			if got := totpCode(key, seconds/30); got != want {
				t.Errorf("the code of %q at %s: got %s, want %s", stored, at, got, want)
			}
		}
	}
	for _, each := range v.TOTP {
		check(each.SecretText, each.HMACKeyHex, each.Codes)
	}
	for _, each := range v.TOTPBase32 {
		check(each.StoredPlaintext, each.HMACKeyHex, each.Codes)
	}
}

func TestCodesOfThreePeriodsAreAccepted(t *testing.T) {
	t.Parallel()
	v := readVectors(t)
	key, err := totpKey(v.Window.SecretText)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(v.Window.At, 0)
	for _, each := range v.Window.Accepted {
		counter, ok := matchTOTP(key, each.Code, now)
		if !ok || totpCode(key, counter) != each.Code {
			t.Errorf("the code %s: got the counter %d and %v, want it accepted", each.Code, counter, ok)
		}
		if left := totpCodeEnds(counter).Sub(now); left <= 0 || left > 90*time.Second {
			t.Errorf("the code %s is valid for %v, want between 0 and 90 seconds", each.Code, left)
		}
	}
	for _, each := range append(v.Window.Rejected, v.Window.Shape...) {
		if counter, ok := matchTOTP(key, each.Code, now); ok {
			t.Errorf("the code %q: got the counter %d, want it rejected", each.Code, counter)
		}
	}
}

// A code is accepted until totpCodeEnds, and no longer.
func TestCodeEndsWhenItIsNoLongerAccepted(t *testing.T) {
	t.Parallel()
	key := []byte("a key")
	const counter = 56_666_666
	code, ends := totpCode(key, counter), totpCodeEnds(counter)
	for at, want := range map[time.Time]bool{
		ends.Add(-91 * time.Second): false, ends.Add(-90 * time.Second): true, ends.Add(-time.Second): true, ends: false,
	} {
		if _, ok := matchTOTP(key, code, at); ok != want {
			t.Errorf("%v before its end the code is accepted: got %v, want %v", ends.Sub(at), ok, want)
		}
	}
}

func TestSecretsThatAreNoBase32AreRejected(t *testing.T) {
	t.Parallel()
	for _, stored := range []string{"base32:", "base32:====", "base32:ABC1", "base32:ABC DEF", "base32:Ä"} {
		if key, err := totpKey(stored); err == nil {
			t.Errorf("the key of %q: got %x, want an error", stored, key)
		}
	}
	key, err := totpKey("BASE32:JBSWY3DP")
	if string(key) != "BASE32:JBSWY3DP" || err != nil {
		t.Errorf("the key of a secret in capitals: got %q, %v, want its text", key, err)
	}
	lower, err := totpKey("base32:jbswy3dp======")
	if string(lower) != "Hello" || err != nil {
		t.Errorf("the key of padded base32 in lower case: got %q, %v, want Hello", lower, err)
	}
}

func TestURIsEqualThoseOfBetterAuth(t *testing.T) {
	t.Parallel()
	v := readVectors(t)
	for _, each := range v.OTPAuth {
		key, err := totpKey(each.SecretText)
		if got := totpURI(key, each.Issuer, each.Account); got != each.URI || err != nil {
			t.Errorf("the URI for %s and %s: got\n%s, %v, want\n%s", each.Issuer, each.Account, got, err, each.URI)
		}
	}
	for _, each := range v.TOTPBase32 {
		key, err := totpKey(each.StoredPlaintext)
		if got := totpURI(key, "Xenon", "ada@example.com"); !strings.Contains(got, "secret="+each.Base32InURI+"&") {
			t.Errorf("the URI of %q: got %s, %v, want the secret %s", each.StoredPlaintext, got, err, each.Base32InURI)
		}
	}
}

func TestBackupCodesOfBetterAuthWorkOnce(t *testing.T) {
	t.Parallel()
	v := readVectors(t)
	keys := parseKeys(t, v.Secret)
	for _, each := range v.Encrypted {
		if !strings.HasPrefix(each.What, "twoFactor.backupCodes") {
			continue
		}
		var codes []string
		if err := json.Unmarshal([]byte(each.Plaintext), &codes); err != nil {
			t.Fatal(err)
		}
		stored := each.Stored
		for i, code := range codes {
			if _, ok, err := useBackupCode(keys, stored, strings.ToLower(code)+"x"); ok || err != nil {
				t.Errorf("a wrong code: got %v, %v, want it rejected", ok, err)
			}
			rest, ok, err := useBackupCode(keys, stored, code)
			if !ok || err != nil {
				t.Fatalf("the code %d: got %v, %v, want it accepted", i, ok, err)
			}
			if _, ok, err := useBackupCode(keys, rest, code); ok || err != nil {
				t.Errorf("the code %d again: got %v, %v, want it rejected", i, ok, err)
			}
			stored = rest
		}
		if text, err := keys.Decrypt(stored); text != "[]" || err != nil {
			t.Errorf("%s: without its codes the text is %q, %v, want []", each.What, text, err)
		}
	}
}

func TestStoredTextThatIsNoListHasNoBackupCode(t *testing.T) {
	t.Parallel()
	keys := parseKeys(t, "a secret of the tests, long enough")
	for _, text := range []string{"[]", "null", "junk", `{"a":1}`, `"abcde-fghij"`, `[1]`} {
		for _, code := range []string{"", "abcde-fghij", "null", "1"} {
			if _, ok, err := useBackupCode(keys, keys.Encrypt(text), code); ok || err != nil {
				t.Errorf("the code %q of the text %s: got %v, %v, want it rejected without an error", code, text, ok, err)
			}
		}
	}
	if _, _, err := useBackupCode(keys, parseKeys(t, "another secret of the tests, long").Encrypt("[]"), "x"); err == nil {
		t.Error("a text that was encrypted with another secret: got no error, want one")
	}
}

func TestNewSecretsAndBackupCodesHaveBetterAuthsForm(t *testing.T) {
	t.Parallel()
	isOf := func(text, alphabet string) bool { return strings.Trim(text, alphabet) == "" }
	if secret := newTOTPSecret(); len(secret) != 32 || !isOf(secret, totpSecretAlphabet) {
		t.Errorf("a new secret: got %q, want 32 letters, digits, - and _", secret)
	}
	codes := newBackupCodes()
	seen := map[string]bool{}
	for _, code := range codes {
		left, right, _ := strings.Cut(code, "-")
		if len(left) != 5 || len(right) != 5 || !isOf(left+right, backupCodeAlphabet) || seen[code] {
			t.Errorf("the backup code %q: want two different halves of five letters and digits", code)
		}
		seen[code] = true
	}
	stored, err := encryptBackupCodes(parseKeys(t, "a secret of the tests, long enough"), codes)
	if len(codes) != 10 || len(stored) != 362 || err != nil {
		t.Errorf("got %d codes, stored in %d characters, %v, want 10 and 362", len(codes), len(stored), err)
	}
}

// A second factor that an import has copied has a marked secret. Its codes, and when they are accepted, are those of
// Supabase's auth server.
func TestCodesOfCopiedSecretsEqualThoseOfSupabase(t *testing.T) {
	t.Parallel()
	var v struct {
		Codes []struct {
			Secret, Code string
			Time         int64
		}
		Window struct {
			Secret, Code  string
			Begins        int64
			AcceptedAfter map[int64]bool // by seconds after the beginning of the period
		}
	}
	text, err := os.ReadFile("../../conformance/vectors/supabase_totp.json")
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil || len(v.Codes) == 0 || len(v.Window.AcceptedAfter) == 0 {
		t.Fatalf("read the vectors: got %+v and the error %v, want codes and a window", v, err)
	}
	for _, each := range v.Codes {
		key, err := totpKey(base32Prefix + each.Secret)
		if got := totpCode(key, each.Time/30); got != each.Code || err != nil {
			t.Errorf("the code of %s at %d: got %s and the error %v, want %s", each.Secret, each.Time, got, err, each.Code)
		}
	}
	key, err := totpKey(base32Prefix + v.Window.Secret)
	if err != nil {
		t.Fatal(err)
	}
	for after, want := range v.Window.AcceptedAfter {
		if _, got := matchTOTP(key, v.Window.Code, time.Unix(v.Window.Begins+after, 0)); got != want {
			t.Errorf("the code %d seconds after its period began: accepted is %t, want %t", after, got, want)
		}
	}
}
