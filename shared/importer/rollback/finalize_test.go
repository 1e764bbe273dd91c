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

func TestFinalize_DeletesSecrets(t *testing.T) {
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
	m := importtest.Open(t, from)
	importtest.Complete(t, m, importer.Options{BatchSize: 100, MFA: "hold"})
	supabasetest.Change(t, from, 41, 60)
	importtest.Complete(t, m, importer.Options{})
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
		t.Fatal("the ledger has no secrets before Finalize")
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
		t.Errorf("%d secrets are still in the ledger or the quarantine", n)
	}
	if n := importtest.Value(
		t,
		m.To,
		"select count(*)::text from supabase_import.quarantine where original is not null",
	); n != entries {
		t.Errorf("%s originals, want all %s", n, entries)
	}
	if err := m.Finalize(t.Context(), "supabase"); err != nil {
		t.Errorf("a second time: %v", err)
	}
	if _, err := m.Run(t.Context(), importer.Options{}, false, 1); !errors.Is(err, importer.ErrRefused) {
		t.Errorf("another pass: got %v, want a refusal", err)
	}
	if _, err := m.Rollback(
		t.Context(),
		"supabase",
		importer.RollbackOptions{Force: true},
	); !errors.Is(
		err,
		importer.ErrRefused,
	) {
		t.Errorf("a rollback: got %v, want a refusal", err)
	}
	if st, err := m.Status(t.Context(), "supabase"); err != nil || st.State != "finalized" {
		t.Errorf("the state is %q (%v), want finalized", st.State, err)
	}
}

func TestFinalize_RunWithAnotherNameCanStart(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 42, 200)
	m := importtest.Open(t, from)
	if err := m.Finalize(t.Context(), "supabase"); !errors.Is(err, importer.ErrNoRun) && err == nil {
		t.Error("without a run: no error")
	}
	if _, err := m.Begin(t.Context(), importtest.Allow, false); err != nil {
		t.Fatal(err)
	}
	if err := m.Finalize(t.Context(), "supabase"); !errors.Is(err, importer.ErrRefused) {
		t.Errorf("an incomplete run: got %v, want a refusal", err)
	}
	importtest.Complete(t, m, importtest.Allow)
	importtest.RollBack(t, m, false)
	if err := m.Finalize(t.Context(), "supabase"); err != nil {
		t.Fatal(err)
	}
	r, err := report.Read(t.Context(), m.Env(), "supabase")
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Conclusion().Title; got != "Rolled back" {
		t.Errorf("the report has the title %q, want Rolled back", got)
	}
	importtest.Complete(t, m, importer.Options{Run: "second", BatchSize: 100, MFA: "allow"})
}

// A column of the source's profiles that the target does not have may hold a secret. Finalize removes it from the
// ledger's column residue and from the originals in the quarantine, of copied and of rejected rows.
func TestFinalizeRemovesUnknownFieldsOfProfiles(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 43, 300)
	importtest.Exec(
		t,
		from,
		`alter table public.profiles add column api_key text; update public.profiles set api_key = 'sk_live_' || user_id`,
	)
	m := importtest.Open(t, from)
	importtest.Complete(t, m, importtest.Allow)
	const held = `select count(*)::text from supabase_import.%s l where to_jsonb(l)::text like '%%sk_live_%%'`
	ledger, quarantine := fmt.Sprintf(held, "ledger"), fmt.Sprintf(held, "quarantine")
	if importtest.Value(t, m.To, ledger) == "0" || importtest.Value(t, m.To, quarantine) == "0" {
		t.Fatal("the ledger has no secrets before Finalize")
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
		t.Errorf("%s secrets in the ledger and %s in the quarantine", l, q)
	}
	if n := importtest.Value(
		t,
		m.To,
		"select count(*)::text from supabase_import.quarantine where source = 'profile' and original ? 'user_id'",
	); n != entries {
		t.Errorf("%s profiles are in the quarantine, want all %s", n, entries)
	}
}

// The quarantine keeps a row of an application table as it was, so that the operator can restore it, whatever the names
// of its columns.
func TestFinalizeKeepsRowsOfApplicationTables(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 44, 200)
	m := importtest.Open(t, from)
	importtest.Complete(t, m, importtest.Allow)
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
		t.Errorf("the quarantine has %s, want %s", kept, row)
	}
}
