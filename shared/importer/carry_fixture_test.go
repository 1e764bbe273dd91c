package importer_test

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/cipher"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/atrest"
)

// Secrets of second factors, and an encrypted one with its id and key. Supabase's auth server made the last three.
const (
	clearSecret     = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	otherSecret     = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	carriedHash     = "$2b$05$/bf2ulWF9J.rlw1FwXykg.cQUy2BIEXicmvCjqHyyLU1NJd0LA0zy" // of beta-Pass-2
	encryptedFactor = "3e361cf2-fb64-4506-bc5d-6b567e101f9d"
	encryptedSecret = `{"key_id":"key-1","alg":"aes-gcm-hkdf",` +
		`"data":"vCt123/HqPvQiBNJxsD+2rs4sNkpCuGw+da0xMnDK22/GA2LKH0k9pJQTST7nnKi","nonce":"vd+FOqGS6hCXFQnI"}`
	openedSecret = "JN3DWYR4THUUAMK5HRGCLMLDYDCEOM4O"
	encryptedKey = "key-1=YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXowMTIzNDU"
)

var carry = importer.Options{BatchSize: 100, MFA: "carry"}

// withSecret gives an import the secret of the tests of Xenon, and returns it.
func withSecret(m *importer.Import) *importer.Import {
	m.Secret = func(context.Context) (cipher.Keys, error) { return cipher.ParseKeys("", xenonSecret) }
	return m
}

// xenonKeys returns the keys of the secret of the tests of Xenon.
func xenonKeys(t *testing.T) cipher.Keys {
	t.Helper()
	keys, err := cipher.ParseKeys("", xenonSecret)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// withKey gives an import the key of the encrypted factor.
func withKey(t *testing.T, m *importer.Import) *importer.Import {
	t.Helper()
	keys, err := atrest.ParseKeys([]string{encryptedKey})
	if err != nil {
		t.Fatal(err)
	}
	m.EncryptionKeys = keys
	return m
}

// factor is a row of auth.mfa_factors. The zero value of a field has a default.
type factor struct {
	id, kind, status, secret string
	lastUsed, updated        string // times
}

// factorSource is a source whose users have second factors.
type factorSource struct {
	t   *testing.T
	url string
	ids map[string]string // ids of users and of factors by name
}

func newFactorSource(t *testing.T) *factorSource {
	t.Helper()
	return &factorSource{t, supabasetest.New(t), map[string]string{}}
}

// addUser adds a user with a password and factors. The email is name@example.com, and the factors are name.0, name.1
// and so on in ids.
func (s *factorSource) addUser(name string, factors ...factor) {
	s.t.Helper()
	id := newUUID()
	s.ids[name] = id
	importtest.Exec(s.t, s.url, `insert into auth.users (id, email, encrypted_password, email_confirmed_at, created_at,
  updated_at) values ('`+id+`', '`+name+`@example.com', '`+carriedHash+`', now(), now(), now())`)
	for i, f := range factors {
		s.ids[name+"."+string(rune('0'+i))] = s.addFactor(name, f)
	}
}

func (s *factorSource) addFactor(user string, f factor) (id string) {
	s.t.Helper()
	or := func(value, fallback string) string {
		if value == "" {
			return fallback
		}
		return value
	}
	null := func(value string) string {
		if value == "" {
			return "null"
		}
		return "'" + value + "'"
	}
	id = or(f.id, newUUID())
	importtest.Exec(s.t, s.url, `insert into auth.mfa_factors (id, user_id, factor_type, status, secret, created_at,
  updated_at, last_challenged_at) values ('`+id+`', '`+s.ids[user]+`', '`+or(f.kind, "totp")+`', '`+
		or(f.status, "verified")+`', `+null(f.secret)+`, now(), '`+or(f.updated, "2026-01-01")+`', `+null(f.lastUsed)+`)`)
	return id
}

func newUUID() string {
	b := make([]byte, 16)
	rand.Read(b)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	const hex = "0123456789abcdef"
	var text strings.Builder
	for i, c := range b {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			text.WriteByte('-')
		}
		text.WriteByte(hex[c>>4])
		text.WriteByte(hex[c&15])
	}
	return text.String()
}

// carriedSecrets returns the decrypted secrets of "twoFactor" in the target by the name of the user.
func carriedSecrets(t *testing.T, m *importer.Import) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, line := range importtest.Column(t, m.To, `select split_part(u.email, '@', 1) || ' ' || t.secret
from "twoFactor" t join "user" u on u.id = t."userId"`) {
		name, stored, _ := strings.Cut(line, " ")
		secret, err := xenonKeys(t).Decrypt(stored)
		if err != nil {
			t.Errorf("the second factor of %s: %v", name, err)
		}
		all[name] = secret
	}
	return all
}

// flags returns "twoFactorEnabled" of the target by the name of the user.
func flags(t *testing.T, m *importer.Import) map[string]string {
	t.Helper()
	return pairs(t, m.To, `select split_part(email, '@', 1) || ' ' || "twoFactorEnabled" from "user"`)
}

// pairs reads a query whose rows are a name, a blank and a text.
func pairs(t *testing.T, url, query string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, line := range importtest.Column(t, url, query) {
		name, text, _ := strings.Cut(line, " ")
		all[name] = text
	}
	return all
}

// quarantined returns the reasons of the second factors in the quarantine by name of the factor, and those of the users
// whose password is withheld.
func (s *factorSource) quarantined(m *importer.Import) map[string]string {
	s.t.Helper()
	byKey := pairs(s.t, m.To, `select key || ' ' || string_agg(reason, ',' order by reason)
from supabase_import.quarantine where source in ('factor', 'user') and resolved is null group by key`)
	all := map[string]string{}
	for name, id := range s.ids {
		if reason := byKey[id]; reason != "" {
			all[name] = reason
		}
	}
	return all
}
