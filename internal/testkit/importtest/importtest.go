// Package importtest runs imports in tests and reads their results.
package importtest

import (
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// NewImport returns an import from a source to a new target database.
func NewImport(t *testing.T, from string) *importer.Import {
	t.Helper()
	return &importer.Import{From: from, To: dbtest.New(t), Holder: "test", Now: time.Now}
}

// BatchesOf100 and BatchesOf40 are options with small batches, for sources with few users. With either of them, the
// import also copies the passwords of users with a second factor.
var (
	BatchesOf100 = importer.Options{BatchSize: 100, MFA: "allow"}
	BatchesOf40  = importer.Options{BatchSize: 40, MFA: "allow"}
)

// SortedUsers returns the sorted ids of users of the source with a confirmed email that no other user has. Deleted
// users and users of single sign-on are not among them.
func SortedUsers(t *testing.T, from string) []string {
	t.Helper()
	return Column(
		t,
		from,
		`select u.id::text from auth.users u where u.deleted_at is null and not u.is_sso_user
			and u.email_confirmed_at is not null and u.email ~ '^[a-z0-9.]+@example'
  and not exists (select from auth.users o where lower(o.email) = lower(u.email) and o.id <> u.id) order by u.id`,
	)
}

// TargetWithConflicts creates a target with three users who have values of users of the source: the first an id, the
// second an email and a GitHub account, the third, whose email is not verified, another email. A trigger rejects one
// profile of the source.
func TargetWithConflicts(t *testing.T, from string) string {
	t.Helper()
	to := dbtest.New(t)
	ids := SortedUsers(t, from)
	id, owner := ids[0], ids[len(ids)-1]
	email := Value(t, from, `select email from auth.users where id = $1::uuid`, owner)
	unverified := Value(t, from, `select email from auth.users where id = $1::uuid`, ids[len(ids)/2])
	subject := Value(
		t,
		from,
		`select min(provider_id) from auth.identities where provider = 'github' and user_id = any($1::uuid[])`,
		ids[1:],
	)
	profile := Value(t, from, `select min(user_id::text) from public.profiles where user_id = any($1::uuid[])`, ids[1:])
	Exec(t, to, `
insert into "user" (id, name, email, "emailVerified") values ('`+id+`', 'Another User', 'another@user.example', true),
  ('00000000-0000-4000-8000-000000000001', 'Holds the Email', '`+email+`', true),
  ('00000000-0000-4000-8000-000000000003', 'Signed Up First', '`+unverified+`', false);
insert into account (id, "accountId", "providerId", "userId", password, "updatedAt") values
  ('00000000-0000-4000-8000-000000000004', '00000000-0000-4000-8000-000000000003', 'credential',
   '00000000-0000-4000-8000-000000000003', 'a hash', now());
insert into account (id, "accountId", "providerId", "userId", "updatedAt") values
  ('00000000-0000-4000-8000-000000000002', '`+subject+`', 'github', '00000000-0000-4000-8000-000000000001', now());
update "user" set "createdAt" = 'epoch', "updatedAt" = 'epoch';
update account set "createdAt" = 'epoch', "updatedAt" = 'epoch';
create function refuse() returns trigger language plpgsql as $$ begin raise exception 'rejected by the test'; end $$;
create trigger refuse before insert on user_profile for each row when (new.user_id = '`+profile+
		`') execute function refuse();`)
	return to
}

// ReadGrants are the statements for Role that let a role read the source.
const ReadGrants = "grant usage on schema auth, public to %[1]s; grant select on all tables in schema auth, public " +
	"to %[1]s; alter role %[1]s bypassrls;"

// HasOneProvider is an SQL condition on users u of the source: the user has an email, no password, one identity at
// Google or GitHub, and a profile.
const HasOneProvider = `u.deleted_at is null and not u.is_sso_user and u.email like '%@%'
  and u.encrypted_password is null
  and (select count(*) from auth.identities i where i.user_id = u.id and i.provider in ('google', 'github')) = 1
  and exists (select from public.profiles p where p.user_id = u.id)`

// Verify verifies the import with two workers.
func Verify(t *testing.T, m *importer.Import) importer.VerifyResult {
	t.Helper()
	v, err := m.Verify(t.Context(), "supabase", 2)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// CheckEqual verifies the import. It fails the test unless source and target are equal and all checks of counts hold.
// when describes the state of the test for the failure text.
func CheckEqual(t *testing.T, m *importer.Import, when string) {
	t.Helper()
	v := Verify(t, m)
	for _, e := range v.Equations {
		if !e.Holds {
			t.Errorf("%s: the check of counts %q: got %d and %d, want the same", when, e.Text, e.Left, e.Right)
		}
	}
	if !v.Equal || v.Different != 0 || len(v.Differences) != 0 {
		t.Errorf("%s: rows that differ between source and target: got %d, want none: %+v",
			when, v.Different, v.Differences[:min(10, len(v.Differences))])
	}
}

// ImportBetween returns an import from one database to another.
func ImportBetween(from, to string) *importer.Import {
	return &importer.Import{From: from, To: to, Holder: "test", Now: time.Now}
}
