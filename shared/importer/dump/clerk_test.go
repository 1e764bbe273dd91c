package dump

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// Hashes of passwords as Clerk exports them. They are from shared/password/testdata.
const (
	bcryptHash = "$2b$05$/bf2ulWF9J.rlw1FwXykg.cQUy2BIEXicmvCjqHyyLU1NJd0LA0zy" // beta-Pass-2
	// scryptFirebase has the segments that Clerk documents: hash, salt, signer key, separator, rounds, memory cost.
	scryptFirebase = "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==$" +
		"42xEC+ixf3L2lw==$jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==$" +
		"Bw==$8$14" // user1password
)

const clerkHeader = "id,first_name,last_name,username,primary_email_address,primary_phone_number," +
	"verified_email_addresses,unverified_email_addresses,verified_phone_numbers,unverified_phone_numbers,totp_secret," +
	"password_digest,password_hasher\n"

// clerkRows are the kinds of users that the CSV file of Clerk's dashboard can have.
var clerkRows = strings.Join([]string{
	"user_2gRua7G8WRYBglzXE5sxRbIRkfJ,Ada,Lovelace,ada,ada@example.com,,ada@example.com,,,,," + bcryptHash + ",bcrypt",
	`user_2,"Grace ""Amazing""` + "\n" + `Brewster",Hopper,,Grace@Example.com,,"grace@example.com,old@example.com",` +
		"new@example.com,,,,,",
	"user_3,,,fire,fire@example.com,,fire@example.com,,,,," + scryptFirebase + ",scrypt_firebase",
	"user_4,,,,md5@example.com,,md5@example.com,,,,,5f4dcc3b5aa765d61d8327deb882cf99,md5",
	"user_5,,,,pepper@example.com,,pepper@example.com,,,,," + bcryptHash + ",bcrypt_peppered",
	"user_6,,,,unverified@example.com,,,unverified@example.com,,,," + bcryptHash + ",bcrypt",
	"user_7,,,,,+4915112345678,,,+4915112345678,,,,",
	"user_8,,,name-only,,,,,,,,,",
	"user_9,,,,totp@example.com,,totp@example.com,,,,JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP," + bcryptHash + ",bcrypt",
	"user_10,,,,ADA@example.com,,ADA@example.com,,,,," + bcryptHash + ",bcrypt", "",
}, "\n")

func TestImportFromClerkCSV(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"as the dashboard writes it": clerkHeader + clerkRows,
		"with CRLF and BOM":          "\ufeff" + withCRLF(clerkHeader+clerkRows),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := importExport(t, writeFile(t, "users.csv", []byte(content)), Options{}, importer.Options{MFA: "hold"})
			checkClerkCSV(t, m)
		})
	}
}

func checkClerkCSV(t *testing.T, m *importer.Import) {
	t.Helper()
	if want := "Clerk's export, CSV"; m.File.Format != want || m.File.Service != "Clerk" {
		t.Errorf("the file: got the format %q of %q, want %q of Clerk", m.File.Format, m.File.Service, want)
	}
	wantRows := map[string]int64{usersTable: 10, "auth.identities": 0, "auth.mfa_factors": 1}
	if diff := cmp.Diff(wantRows, m.File.Rows); diff != "" {
		t.Errorf("rows in the file (-want +got):\n%s", diff)
	}
	checkColumn(t, m, `select concat_ws('|', regexp_replace(email, '^.{8}-.{27}', 'ID'), "emailVerified", name)
		from "user" order by 1`,
		"ID@email-conflict.supabase-migration.invalid|f|ADA",
		"ID@no-email.supabase-migration.invalid|f|name-only",
		"ID@phone-only.supabase-migration.invalid|f|+4915112345678",
		"ada@example.com|t|Ada Lovelace",
		"fire@example.com|t|fire",
		"grace@example.com|t|Grace \"Amazing\"\nBrewster Hopper",
		"md5@example.com|t|md5",
		"pepper@example.com|t|pepper",
		"totp@example.com|t|totp",
		"unverified@example.com|f|unverified",
	)
	checkPasswords(t, m, map[string]string{
		"ada@example.com": "beta-Pass-2", "fire@example.com": "user1password", "grace@example.com": "",
		"md5@example.com": "", "pepper@example.com": "", "unverified@example.com": "", "totp@example.com": "",
	})
	checkColumn(t, m, exportQuarantineQuery, "factor mfa_not_portable 1", "user email email_conflict 1",
		"user encrypted_password hash_unknown 2", "user encrypted_password mfa_held 1",
		"user encrypted_password unconfirmed_held 1")
	checkColumn(t, m, `select original->>'secret' from supabase_import.quarantine where source = 'factor'`,
		"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
	checkColumn(t, m, `select to_char("createdAt" at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') from "user"
		where email = 'ada@example.com'`, "2024-05-14 07:46:11")
	// What has no column is in the ledger.
	checkColumn(t, m, `select residue::jsonb->'other_members'->>'unverified_email_addresses' from supabase_import.ledger
		where residue::jsonb ? 'other_members' and residue like '%new@example.com%'`, "new@example.com")
	checkColumn(t, m, `select residue::jsonb->'raw_app_meta_data'->>'clerk_id' from supabase_import.ledger l
		join "user" u on u.id = l.user_id where u.email = 'ada@example.com' and l.source = 'user'`,
		"user_2gRua7G8WRYBglzXE5sxRbIRkfJ")
	checkWarnings(t, m, "users with several emails: 1.", "users with a username, and without an email",
		`passwords with the hasher "md5": 1.`, `passwords with the hasher "bcrypt_peppered": 1.`,
		"values that Xenon has no column for, with the number of users: unverified_email_addresses (1), "+
			"verified_email_addresses (1).")
	if m.File.ResetMails != 3 { // grace, md5, pepper
		t.Errorf("mails: got %d, want 3", m.File.ResetMails)
	}
}

// clerkAPI is a user as Clerk's Backend API returns it, and one as `clerk migrate export clerk` writes it.
const clerkAPI = `[{
  "id": "user_2gRua7G8WRYBglzXE5sxRbIRkfJ", "object": "user", "username": null, "first_name": "Ada", "last_name": "L",
  "image_url": "https://img.example.com/ada", "has_image": true, "primary_email_address_id": "idn_2",
  "email_addresses": [
    {"id": "idn_1", "email_address": "other@example.com", "verification": {"status": "unverified"}},
    {"id": "idn_2", "email_address": "ada@example.com", "verification": {"status": "verified"}}],
  "phone_numbers": [{"id": "idn_3", "phone_number": "+4915112345678", "reserved_for_second_factor": true,
    "verification": {"status": "verified"}}], "primary_phone_number_id": "idn_3",
  "external_accounts": [
    {"object": "google_account", "provider": "oauth_google", "google_id": "g-1",
      "verification": {"status": "verified"}},
    {"object": "external_account", "provider": "oauth_github", "provider_user_id": "gh-1",
      "verification": {"status": "unverified"}},
    {"object": "external_account", "provider": "oauth_custom_acme", "provider_user_id": "acme-1"}],
  "saml_accounts": [{"provider": "saml_okta", "provider_user_id": "okta-1", "verification": {"status": "verified"}}],
  "web3_wallets": [{"web3_wallet": "0x1", "verification": {"status": "verified"}}],
  "password_enabled": true, "totp_enabled": true, "two_factor_enabled": true, "banned": true, "locked": false,
  "public_metadata": {"plan": "pro"}, "private_metadata": {"stripe": "cus_1"}, "unsafe_metadata": {"theme": "dark"},
  "external_id": "42", "created_at": 1700000000123, "updated_at": 1700000001000, "last_sign_in_at": 1700000002000
}, {
  "id": "user_2", "primary_email_address": "grace@example.com", "banned": false,
  "created_at": "2024-01-02T03:04:05.000Z"
}]`

func TestImportFromClerkAPIHasAccountsAndBans(t *testing.T) {
	t.Parallel()
	m := importExport(t, writeFile(t, "users.json", []byte(clerkAPI)), Options{},
		importer.Options{MFA: "hold", Providers: map[string]string{"custom:acme": "acme"}})
	checkColumn(t, m, exportUsersQuery,
		`(ada@example.com,t,"Ada L",https://img.example.com/ada,t,2023-11-14T22:13:20)`,
		`(grace@example.com,t,grace,,f,2024-01-02T03:04:05)`)
	checkColumn(t, m, exportAccountsQuery, "(ada@example.com,acme,acme-1)", "(ada@example.com,google,g-1)")
	checkColumn(t, m, exportQuarantineQuery, "factor mfa_not_portable 2", "identity sso_identity 1",
		"identity web3_identity 1")
	checkColumn(t, m, `select jsonb_pretty(residue::jsonb->'other_members'->'private_metadata') from supabase_import.ledger
		where residue like '%cus_1%' and residue like '%gh-1%' and residue like '%other@example.com%'`,
		"{\n    \"stripe\": \"cus_1\"\n}")
	checkColumn(t, m, `select jsonb_path_query(residue::jsonb, '$.raw_app_meta_data.keyvalue().key') #>> '{}'
		from supabase_import.ledger where source = 'user' and residue like '%cus_1%' order by 1`,
		"clerk_id", "external_id", "public_metadata")
	checkWarnings(t, m, "users with several emails: 1.", "users with a password that the file does not have: 1.",
		"values that Xenon has no column for, with the number of users: email_addresses (1), external_accounts (1), "+
			"private_metadata (1).")
}

// An email that only looks verified does not get the password: the file must say that Clerk has verified it.
func TestClerkEmailIsVerifiedOnlyIfTheFileSaysSo(t *testing.T) {
	t.Parallel()
	const (
		user = `[{"id": "user_1", "primary_email_address": "A@example.com", `
		csv  = "id,primary_email_address,verified_email_addresses\nuser_1,"
	)
	for content, want := range map[string]bool{
		user + `"verified_email_addresses": ["a@example.com"]}]`:                                        true,
		user + `"verified_email_addresses": ["b@example.com"]}]`:                                        true,
		user + `"unverified_email_addresses": ["a@example.com"]}]`:                                      false,
		`[{"id": "user_1", "email_addresses": "a@example.com|b@example.com", "password_hasher": null}]`: false,
		csv + "a@example.com,a@example.com\n":                                                           true,
		csv + "a@example.com,b@example.com\n":                                                           false,
		csv + ",a@example.com\n":                                                                        true,
		"id,primary_email_address\nuser_1,a@example.com\n":                                              false,
	} {
		m, err := loadWithOptions(t, writeFile(t, "users", []byte(content)), Options{})
		if err != nil {
			t.Errorf("%s: %v", content, err)
			continue
		}
		got := importtest.Column(t, m.From,
			`select row(lower(email), email_confirmed_at is not null)::text from auth.users`)
		if w := map[bool]string{true: "(a@example.com,t)", false: "(a@example.com,f)"}[want]; strings.Join(got, "") != w {
			t.Errorf("%s: got %q, want %q", content, got, w)
		}
	}
}
