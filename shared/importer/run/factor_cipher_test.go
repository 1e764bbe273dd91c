package run

import (
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/shared/cipher"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

func TestSecretsOfFactorsAreReadIfTheyAreTheBase32OfAKey(t *testing.T) {
	t.Parallel()
	c := &FactorCipher{}
	for stored, want := range map[string]string{
		"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ":         "base32:GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
		"gezdgnbvgy3tqojqgezdgnbvgy3tqojq":         "base32:GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
		"GEZDGNBVGY3TQOJQGEZDGNBVGY======":         "base32:GEZDGNBVGY3TQOJQGEZDGNBVGY",
		strings.Repeat("A", 256):                   "base32:" + strings.Repeat("A", 256),
		strings.Repeat("A", 16):                    "base32:" + strings.Repeat("A", 16),
		strings.Repeat("A", 8):                     "",
		strings.Repeat("A", 264):                   "",
		strings.Repeat("A", 17):                    "",
		strings.Repeat("A", 19):                    "",
		strings.Repeat("A", 22):                    "",
		"":                                         "",
		"================":                         "",
		"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1":         "",
		"GEZDGNBVGY3TQOJQ\nGEZDGNBVGY3TQOJ":        "",
		"GEZDGNBVGY3TQOJQ=GEZDGNBVGY3TQOJ":         "",
		"ſEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ":         "",
		" GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ":        "",
		"base32:GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ":  "",
		`{"secret":"GEZDGNBVGY3TQOJQGEZDGNBVGY3"}`: "",
	} {
		got, err := c.Read("id", stored)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("Read(%.40q): got %q and the error %v, want %q", stored, got, err, want)
		}
		if err != nil && FactorRejection(err) != mapping.FactorInvalid {
			t.Errorf("the reason for %.40q: got %s, want %s", stored, FactorRejection(err), mapping.FactorInvalid)
		}
	}
}

func TestEncryptionOfAnUnchangedTextIsReused(t *testing.T) {
	t.Parallel()
	parse := func(secret string) *FactorCipher {
		keys, err := cipher.ParseKeys("", secret)
		if err != nil {
			t.Fatal(err)
		}
		return &FactorCipher{target: keys}
	}
	c, other := parse("a secret of the tests, long enough"), parse("another secret, also long enough")
	stored, foreign, junk := c.Encrypt("text"), other.Encrypt("text"), "no hex"
	if got := c.Reuse(&stored, "text"); got != stored {
		t.Errorf("the encryption of the same text: got %s, want the stored one, %s", got, stored)
	}
	for name, was := range map[string]*string{
		"none": nil, "another secret": &foreign, "junk": &junk, "another text": &stored,
	} {
		want := "text"
		if name == "another text" {
			want = "changed"
		}
		got := c.Reuse(was, want)
		if text, ok := c.Decrypt(got); text != want || !ok {
			t.Errorf("%s: got %q, which is the encryption of %q, want that of %q", name, got, text, want)
		}
	}
}
