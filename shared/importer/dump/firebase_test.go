package dump

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// hashConfigText is what Firebase's console shows, with the parameters of the example in Firebase's repository
// "scrypt".
const hashConfigText = `hash_config {
  algorithm: SCRYPT,
  base64_signer_key: jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==,
  base64_salt_separator: Bw==,
  rounds: 8,
  mem_cost: 14,
}
`

// firebaseHash and firebaseSalt are those of the same example, of the password user1password.
const (
	firebaseHash = "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="
	firebaseSalt = "42xEC+ixf3L2lw=="
)

func errorsIsRefusal(err error) bool { return errors.Is(err, importer.ErrRefused) }

// firebaseUsers are the kinds of users that auth:export writes, in JSON and in CSV.
func firebaseUsers() []map[string]any {
	account := func(provider, id string) []any {
		return []any{map[string]any{"providerId": provider, "rawId": id, "email": "x@example.com", "displayName": "X, Y"}}
	}
	return []map[string]any{
		{
			"localId": "kq2fJd0vVZQ1aN8m3hLtYx5oRbC2", "email": "password@example.com", "emailVerified": true,
			"passwordHash": firebaseHash, "salt": firebaseSalt, "displayName": `Pass "Word" Jr, III`,
			"photoUrl": "https://img.example.com/p", "createdAt": "1700000000123", "lastSignedInAt": "1700000002000",
			"customAttributes": `{"admin":true,"text":"a\"b"}`,
		},
		{
			"localId": "google", "email": "google@example.com", "emailVerified": true, "displayName": `Go "O" Gle`,
			"createdAt": "1700000000000", "providerUserInfo": account("google.com", "g-1"),
		},
		{"localId": "x", "createdAt": "1700000000000", "providerUserInfo": account("twitter.com", "x-1")},
		{"localId": "phone", "phoneNumber": "+4915112345678", "createdAt": "1700000000000"},
		{"localId": "anonymous", "createdAt": "1700000000000"},
		{
			"localId": "disabled", "email": "disabled@example.com", "emailVerified": true, "disabled": true,
			"passwordHash": firebaseHash, "salt": firebaseSalt, "createdAt": "1700000000000",
		},
		{
			"localId": "unverified", "email": "unverified@example.com", "emailVerified": false,
			"passwordHash": firebaseHash, "salt": firebaseSalt, "createdAt": "1700000000000",
		},
		{
			"localId": "other-hash", "email": "other@example.com", "emailVerified": true,
			"passwordHash": "AAAA", "salt": firebaseSalt, "createdAt": "1700000000000",
		},
		{"localId": "link", "email": "link@example.com", "emailVerified": true, "createdAt": "1700000000000"},
		{"localId": "twin", "email": "LINK@example.com", "emailVerified": true, "createdAt": "1700000001000"},
	}
}

// firebaseJSON returns the users as auth:export writes them.
func firebaseJSON(t *testing.T, users []map[string]any) string {
	t.Helper()
	text, err := json.MarshalIndent(users, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return `{"users": ` + string(text) + "}"
}

// firebaseCSV returns the users as auth:export writes them: a name with a comma gets quotes around it, its own quotes
// stay as they are, and only the quotes of custom claims are doubled, unless a backslash precedes them.
func firebaseCSV(t *testing.T, users []map[string]any) string {
	t.Helper()
	text := func(v any) string {
		if v == nil {
			return ""
		}
		if s := fmt.Sprint(v); !strings.Contains(s, ",") {
			return s
		}
		return `"` + fmt.Sprint(v) + `"`
	}
	var out strings.Builder
	for _, u := range users {
		record := make([]string, len(firebaseColumns))
		for i, name := range firebaseColumns {
			record[i] = text(u[name])
		}
		if u["emailVerified"] == nil {
			record[2] = "false"
		}
		if claims, ok := u["customAttributes"].(string); ok {
			doubled := strings.ReplaceAll(strings.ReplaceAll(claims, `"`, `""`), `\""`, `\"`)
			record[len(record)-1] = `"` + doubled + `"`
		}
		accounts, _ := u["providerUserInfo"].([]any)
		for _, a := range accounts {
			account, _ := a.(map[string]any)
			at := slices.Index(firebaseColumns, fmt.Sprint(account["providerId"]))
			for i, name := range []string{"rawId", "email", "displayName", "photoUrl"} {
				record[at+i] = text(account[name])
			}
		}
		out.WriteString(strings.Join(record, ",") + ",\n")
	}
	return out.String()
}

func TestImportFromFirebase(t *testing.T) {
	t.Parallel()
	config := writeFile(t, "hash_config.txt", []byte(hashConfigText))
	users := firebaseUsers()
	for name, content := range map[string]string{
		"JSON":          firebaseJSON(t, users),
		"CSV":           firebaseCSV(t, users),
		"CSV with CRLF": strings.ReplaceAll(firebaseCSV(t, users), "\n", "\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := importExport(t, writeFile(t, "users", []byte(content)), Options{FirebaseHashConfig: config},
				importer.Options{MFA: "allow"})
			if want := "Firebase's auth:export, " + name[:3]; !strings.HasPrefix(m.File.Format, want) {
				t.Errorf("the format: got %q, want %q", m.File.Format, want)
			}
			checkFirebase(t, m)
		})
	}
}

func checkFirebase(t *testing.T, m *importer.Import) {
	t.Helper()
	if diff := cmp.Diff(map[string]int64{usersTable: 10, "auth.identities": 2}, m.File.Rows); diff != "" {
		t.Errorf("rows in the file (-want +got):\n%s", diff)
	}
	checkColumn(t, m, `select concat_ws('|', regexp_replace(email, '^.{8}-.{27}', 'ID'), "emailVerified", name, image,
		banned) from "user" order by 1`,
		"ID@anonymous.supabase-migration.invalid|f|Anonymous|f",
		"ID@email-conflict.supabase-migration.invalid|f|LINK|f",
		"ID@no-email.supabase-migration.invalid|f|Unknown|f",
		"ID@phone-only.supabase-migration.invalid|f|+4915112345678|f",
		"disabled@example.com|t|disabled|t",
		`google@example.com|t|Go "O" Gle|f`,
		"link@example.com|t|link|f",
		"other@example.com|t|other|f",
		`password@example.com|t|Pass "Word" Jr, III|https://img.example.com/p|f`,
		"unverified@example.com|f|unverified|f",
	)
	checkColumn(t, m, `select regexp_replace(row(u.email, a."providerId", a."accountId")::text, '[0-9a-f]{8}-.{27}', 'ID')
		from account a join "user" u on u.id = a."userId" where a."providerId" <> 'credential' order by 1`,
		"(ID@no-email.supabase-migration.invalid,twitter,x-1)", "(google@example.com,google,g-1)")
	checkPasswords(t, m, map[string]string{
		"password@example.com": "user1password", "disabled@example.com": "user1password", "unverified@example.com": "",
		"other@example.com": "", "link@example.com": "",
	})
	checkColumn(t, m, exportQuarantineQuery, "user email email_conflict 1", "user encrypted_password hash_unknown 1",
		"user encrypted_password unconfirmed_held 1")
	checkColumn(t, m, `select id::text from "user" where email = 'password@example.com'`,
		"a12a9bc8-bda1-5e3f-9d25-510991a94c97")
	checkColumn(t, m, `select concat_ws(' ', to_char("createdAt" at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS'),
		residue::jsonb->'raw_app_meta_data')
		from "user" u join supabase_import.ledger l on l.user_id = u.id and l.source = 'user'
		where email = 'password@example.com'`,
		`2023-11-14 22:13:20.123 {"firebase_uid": "kq2fJd0vVZQ1aN8m3hLtYx5oRbC2", `+
			`"custom_claims": {"text": "a\"b", "admin": true}}`)
	checkWarnings(t, m, "the file does not say who has a second factor in Firebase",
		"passwords whose hash does not fit the parameters of --firebase-hash-config: 1.",
		"users with an email, and without a password hash and an account of a provider: 2.",
		"users without an email, a telephone number and an account of a provider: 1.")
	if m.File.ResetMails != 3 {
		t.Errorf("mails: got %d, want 3", m.File.ResetMails)
	}
}

// Identity Platform's API returns more than auth:export writes: all providers, and second factors.
const identityPlatform = `{"users": [
  {"localId": "a", "email": "a@example.com", "emailVerified": true, "createdAt": "1700000000000", "tenantId": "t-1",
   "providerUserInfo": [
     {"providerId": "apple.com", "rawId": "apple-1"}, {"providerId": "password", "rawId": "a@example.com"},
     {"providerId": "microsoft.com", "rawId": "ms-1"}, {"providerId": "saml.okta", "rawId": "okta-1"},
     {"providerId": "oidc.acme", "rawId": "acme-1"}, {"providerId": "google.com"}],
   "mfaInfo": [{"mfaEnrollmentId": "1", "totpInfo": {}, "displayName": "Phone"},
     {"mfaEnrollmentId": "2", "phoneInfo": "+4915112345678"}]}]}`

func TestProvidersAndSecondFactorsOfFirebaseAreImportedOrNamed(t *testing.T) {
	t.Parallel()
	m := importExport(t, writeFile(t, "users.json", []byte(identityPlatform)), Options{},
		importer.Options{MFA: "hold", Providers: map[string]string{"oidc.acme": "acme"}})
	checkColumn(t, m, exportAccountsQuery, "(a@example.com,acme,acme-1)", "(a@example.com,apple,apple-1)")
	checkColumn(t, m, exportQuarantineQuery, "factor mfa_not_portable 2", "identity provider_unmapped 1",
		"identity sso_identity 1")
	checkWarnings(t, m,
		"values that Xenon has no column for, with the number of users: providerUserInfo (1), tenantId (1).")
	const folded = `select count(*)::text from supabase_import.ledger where outcome = 'folded'`
	if n := importtest.Value(t, m.To, folded); n != "1" {
		t.Errorf("folded identities: got %s, want 1 (password)", n)
	}
}

func TestFirebaseUsersAreImportedWithoutPasswordsOnlyIfTheOperatorSaysSo(t *testing.T) {
	t.Parallel()
	path := writeFile(t, "users.json", []byte(firebaseJSON(t, firebaseUsers()[:1])))
	m := importExport(t, path, Options{FirebaseHashConfig: NoHashConfig}, importer.Options{MFA: "allow"})
	checkPasswords(t, m, map[string]string{"password@example.com": ""})
	checkWarnings(t, m, "the file does not say who has a second factor in Firebase",
		"passwords that are not imported, because you chose --firebase-hash-config none: 1.")
	if m.File.ResetMails != 1 {
		t.Errorf("mails: got %d, want 1", m.File.ResetMails)
	}
}

func TestHashParametersAreReadFromTheConsolesTextAndFromJSON(t *testing.T) {
	t.Parallel()
	want, err := readHashConfig(writeFile(t, "hash_config.txt", []byte(hashConfigText)))
	if err != nil || want.rounds != 8 || want.memoryCost != 14 || want.signerKeyBytes != 64 {
		t.Fatalf("the console's text: got %d rounds, memory cost %d, a key of %d bytes and %v, want 8, 14, 64 and nil",
			want.rounds, want.memoryCost, want.signerKeyBytes, err)
	}
	got, err := readHashConfig(writeFile(t, "c.json", []byte(`{"algorithm": "SCRYPT", "base64_signer_key":
		"jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA",
		"base64_salt_separator": "Bw", "rounds": 8, "mem_cost": 14}`)))
	if err != nil || got != want {
		t.Errorf("JSON without padding: got other parameters and %v, want those of the console and nil", err)
	}
	for name, c := range map[string]struct{ old, new, want string }{
		"another algorithm":      {"SCRYPT", "BCRYPT", "the algorithm BCRYPT"},
		"no signer key":          {"base64_signer_key", "key", "base64_signer_key is missing"},
		"no rounds":              {"rounds: 8", "", "rounds is not a number"},
		"too much memory":        {"14", "15", "mem_cost is not a number from 1 to 14"},
		"a placeholder as a key": {"jxspr8Ki0", "<...sensitive...>", "base64_signer_key is missing"},
	} {
		_, err := readHashConfig(writeFile(t, "c.txt", []byte(strings.Replace(hashConfigText, c.old, c.new, 1))))
		if !errorsIsRefusal(err) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "jxspr") {
			t.Errorf("%s: got the error %v, want a refusal with %q and without the key", name, err, c.want)
		}
	}
	if _, err := readHashConfig(t.TempDir() + "/missing"); !errorsIsRefusal(err) {
		t.Errorf("a missing file: got the error %v, want a refusal", err)
	}
}
