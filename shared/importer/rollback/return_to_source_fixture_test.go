package rollback_test

import (
	"bytes"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// writeReturnSQL returns the SQL that ReturnToSource writes, and the numbers that it returns.
func writeReturnSQL(t *testing.T, m *importer.Import) (text string, users, unreadablePasswords int) {
	t.Helper()
	var out bytes.Buffer
	users, unreadablePasswords, err := m.ReturnToSource(t.Context(), "supabase", &out)
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), users, unreadablePasswords
}

// runSQL executes several statements and returns the columns of the last row that they return.
func runSQL(t *testing.T, url, text string) []string {
	t.Helper()
	results, err := importtest.Connect(t, url).PgConn().Exec(t.Context(), text).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var last []string
	for _, r := range results {
		for _, row := range r.Rows {
			last = nil
			for _, v := range row {
				last = append(last, string(v))
			}
		}
	}
	return last
}

// insertSourceUsers inserts six users into the source: some confirmed, some without an email or a password.
const insertSourceUsers = `
insert into auth.users (id, email, encrypted_password, email_confirmed_at, created_at, updated_at, aud, is_sso_user,
  is_anonymous) values
  ('10000000-0000-4000-8000-000000000001', 'one@example.com',
  '$2a$04$p0pIMR.1dyz26iNlqIbi.ew5EFAvgtjIiPhdxFrkEcLPpAsTw4DIW', now(), now(), now(), 'authenticated', false, false),
  ('10000000-0000-4000-8000-000000000002', 'Two@Example.com',
  '$2a$04$p0pIMR.1dyz26iNlqIbi.ew5EFAvgtjIiPhdxFrkEcLPpAsTw4DIW', now(), now(), now(), 'authenticated', false, false),
  ('10000000-0000-4000-8000-000000000003', 'three@example.com', null, now(), now(), now(), 'authenticated', false,
  false),
  ('10000000-0000-4000-8000-000000000004', 'four@example.com',
  '$2a$04$p0pIMR.1dyz26iNlqIbi.ew5EFAvgtjIiPhdxFrkEcLPpAsTw4DIW', null, now(), now(), 'authenticated', false, false),
  ('10000000-0000-4000-8000-000000000005', null, '', null, now(), now(), 'authenticated', false, true),
  ('10000000-0000-4000-8000-000000000006', 'six@example.com',
  '$2a$04$p0pIMR.1dyz26iNlqIbi.ew5EFAvgtjIiPhdxFrkEcLPpAsTw4DIW', now(), now(), now(), 'authenticated', false, false);
insert into auth.identities (id, user_id, provider, provider_id, identity_data, created_at, updated_at)
select gen_random_uuid(), id, 'email', id, jsonb_build_object('sub', id, 'email', email, 'email_verified', false),
  now(), now() from auth.users where email is not null;`

// importedProject returns the complete import of a source with the users of insertSourceUsers.
func importedProject(t *testing.T) *importer.Import {
	t.Helper()
	from := supabasetest.New(t)
	importtest.Exec(t, from, insertSourceUsers)
	m := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	return m
}

// selectSourceUsers reads the users of the source, one text each: the last character of the id, the email, the email of
// the identity, whether the identity and the user are confirmed, and the last four characters of the hash.
const selectSourceUsers = `select right(u.id::text, 1) || ' ' || coalesce(u.email, '-') || ' ' ||
	coalesce(i.identity_data->>'email', '-') || ' ' || coalesce(i.identity_data->>'email_verified', '-')
  || case when u.email_confirmed_at is null then '' else ' confirmed'
  end || ' ' || coalesce(right(u.encrypted_password, 4), '-')
from auth.users u left join auth.identities i on i.user_id = u.id order by u.id`

// userIDLiteral returns the id of user number n as an SQL literal.
func userIDLiteral(n string) string { return "'10000000-0000-4000-8000-00000000000" + n + "'" }

// setPasswordSQL returns SQL that changes the password of user number n in the target.
func setPasswordSQL(n, hash string) string {
	return `update account set password = '` + hash +
		`', "updatedAt" = now() where "providerId" = 'credential' and "userId" = ` + userIDLiteral(n) + `;`
}

// insertPasswordSQL returns SQL that inserts the first password of user number n in the target.
func insertPasswordSQL(n, hash string) string {
	return `insert into account ("accountId", "providerId", "userId", password, "updatedAt") values (` +
		userIDLiteral(n) + `, 'credential', ` + userIDLiteral(n) + `, '` + hash + `', now());`
}

// changeEmailSQL returns SQL that changes and verifies the email of user number n in the target.
func changeEmailSQL(n, to string) string {
	return `update "user" set email = '` + to + `', "emailVerified" = true, "updatedAt" = now() where id = ` +
		userIDLiteral(n) + `;`
}

const (
	argon2idHash = `$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQxMjM0NTY3OA$ZkcAbjF/agaQq9td0IORxl9f1a0gAwzjCA0/iy4jNEW`
	scryptHash   = sixteenBytesInHex + ":" +
		sixteenBytesInHex + sixteenBytesInHex + sixteenBytesInHex + sixteenBytesInHex
	sixteenBytesInHex = "00112233445566778899aabbccddeeff"
)
