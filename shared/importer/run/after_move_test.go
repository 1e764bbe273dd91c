package run_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/cipher"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// numberedID is an SQL expression for the id of the user with the number i. The ids have the order of the numbers.
const numberedID = `('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid`

// numberedUsers creates the users 0 to 23: the first 16 have a password, the next four an account at Google, the next
// two only an email, and the last two are anonymous.
const numberedUsers = `
INSERT INTO auth.users (id, email, email_confirmed_at, encrypted_password, is_anonymous, created_at, updated_at)
SELECT ` + numberedID + `, CASE WHEN i < 22 THEN 'user' || i || '@example.com' END, CASE WHEN i < 22 THEN now() END,
  CASE WHEN i < 16 THEN '$2b$05$/bf2ulWF9J.rlw1FwXykg.cQUy2BIEXicmvCjqHyyLU1NJd0LA0zy' END, i > 21, now(), now()
FROM generate_series(0, 23) i;
INSERT INTO auth.identities (id, user_id, provider, provider_id, identity_data, created_at, updated_at)
SELECT gen_random_uuid(), ` + numberedID + `, 'google', 'g' || i, jsonb_build_object('sub', 'g' || i), now(), now()
FROM generate_series(16, 19) i`

// userNumber and sessionNumber return SQL expressions for ids.
func userNumber(n int) string    { return fmt.Sprintf("'00000000-0000-4000-8000-%012d'::uuid", n) }
func sessionNumber(n int) string { return fmt.Sprintf("md5('session' || %d)::uuid", n) }

// newImportIntoSchema returns an import of a source into the tables of a schema of a new database.
func newImportIntoSchema(t *testing.T, from, schema string) *importer.Import {
	t.Helper()
	m := &importer.Import{From: from, To: dbtest.NewEmpty(t), Schema: schema, Holder: "test", Now: time.Now}
	if _, err := migrations.UpIn(t.Context(), m.To, schema); err != nil {
		t.Fatal(err)
	}
	m.Secret = func(context.Context) (cipher.Keys, error) { return cipher.ParseKeys("", secretOfServer) }
	return m
}

func readAfterMove(t *testing.T, m *importer.Import) *run.AfterMove {
	t.Helper()
	r, err := run.ReadRecord(t.Context(), m.Env(), "supabase")
	if err != nil {
		t.Fatal(err)
	}
	return r.AfterMove
}

// The tables are in a schema of their own, and "public" has none of them.
func TestAfterMoveCountsUsersWhoStillHaveToSignIn(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.CreateSessionTables(t, from)
	importtest.Exec(t, from, numberedUsers)
	supabasetest.FillSessions(t, from, 16) // the session n is of the user n
	m := newImportIntoSchema(t, from, "xenon")
	importtest.RunToCompletion(t, m, importer.Options{MFA: "allow", Sessions: true})
	want := &run.AfterMove{
		Users: run.UsersAfterMove{Total: 24, ToSignIn: 24, Password: 16, Provider: 4, Mail: 2, Nothing: 2, WithSession: 10},
		// The sessions 0, 1, 3, 4 and 7, and those with eight more.
		Sessions: &run.SessionsAfterMove{Imported: 10, Unused: 10},
	}
	if diff := cmp.Diff(want, readAfterMove(t, m)); diff != "" {
		t.Errorf("after the import (-want +got):\n%s", diff)
	}
	signIn := func(user int, at string) string {
		return `INSERT INTO xenon.session (token, "userId", "createdAt", "updatedAt", "expiresAt")
			SELECT gen_random_uuid(), ` + userNumber(user) + `, ` + at + `, now(), now() + interval '1 day';`
	}
	change := func(session int, column, value string) string {
		return fmt.Sprintf(`UPDATE xenon."supabaseSession" SET %q = %s WHERE id = %s;`, column, value, sessionNumber(session))
	}
	importtest.Exec(t, m.To, change(0, "usedAt", "now()")+change(1, "usedAt", "now()")+signIn(1, "now()")+
		change(3, "revokedAt", "now()")+change(4, "expiresAt", "now() - interval '1 hour'")+
		`DELETE FROM xenon."supabaseSession" WHERE id = `+sessionNumber(8)+";"+
		signIn(9, "now()")+signIn(20, "now()")+signIn(21, "now() - interval '1 day'"))
	want = &run.AfterMove{
		Users: run.UsersAfterMove{
			Total: 24, SignedIn: 4, ToSignIn: 20, Password: 13, Provider: 4, Mail: 1, Nothing: 2, WithSession: 4,
		},
		Sessions: &run.SessionsAfterMove{Imported: 10, Used: 2, Revoked: 1, Over: 1, Unused: 5, Deleted: 1},
	}
	if diff := cmp.Diff(want, readAfterMove(t, m)); diff != "" {
		t.Errorf("after sign-ins, a revocation and a deletion (-want +got):\n%s", diff)
	}
	// Another pass does not change what has happened in the target.
	importtest.RunToCompletion(t, m, importer.Options{MFA: "allow", Sessions: true})
	want.Sessions.Unused, want.Sessions.Over, want.Sessions.Deleted = 7, 0, 0 // it restores unused sessions
	want.Users.WithSession = 6
	if diff := cmp.Diff(want, readAfterMove(t, m)); diff != "" {
		t.Errorf("after another pass (-want +got):\n%s", diff)
	}
}

func TestAfterMoveCountsTOTPFactorsByReason(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	importtest.Exec(t, from, numberedUsers+`;
INSERT INTO auth.mfa_factors (id, user_id, factor_type, status, secret, created_at, updated_at)
SELECT gen_random_uuid(), `+numberedID+`, kind::auth.factor_type, status::auth.factor_status, secret, now(), now()
FROM (VALUES (0, 'totp', 'verified', 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'),
  (0, 'totp', 'verified', 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'), (1, 'phone', 'verified', NULL),
  (2, 'totp', 'unverified', 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'), (3, 'totp', 'verified', '018')
) f (i, kind, status, secret)`)
	m := newImportIntoSchema(t, from, "public")
	importtest.RunToCompletion(t, m, importer.Options{MFA: "carry"})
	want := &run.FactorsAfterMove{Carried: 1, Quarantined: map[string]int64{
		"mfa_extra_factor": 1, "mfa_unverified": 1, "mfa_secret_invalid": 1,
	}}
	got := readAfterMove(t, m)
	if diff := cmp.Diff(want, got.Factors); diff != "" {
		t.Errorf("TOTP factors (-want +got):\n%s", diff)
	}
	if got.Sessions != nil {
		t.Errorf("sessions of a run without --sessions: got %+v, want nil", got.Sessions)
	}
	if want := (run.UsersAfterMove{
		Total: 24, ToSignIn: 24, Password: 14, Provider: 4, Mail: 4, Nothing: 2,
	}); got.Users != want {
		t.Errorf("users: got %+v, want %+v: the passwords of two users are withheld", got.Users, want)
	}
}

// A rollback removes the users, so there is nothing to say about them.
func TestAfterMoveIsMissingAfterARollback(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	importtest.Exec(t, from, numberedUsers)
	m := newImportIntoSchema(t, from, "public")
	importtest.RunToCompletion(t, m, importer.Options{MFA: "allow"})
	importtest.RollBack(t, m, false)
	if got := readAfterMove(t, m); got != nil {
		t.Errorf("after a rollback: got %+v, want nil", got)
	}
}
