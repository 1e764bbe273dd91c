package importer_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

func TestSecondPassOfAnUnchangedSourceWritesNothing(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 1, 400)
	m := importtest.NewImport(t, from)
	rows := map[int]int64{}
	m.Progress = func(e importer.Event) { rows[e.Batch] = e.Rows }
	first, err := m.Run(t.Context(), importtest.BatchesOf100, false, 2)
	if err != nil {
		t.Fatal(err)
	}
	if first.State != "complete" {
		t.Errorf("the state after the first pass is %q, want complete", first.State)
	}
	m.Progress = func(e importer.Event) {
		if e.Copied != 0 {
			t.Errorf("batch %d of the second pass wrote %d rows, want none", e.Batch, e.Copied)
		}
		if e.Rows != rows[e.Batch] || e.Unchanged != e.Rows {
			t.Errorf("batch %d of the second pass has %d rows, %d of them unchanged, want %d rows and all unchanged",
				e.Batch, e.Rows, e.Unchanged, rows[e.Batch])
		}
	}
	if _, err := m.Run(t.Context(), importtest.BatchesOf100, false, 2); err != nil {
		t.Fatal(err)
	}
}

func TestBeginRefusesOptionsThatDifferFromThoseOfTheRun(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 2, 200)
	m := importtest.NewImport(t, from)
	if _, err := m.Run(t.Context(), importtest.BatchesOf100, false, 1); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]importer.Options{
		"batch size": {BatchSize: 7}, "mfa": {MFA: "hold"},
		"unconfirmed": {Unconfirmed: "allow"},
	} {
		if _, err := m.Begin(t.Context(), o, false); !errors.Is(err, importer.ErrRefused) {
			t.Errorf("Begin with another %s: got %v, want ErrRefused", name, err)
		}
	}
	if _, err := m.Run(t.Context(), importer.Options{}, false, 1); err != nil {
		t.Errorf("a pass without options: got %v, want no error: the run uses its stored options", err)
	}
}

func TestRowsOfAUserStayUnchangedIfTheTargetRejectsAChange(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	p := supabasetest.Fill(t, from, 3, 200).KnownUsers[0]
	m := importtest.NewImport(t, from)
	if _, err := m.Run(t.Context(), importtest.BatchesOf100, false, 1); err != nil {
		t.Fatal(err)
	}
	rows := `select row(u.*)::text from "user" u where id = '` + p.ID +
		`' union all select row(a.*)::text from account a where "userId" = '` + p.ID + `'
union all select row(p.*)::text from user_profile p where user_id = '` + p.ID + `'`
	before := queryColumnTexts(t, m.To, rows)
	queryColumnTexts(
		t,
		m.To,
		`create function refuse() returns trigger language plpgsql as $$ begin if new.id = '`+p.ID+
			`' then raise exception 'no'; end if; return new; end $$`,
	)
	queryColumnTexts(t, m.To, `create trigger refuse before update on "user" for each row execute function refuse()`)
	queryColumnTexts(
		t,
		from,
		`update auth.users set raw_user_meta_data = '{"name": "Another User"}', encrypted_password = null where id = '`+p.ID+
			`'`,
	)
	st, err := m.Run(t.Context(), importtest.BatchesOf100, false, 1)
	if err != nil || st.State != "complete" {
		t.Fatalf("the state after the second pass is %q (error %v), want complete", st.State, err)
	}
	if after := queryColumnTexts(t, m.To, rows); !slices.Equal(after, before) {
		t.Errorf("after the second pass the %d rows of the user differ from the %d rows before it, want them unchanged",
			len(after), len(before))
	}
	if n := st.Reasons["user target_error"]; n != 1 {
		t.Errorf("%d users are quarantined with target_error, want 1", n)
	}
	v, err := m.Verify(t.Context(), st.Run, 1)
	if err != nil || v.Equal {
		t.Errorf("the verification has equal %t (error %v), want false: the user differs from the source", v.Equal, err)
	}
}
