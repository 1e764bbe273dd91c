package tables_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/xenontest"
	"github.com/xenon-auth/xenon/shared/importer/tables"
)

const newProfile = `SELECT concat_ws(' | ', coalesce(username, 'no username'), full_name, avatar_url, is_public)
FROM profiles WHERE full_name = 'Nia Diallo'`

// signUp signs up Nia at a running Xenon and returns the status and the body of the response.
func signUp(t *testing.T, s *xenontest.Server, email string) (int, string) {
	t.Helper()
	body := `{"name":"Nia Diallo","email":"` + email + `","password":"correct horse","image":"https://img.example/n.png"}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/api/auth/sign-up/email",
		strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	reply, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply.StatusCode, string(text)
}

// A user signs up in Supabase, which inserts into auth.users, and another one in Xenon after the move.
func TestSignUpCreatesTheRowThatSupabasesTriggerCreates(t *testing.T) {
	t.Parallel()
	m := importUsers(t, "starter-kit")
	move(t, m, tables.Options{Triggers: true})
	dbtest.Exec(t, m.From, `INSERT INTO auth.users (id, aud, role, email, raw_user_meta_data)
		VALUES (gen_random_uuid(), 'authenticated', 'authenticated', 'nia@example.com',
			'{"full_name": "Nia Diallo", "avatar_url": "https://img.example/n.png"}')`)
	s := xenontest.StartWithEnv(t, "DATABASE_URL="+m.To, "SCHEMA="+m.Schema)
	if status, body := signUp(t, s, "nia@example.com"); status != http.StatusOK {
		t.Fatalf("sign-up: got %d %s, want 200", status, body)
	}
	want := importtest.Column(t, m.From, newProfile)
	if diff := cmp.Diff(want, importtest.Column(t, m.To, newProfile)); diff != "" || len(want) != 1 {
		t.Errorf("profiles of the new user (-Supabase +Xenon):\n%s", diff)
	}
	dbtest.Exec(t, m.To, `ALTER TABLE profiles ADD CHECK (full_name <> 'Nia Diallo') NOT VALID`)
	status, body := signUp(t, s, "nia2@example.com")
	if status != http.StatusUnprocessableEntity || !strings.Contains(body, `"FAILED_TO_CREATE_USER"`) {
		t.Errorf("sign-up that the trigger rejects: got %d %s, want 422 FAILED_TO_CREATE_USER", status, body)
	}
	importtest.Eventually(t, "the log record with the reason", func() bool {
		return strings.Contains(s.Log(), "violates check constraint")
	})
	got := importtest.Value(t, m.To, `SELECT count(*)::text FROM `+m.Schema+`."user" WHERE email = 'nia2@example.com'`)
	if got != "0" {
		t.Errorf("users of the rejected sign-up: got %s, want 0", got)
	}
}
