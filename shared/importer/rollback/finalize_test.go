package rollback_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/report"
)

func TestFinalizeDeletesSecrets(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 41, 300)
	secrets := importtest.Column(
		t,
		from,
		`select s::text from (select unnest(array[encrypted_password, confirmation_token, recovery_token,
			email_change_token_new, reauthentication_token]) as s from auth.users
union select secret from auth.mfa_factors) x where length(trim(s)) > 3`,
	)
	m := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, m, importer.Options{BatchSize: 100, MFA: "hold"})
	supabasetest.Change(t, from, 41, 60)
	importtest.RunToCompletion(t, m, importer.Options{})
	everything := func() string {
		return strings.Join(
			importtest.Column(
				t,
				m.To,
				`select to_jsonb(l)::text from supabase_import.ledger l union all select to_jsonb(q)::text
					from supabase_import.quarantine q`,
			),
			"\n",
		)
	}
	found := func(text string) (n int) {
		for _, s := range append(secrets, "JBSWY3DPEHPK3PXP", `encrypted_password":`) {
			if strings.Contains(text, s) || strings.Contains(text, strings.ReplaceAll(s, `"`, `\"`)) {
				n++
			}
		}
		return n
	}
	if found(everything()) < 50 {
		t.Fatal("before Finalize the ledger and the quarantine have fewer than 50 secrets: the test would check nothing")
	}
	entries := importtest.Value(
		t,
		m.To,
		"select count(*)::text from supabase_import.quarantine where original is not null",
	)
	if err := m.Finalize(t.Context(), "supabase"); err != nil {
		t.Fatal(err)
	}
	if n := found(everything()); n != 0 {
		t.Errorf("after Finalize %d secrets are in the ledger or the quarantine, want 0", n)
	}
	if n := importtest.Value(
		t,
		m.To,
		"select count(*)::text from supabase_import.quarantine where original is not null",
	); n != entries {
		t.Errorf("after Finalize %s entries of the quarantine have the original row, want all %s", n, entries)
	}
	if err := m.Finalize(t.Context(), "supabase"); err != nil {
		t.Errorf("a second Finalize: got %v, want no error", err)
	}
	if _, err := m.Run(t.Context(), importer.Options{}, false, 1); !errors.Is(err, importer.ErrRefused) {
		t.Errorf("a pass after Finalize: got %v, want ErrRefused", err)
	}
	_, err := m.Rollback(t.Context(), "supabase", importer.RollbackOptions{Force: true})
	if !errors.Is(err, importer.ErrRefused) {
		t.Errorf("a rollback after Finalize: got %v, want ErrRefused", err)
	}
	if st, err := m.Status(t.Context(), "supabase"); err != nil || st.State != "finalized" {
		t.Errorf("the state after Finalize is %q (%v), want finalized", st.State, err)
	}
}

func TestFinalizeNeedsACompleteOrRolledBackRunAndAllowsAnotherRun(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 42, 200)
	m := importtest.NewImport(t, from)
	if err := m.Finalize(t.Context(), "supabase"); !errors.Is(err, importer.ErrNoRun) && err == nil {
		t.Error("Finalize without a run: got no error, want one")
	}
	if _, err := m.Begin(t.Context(), importtest.BatchesOf100, false); err != nil {
		t.Fatal(err)
	}
	if err := m.Finalize(t.Context(), "supabase"); !errors.Is(err, importer.ErrRefused) {
		t.Errorf("Finalize of an incomplete run: got %v, want ErrRefused", err)
	}
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	importtest.RollBack(t, m, false)
	if err := m.Finalize(t.Context(), "supabase"); err != nil {
		t.Fatal(err)
	}
	r, err := report.Read(t.Context(), m.Env(), "supabase")
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Conclusion().Title; got != "Rolled back" {
		t.Errorf("the report of the finalized run has the title %q, want Rolled back", got)
	}
	importtest.RunToCompletion(t, m, importer.Options{Run: "second", BatchSize: 100, MFA: "allow"})
}

// A column of the source's profiles that the target does not have can contain a secret. Finalize removes the column
// from the residue in the ledger and from the original rows in the quarantine.
func TestFinalizeRemovesUnknownFieldsOfProfiles(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 43, 300)
	importtest.Exec(
		t,
		from,
		`alter table public.profiles add column api_key text; update public.profiles set api_key = 'sk_live_' || user_id`,
	)
	m := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	const countSecrets = `select count(*)::text from supabase_import.%s l where to_jsonb(l)::text like '%%sk_live_%%'`
	ledger, quarantine := fmt.Sprintf(countSecrets, "ledger"), fmt.Sprintf(countSecrets, "quarantine")
	if importtest.Value(t, m.To, ledger) == "0" || importtest.Value(t, m.To, quarantine) == "0" {
		t.Fatal("before Finalize the ledger or the quarantine has no secret: the test would check nothing")
	}
	entries := importtest.Value(
		t,
		m.To,
		"select count(*)::text from supabase_import.quarantine where source = 'profile' and original ? 'user_id'",
	)
	if err := m.Finalize(t.Context(), "supabase"); err != nil {
		t.Fatal(err)
	}
	if l, q := importtest.Value(t, m.To, ledger), importtest.Value(t, m.To, quarantine); l != "0" || q != "0" {
		t.Errorf("after Finalize %s entries of the ledger and %s of the quarantine have the secret, want 0", l, q)
	}
	if n := importtest.Value(
		t,
		m.To,
		"select count(*)::text from supabase_import.quarantine where source = 'profile' and original ? 'user_id'",
	); n != entries {
		t.Errorf("after Finalize %s profiles in the quarantine have their user_id, want all %s", n, entries)
	}
}

// The quarantine has a row of an application table with columns that are named as those of secrets. Finalize does not
// change it, so that the operator can restore the row.
func TestFinalizeKeepsRowsOfApplicationTables(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 44, 200)
	m := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	importtest.Exec(t, m.To, `create table webhooks (
		id int primary key, user_id uuid references "user" on delete cascade, secret text, password text, credential text);
		insert into webhooks select 1, min(id::text)::uuid, 's', 'p', 'c' from "user"`)
	row := importtest.Value(t, m.To, "select to_jsonb(w)::text from webhooks w")
	if _, err := m.Rollback(
		t.Context(), "supabase", importer.RollbackOptions{Force: true, Cascade: true},
	); err != nil {
		t.Fatal(err)
	}
	if err := m.Finalize(t.Context(), "supabase"); err != nil {
		t.Fatal(err)
	}
	kept := importtest.Value(t, m.To, "select original::text from supabase_import.quarantine where reason = 'cascaded'")
	if kept != row {
		t.Errorf("after Finalize the quarantine has the row %s, want %s", kept, row)
	}
}
