package cipher_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/shared/cipher"
)

func TestSecretsAreReadAsInBetterAuth(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("s", cipher.MinSecretLength)
	for versioned, want := range map[string]struct {
		versions []int
		secret   string
	}{
		"2:" + long + ",1:old":              {[]int{2, 1}, long},
		" 2 : " + long + " , 1:old ":        {[]int{2, 1}, long},
		"0:" + long:                         {[]int{0}, long},
		"1:" + long + ":with:colons,7:a b ": {[]int{1, 7}, long + ":with:colons"},
		"02:" + long:                        {[]int{2}, long},
		"999999999999999:" + long:           {[]int{999999999999999}, long},
	} {
		k := parse(t, versioned, "")
		if got := k.Versions(); !slices.Equal(got, want.versions) {
			t.Errorf("%q: got the versions %v, want %v", versioned, got, want.versions)
		}
		if got := string(k.Secrets()[0]); got != want.secret {
			t.Errorf("%q: got the current secret %q, want %q", versioned, got, want.secret)
		}
	}
	if got := string(parse(t, "", long).Secrets()[0]); got != long {
		t.Errorf("BETTER_AUTH_SECRET alone: got the current secret %q, want %q", got, long)
	}
}

// An error says which entry is wrong, why, and what to do, and shows no secret.
func TestMalformedSecretsAreExplained(t *testing.T) {
	t.Parallel()
	long := "not-shown-" + strings.Repeat("x", cipher.MinSecretLength)
	const public = "better-auth-secret-12345678901234567890"
	for versioned, want := range map[string]string{
		"not-shown":                           "BETTER_AUTH_SECRETS: entry 1 has no colon; write VERSION:SECRET",
		" ":                                   "BETTER_AUTH_SECRETS: entry 1 has no colon",
		",":                                   "BETTER_AUTH_SECRETS: entry 1 has no colon",
		"2:" + long + ",":                     "BETTER_AUTH_SECRETS: entry 2 has no colon",
		"2:" + long + ",,1:x":                 "BETTER_AUTH_SECRETS: entry 2 has no colon",
		"v2:" + long:                          "BETTER_AUTH_SECRETS: entry 1 has no valid version before the colon",
		"-1:" + long:                          "BETTER_AUTH_SECRETS: entry 1 has no valid version",
		"1.5:" + long:                         "BETTER_AUTH_SECRETS: entry 1 has no valid version",
		"2x:" + long:                          "BETTER_AUTH_SECRETS: entry 1 has no valid version",
		":" + long:                            "BETTER_AUTH_SECRETS: entry 1 has no valid version",
		"not-shown:" + long:                   "BETTER_AUTH_SECRETS: entry 1 has no valid version",
		"1000000000000000:" + long:            "BETTER_AUTH_SECRETS: entry 1 has no valid version",
		"2:":                                  "BETTER_AUTH_SECRETS: entry 1 has version 2 and no secret; generate one with",
		"2:" + long + ",1: ":                  "BETTER_AUTH_SECRETS: entry 2 has version 1 and no secret",
		"2:" + long + ",1:a,2:b":              "BETTER_AUTH_SECRETS: entry 3 has the version 2 of an earlier entry",
		"2:not-shown,1:" + long:               "BETTER_AUTH_SECRETS: entry 1 has 9 characters, needs at least 32; generate",
		"1:" + public:                         "BETTER_AUTH_SECRETS: entry 1 is the one that every Better Auth server",
		"not-shown,2:,x:" + long + ",2:a,2:b": "entry 5 has the version 2", // all problems at once
	} {
		_, err := cipher.ParseKeys(versioned, long)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "not-shown") {
			t.Errorf("BETTER_AUTH_SECRETS=%q: got %v, want an error with %q and no secret", versioned, err, want)
		}
	}
	for single, want := range map[string]string{
		"":          "BETTER_AUTH_SECRET: missing; generate one with: openssl rand -base64 32",
		"not-shown": "BETTER_AUTH_SECRET: has 9 characters, needs at least 32; generate",
		public:      "BETTER_AUTH_SECRET: is the one that every Better Auth server without settings has; generate",
	} {
		_, err := cipher.ParseKeys("", single)
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "not-shown") {
			t.Errorf("BETTER_AUTH_SECRET=%q: got %v, want an error with %q", single, err, want)
		}
	}
}

func TestKeysAreNotPrinted(t *testing.T) {
	t.Parallel()
	k := parse(t, "2:"+strings.Repeat("s", cipher.MinSecretLength), "single")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, k); got != "[redacted]" {
			t.Errorf("%s: got %s, want [redacted]", verb, got)
		}
	}
}

// Any text is a valid value or an error, and the error does not quote the text.
func FuzzParseKeys(f *testing.F) {
	for _, text := range []string{
		"", "1:a", "2:hunter-2-hunter-2,1:hunter-2", ",", "1", "hunter-2:x", "\x00:\xff", "-0:a",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		k, err := cipher.ParseKeys(text, "")
		if err == nil && len(k.Secrets()[0]) < cipher.MinSecretLength {
			t.Errorf("ParseKeys(%q) returned no error, but the current secret is too short", text)
		}
		if err != nil && strings.Contains(text, "hunter-2") && strings.Contains(err.Error(), "hunter-2") {
			t.Errorf("the error quotes a secret: %v", err)
		}
	})
}
