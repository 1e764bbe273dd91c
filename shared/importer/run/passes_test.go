package run_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/copy"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// A pass ends only with ClosePass. Until then Begin continues it.
func TestBeginContinuesAPassThatIsNotClosed(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 3, 3, 0)
	m := importtest.NewImport(t, from)
	m.Shared = true
	o := importer.Options{BatchSize: 2}
	begin := func(when string, pass, done int) {
		t.Helper()
		st, err := m.Begin(t.Context(), o, false)
		if err != nil || st.Pass != pass || st.Done != done || st.State != run.Running {
			t.Errorf("Begin %s: got pass %d, %d batches done, state %q, error %v; want pass %d, %d batches done, state running",
				when, st.Pass, st.Done, st.State, err, pass, done)
		}
	}
	begin("of a new run", 1, 0)
	begin("while batches are open", 1, 0)
	if done, err := copy.Shard(t.Context(), m.Env(), "supabase", run.WholeRun); !done || err != nil {
		t.Fatalf("copy of all batches: got done %t, %v, want true", done, err)
	}
	begin("after the last batch", 1, 2)
	if st, err := run.ClosePass(t.Context(), m.Env(), "supabase"); err != nil || st.State != run.Complete {
		t.Fatalf("ClosePass: got the state %q, %v, want complete", st.State, err)
	}
	begin("after ClosePass", 2, 0)
}

func TestJoinReadsThePassAndTheForeignKeysOfTheTarget(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 3, 3, 0)
	m := importtest.NewImport(t, from)
	importtest.Exec(t, m.To, `create table orders (customer uuid references "user");
insert into "user" (name, email, "emailVerified") values ('', 'another@user.example', true);
insert into account ("accountId", "providerId", "userId", "updatedAt") select '1', 'google', id, now() from "user"`)
	m.Shared = true
	if _, err := m.Begin(t.Context(), importer.Options{BatchSize: 2}, false); err != nil {
		t.Fatal(err)
	}
	p, err := run.Join(t.Context(), m.Env(), "supabase")
	if err != nil || p.Number != 1 || p.Batches != 2 || !p.HasForeignAccounts {
		t.Errorf("Join: got %+v, %v, want pass 1 with 2 batches and HasForeignAccounts", p, err)
	}
	found := false
	for _, r := range p.References {
		found = found || r.Table == "public.orders"
	}
	if !found {
		t.Errorf("Join: got the foreign keys %v, want that of public.orders among them", p.References)
	}
	if _, err := run.Join(t.Context(), m.Env(), "another"); !errors.Is(err, importer.ErrNoRun) {
		t.Errorf("Join of a run that does not exist: got %v, want ErrNoRun", err)
	}
}

// Two users of the source have emails that differ only in upper and lower case. In each pass the same user keeps the
// email.
func TestEveryPassFindsTheSameConflictsOfTheSource(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 3, 3, 0)
	importtest.Exec(t, from, `update auth.users u set email = upper(o.email) from auth.users o
		where u.id = (select max(id::text)::uuid from auth.users) and o.id = (select min(id::text)::uuid from auth.users)`)
	m := importtest.NewImport(t, from)
	p, err := m.Plan(t.Context(), importtest.BatchesOf40)
	if err != nil || p.Collisions["email_conflict"] != 1 {
		t.Errorf("the plan: got the collisions %v, %v, want one email", p.Collisions, err)
	}
	for pass := 1; pass <= 2; pass++ {
		importtest.RunToCompletion(t, m, importtest.BatchesOf40)
		if n := importtest.Value(t, m.To,
			"select count(*)::text from supabase_import.ruling where reason = 'email_conflict'"); n != "1" {
			t.Errorf("pass %d: %s users are rejected with email_conflict, want 1", pass, n)
		}
	}
	// A run with another name has its own plan and begins with pass 1.
	o := importtest.BatchesOf40
	o.Run = "second"
	if st, err := m.Run(t.Context(), o, false, 1); err != nil || st.State != run.Complete || st.Pass != 1 {
		t.Errorf("a run with another name: got the state %q in pass %d, %v, want complete in pass 1", st.State, st.Pass, err)
	}
}

func TestReadMappingNeedsTablesThatFit(t *testing.T) {
	t.Parallel()
	m := importtest.NewImport(t, supabasetest.New(t))
	read := func(o importer.Options) (asOf string, err error) {
		err = m.Env().WithBoth(t.Context(), func(ctx context.Context, src, dst *pgx.Conn) error {
			mapping, err := run.ReadMapping(ctx, src, dst, o)
			asOf = mapping.AsOf
			return err
		})
		return asOf, err
	}
	if asOf, err := read(importer.Options{}); asOf == "" || err != nil {
		t.Errorf("tables that fit: got the time %q and the error %v, want a time and nil", asOf, err)
	}
	for name, o := range map[string]importer.Options{
		"a wrong option": {MFA: "x"}, "a profile table without its schema": {Profiles: "profiles"},
	} {
		if _, err := read(o); !errors.Is(err, importer.ErrRefused) {
			t.Errorf("%s: got %v, want ErrRefused", name, err)
		}
	}
	importtest.Exec(t, m.To, "alter table account drop column scope")
	if _, err := read(importer.Options{}); !errors.Is(err, importer.ErrRefused) {
		t.Errorf("a missing column of the target: got %v, want ErrRefused", err)
	}
}

func TestLaterPassIsRefusedAfterAColumnChanged(t *testing.T) {
	t.Parallel()
	m := importtest.NewImport(t, supabasetest.New(t))
	importtest.RunToCompletion(t, m, importer.Options{})
	importtest.Exec(t, m.From, "alter table auth.users add column extra text")
	if _, err := m.Begin(t.Context(), importer.Options{}, false); !errors.Is(err, importer.ErrRefused) {
		t.Errorf("a new column of the source: got %v, want ErrRefused", err)
	}
}
