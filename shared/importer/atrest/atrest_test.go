package atrest_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/shared/importer/atrest"
)

// The key and the values were made by Supabase's auth server, version 2.196.
const (
	key = "key-1=YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXowMTIzNDU"

	factorID     = "3e361cf2-fb64-4506-bc5d-6b567e101f9d"
	factorSecret = "JN3DWYR4THUUAMK5HRGCLMLDYDCEOM4O"
	storedFactor = `{"key_id":"key-1","alg":"aes-gcm-hkdf",` +
		`"data":"vCt123/HqPvQiBNJxsD+2rs4sNkpCuGw+da0xMnDK22/GA2LKH0k9pJQTST7nnKi","nonce":"vd+FOqGS6hCXFQnI"}`

	userID       = "11111111-2222-4333-8444-000000000001"
	passwordHash = "$2a$10$EMPajnJ2E1RsboYVhaRr5.SKGoNGqvzbSMlLUvVNLlGxz3mo/lT6e"
	storedHash   = `{"key_id":"key-1","alg":"aes-gcm-hkdf",` +
		`"data":"xYaUVh9fZ047tnnmo0j65eJTFvadjt4uWsS8LSGxetgpsdYc0NqTiHUYCETnWFYYpXm8npUu1t1LtDkQeBgVPZsDOnfW69j9tFz3pg=="` +
		`,"nonce":"Vjc3FnqyG1VV6gb5"}`
)

func TestOpenReadsWhatTheAuthServerHasEncrypted(t *testing.T) {
	t.Parallel()
	keys, err := atrest.ParseKeys([]string{"other=" + strings.Repeat("A", 43), key})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ id, stored, want string }{
		{factorID, storedFactor, factorSecret},
		{userID, storedHash, passwordHash},
		{factorID, factorSecret, factorSecret},
		{userID, passwordHash, passwordHash},
		{userID, "", ""},
		{userID, "{", "{"},
		{
			userID, `{"alg":"none","key_id":"key-1","data":"AA==","nonce":"AA=="}`,
			`{"alg":"none","key_id":"key-1","data":"AA==","nonce":"AA=="}`,
		},
	} {
		if got, err := keys.Open(c.id, c.stored); got != c.want || err != nil {
			t.Errorf("Open of %.20q: got %q and the error %v, want %q", c.stored, got, err, c.want)
		}
	}
}

func TestOpenSaysWhyItCannotOpenAValue(t *testing.T) {
	t.Parallel()
	keys, err := atrest.ParseKeys([]string{key})
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := atrest.ParseKeys([]string{"key-1=" + strings.Repeat("A", 43)})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		keys       atrest.Keys
		id, stored string
		want       error
	}{
		"no keys":        {nil, factorID, storedFactor, atrest.ErrNoKey},
		"another key id": {keys, factorID, strings.Replace(storedFactor, "key-1", "key-2", 1), atrest.ErrNoKey},
		"another key":    {wrong, factorID, storedFactor, atrest.ErrCannotOpen},
		"of another row": {keys, userID, storedFactor, atrest.ErrCannotOpen},
		"changed":        {keys, factorID, strings.Replace(storedFactor, "vCt1", "vCt2", 1), atrest.ErrCannotOpen},
		"nonce is too short": {
			keys, factorID, strings.Replace(storedFactor, "vd+FOqGS6hCXFQnI", "vd+F", 1), atrest.ErrCannotOpen,
		},
		"data is too short": {
			keys, factorID, `{"key_id":"key-1","alg":"aes-gcm-hkdf","data":"AA==","nonce":"vd+FOqGS6hCXFQnI"}`,
			atrest.ErrCannotOpen,
		},
	} {
		if got, err := c.keys.Open(c.id, c.stored); got != "" || !errors.Is(err, c.want) {
			t.Errorf("%s: got %q and the error %v, want no value and the error %v", name, got, err, c.want)
		}
	}
}

func TestParseKeysRejectsTextsThatAreNoKeysAndDoesNotShowThem(t *testing.T) {
	t.Parallel()
	const secret = "c2VjcmV0"
	for name, text := range map[string]string{
		"empty":            "",
		"no id":            "=" + secret,
		"no key":           "key-1=",
		"no equals sign":   secret,
		"too short":        "key-1=" + secret,
		"too long":         "key-1=" + strings.Repeat("A", 46),
		"standard base64":  "key-1=" + strings.Repeat("+", 43),
		"other characters": "key-1=" + secret + strings.Repeat("!", 35),
	} {
		keys, err := atrest.ParseKeys([]string{text})
		if keys != nil || err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: got the keys %v and the error %v, want an error without the key", name, keys, err)
		}
	}
	if keys, err := atrest.ParseKeys(nil); len(keys) != 0 || err != nil {
		t.Errorf("no keys: got %v and the error %v, want no keys", keys, err)
	}
}
