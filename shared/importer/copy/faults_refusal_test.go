package copy_test

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// The target rejects rows of one user. A later pass imports them when the target accepts them.
func TestRunQuarantinesOnlyTheRowsThatTheTargetRejects(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 60, 300)
	user := importtest.Value(
		t,
		from,
		`select u.id::text from auth.users u where `+importtest.HasOneProvider+` order by u.id limit 1`,
	)
	identity := importtest.Value(
		t,
		from,
		`select id::text from auth.identities where provider in ('google', 'github') and user_id = $1::uuid`,
		user,
	)
	importtest.Exec(
		t,
		from,
		`insert into auth.identities (id, user_id, provider, provider_id, identity_data, created_at, updated_at)
values ('60000000-0000-4000-8000-000000000000', '`+user+`', 'gitlab', 'a second one', '{}', now(), now())`,
	)
	for name, c := range map[string]struct {
		refuse, allow string   // SQL after which the target rejects the rows, and accepts them again
		state         string   // the SQLSTATE of the rejection
		rejections    []string // kinds of the rejected rows
		wantCounts    string   // numbers of the user's rows in "user", account and user_profile
	}{
		"profile": {
			`alter table user_profile add constraint no check (user_id <> '` + user + `')`,
			`alter table user_profile drop constraint no`,
			"23514",
			[]string{"profile"},
			"1 2 0",
		},
		"identity": {
			`alter table account add constraint no check (id <> '` + identity + `')`, `alter table account drop constraint no`,
			"23514",
			[]string{"identity"},
			"1 1 1",
		},
		"both identities": {
			`alter table account add constraint no check ("userId" <> '` + user + `')`, `alter table account drop constraint no`,
			"23514",
			[]string{"identity", "identity"},
			"1 0 1",
		},
		"user": {
			`create function no() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
create trigger no before insert on "user" for each row when (new.id = '` + user + `') execute function no()`,
			`drop trigger no on "user"`,
			"P0001",
			[]string{"user"},
			"0 0 0",
		},
		"user too long": {
			`alter table "user" add column name_length varchar(4) generated always as (case when id = '` + user +
				`' then 'too long' else '' end) stored`,
			`alter table "user" drop column name_length`,
			"22001",
			[]string{"user"},
			"0 0 0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := importtest.NewImport(t, from)
			importtest.Exec(t, m.To, c.refuse)
			importtest.RunToCompletion(t, m, importtest.BatchesOf40)
			got := importtest.Column(
				t,
				m.To,
				`select source::text || ' ' || detail from supabase_import.ruling where reason = 'target_error' order by 1`,
			)
			var want []string
			for _, source := range c.rejections {
				want = append(want, source+" SQLSTATE "+c.state)
			}
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("kinds and SQLSTATEs of the rejections (-got +want):\n%s", diff)
			}
			if got := importtest.Value(
				t,
				m.To,
				`select (select count(*) from "user" where id = $1::uuid) || ' ' || (select count(*) from account
					where "userId" = $1::uuid) || ' ' ||
  (select count(*) from user_profile where user_id = $1::uuid)`,
				user,
			); got != c.wantCounts {
				t.Errorf("numbers of rows of the user in \"user\", account and user_profile: got %s, want %s", got, c.wantCounts)
			}
			others := `select count(*)::text from supabase_import.ledger where outcome = 'copied' and user_id <> $1::uuid`
			fresh := importtest.NewImport(t, from)
			importtest.RunToCompletion(t, fresh, importtest.BatchesOf40)
			if got, want := importtest.Value(t, m.To, others, user), importtest.Value(t, fresh.To, others, user); got != want {
				t.Errorf("%s rows of other users were copied, want %s as in an import without rejections", got, want)
			}
			importtest.Exec(t, m.To, c.allow)
			if strings.HasPrefix(name, "user too") {
				return // dropping the column changed the columns of the target: a pass is refused
			}
			importtest.RunToCompletion(t, m, importtest.BatchesOf40)
			if diff := importtest.Diff(
				importtest.Contents(t, m.To, importtest.QueriesOfImportedTables),
				importtest.Contents(t, fresh.To, importtest.QueriesOfImportedTables),
			); diff != "" {
				t.Errorf("the target accepts all rows now, but it differs from that of an import without rejections:%s", diff)
			}
			if n := importtest.Value(
				t,
				m.To,
				`select count(*)::text from supabase_import.quarantine where reason in ('target_error') and resolved is null`,
			); n != "0" {
				t.Errorf("%s entries of the quarantine with target_error are unresolved, want 0", n)
			}
		})
	}
}

// A rejection can have a cause that is gone a moment later, such as a row that another batch deletes at the same time.
func TestRunCopiesAUserWhomTheTargetRejectsOnlyOnce(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 62, 20)
	m := importtest.NewImport(t, from)
	importtest.Exec(t, m.To, `create sequence attempts;
create function fail_once() returns trigger language plpgsql as $$
begin
  if nextval('attempts') = 1 then raise foreign_key_violation; end if;
  return new;
end $$;
create trigger fail_once before insert on "user" for each row execute function fail_once()`)
	importtest.RunToCompletion(t, m, importer.Options{BatchSize: 1, MFA: "allow"})
	if n := importtest.Value(t, m.To, `select last_value::text from attempts`); n < "2" {
		t.Fatalf("the trigger saw %s attempts, want at least 2: the test proves nothing", n)
	}
	rejected := `select source || ' ' || reason from supabase_import.ruling where reason = 'target_error'`
	if got := importtest.Column(t, m.To, rejected); len(got) != 0 {
		t.Errorf("rejections by the target: got %v, want none", got)
	}
	importtest.CheckEqual(t, m, "after the target rejected a user once")
}

func TestRunAndStatusRefuseALedgerOfAnotherVersion(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 61, 200)
	m := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	importtest.Exec(t, m.To, `comment on schema supabase_import is 'xenon ledger 0'`)
	_, runErr := m.Run(t.Context(), importtest.BatchesOf40, false, 1)
	_, statusErr := m.Status(t.Context(), "supabase")
	for what, err := range map[string]error{"run": runErr, "status": statusErr} {
		if !errors.Is(err, importer.ErrRefused) || !strings.Contains(err.Error(), `"xenon ledger 0"`) {
			t.Errorf("%s: got %v, want ErrRefused that names the version of the ledger", what, err)
		}
	}
}

func TestLaterPassIsRefusedIfTheColumnsOfADatabaseChanged(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 62, 200)
	m := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	for side, sql := range map[string][2]string{
		"source": {`alter table auth.users add column tenant text`, `alter table auth.users drop column tenant`},
		"target": {`alter table "user" add column tenant text`, `alter table "user" drop column tenant`},
	} {
		url := map[string]string{"source": m.From, "target": m.To}[side]
		importtest.Exec(t, url, sql[0])
		_, err := m.Run(t.Context(), importtest.BatchesOf40, false, 1)
		if !errors.Is(err, importer.ErrRefused) || !strings.Contains(err.Error(), side) {
			t.Errorf("a pass after a column was added in the %s: got %v, want ErrRefused that names the database", side, err)
		}
		importtest.Exec(t, url, sql[1])
		importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	}
}

// Some roles cannot read all rows of the source. An import must not treat rows that it cannot read as absent.
func TestRunIsRefusedIfTheRoleCannotReadAllRows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		grants  string
		options importer.Options
		want    string // text of the error; "" means no error
	}{
		"the role can read all rows": {importtest.ReadGrants, importtest.BatchesOf40, ""},
		"row security hides users": {
			importtest.ReadGrants + "alter role %[1]s nobypassrls", importtest.BatchesOf40, "row security",
		},
		"row security hides profiles alone": {
			importtest.ReadGrants + "alter role %[1]s nobypassrls; alter table auth.users disable row " +
				"level security; alter table auth.identities disable row level security; " +
				"alter table auth.mfa_factors disable row " +
				"level security", importtest.BatchesOf40,
			"row security",
		},
		"no privilege on the schema auth": {"grant usage on schema public to %[1]s", importtest.BatchesOf40, "auth.users"},
		"no privilege on users": {
			importtest.ReadGrants + "revoke select on auth.users from %[1]s", importtest.BatchesOf40,
			"auth.users cannot be read",
		},
		"no privilege on identities": {
			importtest.ReadGrants + "revoke select on auth.identities from %[1]s", importtest.BatchesOf40,
			"auth.identities cannot be read",
		},
		"no privilege on second factors, mfa is hold": {
			importtest.ReadGrants + "revoke select on auth.mfa_factors from %[1]s",
			importer.Options{BatchSize: 40, MFA: "hold"},
			"auth.mfa_factors cannot be read",
		},
		"no privilege on second factors, mfa is allow": {
			importtest.ReadGrants + "revoke select on auth.mfa_factors from %[1]s", importtest.BatchesOf40, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := supabasetest.New(t)
			supabasetest.Fill(t, from, 63, 200)
			m := importtest.NewImport(t, importtest.CreateRole(t, from, c.grants))
			_, err := m.Run(t.Context(), c.options, false, 1)
			if c.want == "" {
				if err != nil {
					t.Errorf("the import with this role: got %v, want no error", err)
				}
				return
			}
			if !errors.Is(err, importer.ErrRefused) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the import with this role: got %v, want ErrRefused with %q", err, c.want)
			}
		})
	}
}

func TestLaterPassIsRefusedIfTheRoleLostAPrivilege(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ sql, want string }{
		"row security": {"alter role %[1]s nobypassrls", "row security"},
		"a grant":      {"revoke select on auth.identities from %[1]s", "source"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := supabasetest.New(t)
			supabasetest.Fill(t, from, 64, 200)
			m := importtest.NewImport(t, importtest.CreateRole(t, from, importtest.ReadGrants))
			u, err := url.Parse(m.From)
			if err != nil {
				t.Fatal("not a URL")
			}
			importtest.RunToCompletion(t, m, importtest.BatchesOf40)
			before := importtest.Contents(t, m.To, importtest.QueriesOfImportedTables)
			importtest.Exec(t, from, fmt.Sprintf(c.sql, u.User.Username()))
			_, err = m.Run(t.Context(), importtest.BatchesOf40, false, 1)
			if !errors.Is(err, importer.ErrRefused) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("a pass after the role lost a privilege: got %v, want ErrRefused with %q", err, c.want)
			}
			if diff := importtest.Diff(importtest.Contents(t, m.To, importtest.QueriesOfImportedTables), before); diff != "" {
				t.Errorf("the refused pass changed the target:%s", diff)
			}
		})
	}
}

// Reading all profiles of a batch takes longer than the timeout, so the import halves the batch until reading each part
// takes less. Then reading the profile of a single user takes longer: the import parks the batch.
func TestRunHalvesABatchWhoseProfilesTimeOut(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 65, 100)
	importtest.Exec(
		t,
		from,
		`create view public.slow as select p.* from public.profiles p cross
			join lateral (select pg_sleep(0.015 + 0 * length(p.user_id::text))) s`,
	)
	o := importer.Options{BatchSize: 100, MFA: "allow", Profiles: "public.slow"}
	m := importtest.NewImport(t, from)
	m.Shared = true // no other goroutine reads Timeout at the same time
	if _, err := m.Begin(t.Context(), o, false); err != nil {
		t.Fatal(err)
	}
	m.Timeout = time.Second
	importtest.RunToCompletion(t, m, o)
	if n := importtest.Value(
		t,
		m.To,
		"select count(*)::text from supabase_import.ruling where reason = 'target_error'",
	); n != "0" {
		t.Errorf("the import stored %s rejections with target_error, want 0", n)
	}

	importtest.Exec(
		t,
		from,
		`create table public.stuck (user_id uuid); insert into public.stuck select u.id from auth.users u where `+
			importtest.HasOneProvider+
			` limit 1;
create or replace view public.slow as select p.* from public.profiles p
  cross join lateral (select pg_sleep(case when exists (
    select from public.stuck x where x.user_id = p.user_id) then 1.5 else 0 end)) s`,
	)
	m = importtest.NewImport(t, from)
	m.Shared = true
	if _, err := m.Begin(t.Context(), o, false); err != nil {
		t.Fatal(err)
	}
	m.Timeout = time.Second
	st, err := m.Run(t.Context(), o, false, 2)
	if err != nil {
		t.Fatal(err)
	}
	if len(st.Parked) != 1 || !strings.Contains(st.Parked[0].Why, "statement timeout") || st.State != "running" {
		t.Errorf("reading one profile times out: got the state %q and the parked batches %v, want running and one batch "+
			"parked for a statement timeout", st.State, st.Parked)
	}
	importtest.Exec(t, from, `truncate public.stuck`)
	importtest.RunToCompletion(t, m, o)
	o.Profiles = ""
	fresh := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, fresh, o)
	if diff := importtest.Diff(
		importtest.Contents(t, m.To, importtest.QueriesOfImportedTables),
		importtest.Contents(t, fresh.To, importtest.QueriesOfImportedTables),
	); diff != "" {
		t.Errorf("the target differs from that of an import without a timeout:%s", diff)
	}
}
