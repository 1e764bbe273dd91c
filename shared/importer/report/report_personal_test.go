package report_test

import (
	"bytes"
	"context"
	"html"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/report"
)

// selectPersonalData selects the personal data of the source: emails, phone numbers, names, hashes, secrets, subjects,
// claims. It leaves out UUIDs, which are not personal data, and texts of fewer than six characters.
const selectPersonalData = `
WITH known (v) AS (
  SELECT unnest(ARRAY[email, phone, email_change, phone_change, encrypted_password, confirmation_token, recovery_token])
  FROM auth.users
  UNION SELECT value FROM auth.users, jsonb_each_text(CASE jsonb_typeof(raw_user_meta_data)
  WHEN 'object' THEN raw_user_meta_data END)
  UNION SELECT provider_id FROM auth.identities
  UNION SELECT value FROM auth.identities, jsonb_each_text(CASE jsonb_typeof(identity_data)
  WHEN 'object' THEN identity_data END)
  UNION SELECT unnest(ARRAY[secret, phone, friendly_name]) FROM auth.mfa_factors
) SELECT DISTINCT v FROM known WHERE length(trim(v)) >= 6
  AND v !~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'`

// reportTexts returns the report of a run: the JSON, followed by the HTML page without entities.
func reportTexts(t *testing.T, m *importer.Import) string {
	t.Helper()
	r, err := report.Read(t.Context(), m.Env(), "supabase")
	if err != nil {
		t.Fatal(err)
	}
	k, _ := newKeySet(t)
	s := signReport(t, k, r)
	var b bytes.Buffer
	if err := s.HTML(&b); err != nil {
		t.Fatal(err)
	}
	return string(s.JSON()) + html.UnescapeString(b.String())
}

// containsValue reports whether a text contains a value. An occurrence next to a further digit does not count: it is
// part of a longer number, such as a checksum.
func containsValue(text, value string) bool {
	for at := 0; ; at++ {
		i := strings.Index(text[at:], value)
		if i < 0 {
			return false
		}
		at += i
		before, after := text[:at], text[at+len(value):]
		isPart := before != "" && isDigit(before[len(before)-1]) || after != "" && isDigit(after[0])
		if !isPart {
			return true
		}
	}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func TestContainsValueIgnoresAPartOfALongerNumber(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"12": true, "a12": true, "12b": true, "312, 12": true, " 12 ": true, "312": false, "123": false, "3123": false,
		"": false,
	} {
		if got := containsValue(text, "12"); got != want {
			t.Errorf("hasValue(%q, \"12\") = %t, want %t", text, got, want)
		}
	}
}

func TestR58_ReportContainsNoPersonalData(t *testing.T) {
	t.Parallel()
	empty := importtest.NewImport(t, supabasetest.New(t))
	if _, err := empty.Run(t.Context(), importtest.BatchesOf100, false, 1); err != nil {
		t.Fatal(err)
	}
	ofEmptySource := reportTexts(t, empty) // has the texts that every report has

	from := supabasetest.New(t)
	summary := supabasetest.Fill(t, from, 158, 1000)
	m := importtest.NewImport(t, from)
	if _, err := m.Run(t.Context(), importtest.BatchesOf100, false, 2); err != nil {
		t.Fatal(err)
	}
	to, err := pgx.Connect(t.Context(), m.To)
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close(context.WithoutCancel(t.Context()))
	if _, err := to.Exec(
		t.Context(),
		`UPDATE "user" SET name = 'Eve Eavesdropper' WHERE id = $1`,
		summary.KnownUsers[0].ID,
	); err != nil {
		t.Fatal(err)
	}
	v, err := m.Verify(t.Context(), "supabase", 2)
	if err != nil {
		t.Fatal(err)
	}
	if v.Equal || len(v.Differences) == 0 {
		t.Error("the verification does not list the user whose name was changed in the target, want one difference")
	}
	text := reportTexts(t, m)
	for _, want := range []string{
		`"pass":1`, summary.KnownUsers[0].ID, "soft_deleted", "The user was deleted in Supabase",
		`"sourceSum":"`, "Different", `"name"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the report does not contain %q, which it must have", want)
		}
	}
	source, err := pgx.Connect(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close(context.WithoutCancel(t.Context()))
	rows, err := source.Query(t.Context(), selectPersonalData)
	if err != nil {
		t.Fatal(err)
	}
	known, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	if len(known) < 2000 {
		t.Errorf("the source has %d personal values, want at least 2000 for the test", len(known))
	}
	for _, v := range append(known, "Eve Eavesdropper") {
		if containsValue(text, v) && !containsValue(ofEmptySource, v) {
			t.Errorf("the report contains the personal value %q, want none", v)
		}
	}
}

// readManual returns the text of docs/migrate.md.
func readManual(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "migrate.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestManualExplainsEveryReasonInTheWordsOfTheReport(t *testing.T) {
	t.Parallel()
	text := readManual(t)
	for _, r := range report.AllReasons {
		if line := "| `" + r.Name + "` | " + r.Means + " | " + r.Do + " |\n"; !strings.Contains(text, line) {
			t.Errorf("docs/migrate.md lacks the line\n%s", line)
		}
	}
}

// The trigger of docs/migrate.md blocks all writes but those of sign-ins while fence.switch is closed. It never blocks
// reads.
func TestTriggerOfTheManualLetsOnlySignInsWriteWhileTheSwitchIsClosed(t *testing.T) {
	t.Parallel()
	_, block, _ := strings.Cut(readManual(t), "```sql\nCREATE SCHEMA IF NOT EXISTS fence;")
	block, _, _ = strings.Cut(block, "```")
	create, updates, ok := strings.Cut(block, "UPDATE fence.switch SET closed = true;")
	closeSwitch, openSwitch := "UPDATE fence.switch SET closed = true", "UPDATE fence.switch SET closed = false"
	if !ok || !strings.Contains(updates, openSwitch) {
		t.Fatal("docs/migrate.md lacks the SQL that creates the trigger and switches it on and off")
	}
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 3, 20)
	conn, err := pgx.Connect(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(
		t.Context(),
		"CREATE SCHEMA IF NOT EXISTS fence;"+create,
		pgx.QueryExecModeSimpleProtocol,
	); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		update string // SQL that opens or closes the switch
		isOpen bool   // afterwards writes succeed
	}{{openSwitch, true}, {closeSwitch, false}, {openSwitch, true}} {
		if _, err := conn.Exec(t.Context(), c.update); err != nil {
			t.Fatal(err)
		}
		for _, write := range []string{
			"UPDATE auth.users SET last_sign_in_at = now(), updated_at = now(), encrypted_password = 'new ' || now()",
			"UPDATE auth.users SET raw_user_meta_data = jsonb_build_object('at', clock_timestamp())",
			"UPDATE auth.users SET email = id || '@' || extract(epoch FROM clock_timestamp()) || '.example'",
			"DELETE FROM auth.users WHERE id = (SELECT max(id::text)::uuid FROM auth.users)",
			"INSERT INTO auth.users (id, email) VALUES (gen_random_uuid(), gen_random_uuid() || '@example.com')",
		} {
			if _, err := conn.Exec(t.Context(), write); (err == nil) != c.isOpen {
				t.Errorf("%s, then %s: got the error %v, want the write to succeed: %t", c.update, write, err, c.isOpen)
			}
		}
		signIn := "UPDATE auth.users SET last_sign_in_at = clock_timestamp(), updated_at = clock_timestamp()"
		if tag, err := conn.Exec(t.Context(), signIn); err != nil || tag.RowsAffected() == 0 {
			t.Errorf("%s, then sign-ins: got %d changed users and the error %v, want all users and none",
				c.update, tag.RowsAffected(), err)
		}
		var n int
		if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM auth.users").Scan(&n); err != nil || n == 0 {
			t.Errorf("%s, then a read: got %d users and the error %v, want users", c.update, n, err)
		}
	}
}
